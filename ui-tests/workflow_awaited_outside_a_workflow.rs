//! rustc: a workflow that nobody makes durable.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(n: u32) -> u32 {
    fetch(n).await
}

async fn handler() -> u32 {
    order(3).await
}

fn main() {}
