//! DUR004: a version that is none.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow(version = 0)]
async fn zero(n: u32) -> u32 {
    fetch(n).await
}

#[workflow(version = "2")]
async fn text(n: u32) -> u32 {
    fetch(n).await
}

#[workflow(version = 2)]
async fn second(n: u32) -> u32 {
    fetch(n).await
}

fn main() {
    assert_eq!(<second as durable::Workflow>::VERSION, 2);
}
