//! rustc: a tail of the wrong type, at the tail.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(n: u32) -> String {
    fetch(n).await
}

fn main() {}
