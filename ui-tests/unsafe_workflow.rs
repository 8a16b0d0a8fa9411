//! DUR003: an `unsafe` workflow.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async unsafe fn order(n: u32) -> u32 {
    fetch(n).await
}

fn main() {}
