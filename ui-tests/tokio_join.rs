//! DUR010: `tokio::join!`.

use durable::workflow;

#[workflow]
async fn order(n: u32) -> u32 {
    let (first, second) = tokio::join!(async move { n }, async move { n + 1 });
    first + second
}

fn main() {}
