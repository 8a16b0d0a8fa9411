//! DUR022: the name of the state before the first await.

use durable::{step, workflow};

#[step]
async fn start(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(n: u32) -> u32 {
    start(n).await
}

fn main() {}
