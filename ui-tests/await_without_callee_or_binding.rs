//! DUR006: nothing to name the await after.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(n: u32) {
    [fetch][0](n).await;
}

fn main() {}
