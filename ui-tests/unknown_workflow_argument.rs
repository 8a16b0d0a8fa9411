//! DUR004: an argument that `#[workflow]` does not know.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow(stict)]
async fn order(n: u32) -> u32 {
    fetch(n).await
}

fn main() {}
