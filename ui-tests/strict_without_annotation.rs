//! DUR012: `strict` and a local without a type.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow(strict)]
async fn order(n: u32) -> u32 {
    let doubled = n.pow(2);
    let fetched: u32 = fetch(n).await;
    doubled + fetched
}

fn main() {}
