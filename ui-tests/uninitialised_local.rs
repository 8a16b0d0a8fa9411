//! rustc: locals that are not assigned on every way, each once.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn before_an_await(n: u32) -> u32 {
    let size: u32;
    if n > 1 {
        size = 1;
    }
    fetch(n).await + size
}

#[workflow]
async fn in_a_branch_that_awaits(n: u32) -> u32 {
    let size;
    if n > 1 {
        size = fetch(n).await;
    }
    size
}

#[workflow]
async fn nowhere(n: u32) -> u32 {
    let size: u32;
    fetch(n).await;
    size
}

fn main() {}
