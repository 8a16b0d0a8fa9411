//! rustc: a public workflow that takes a private type.

use durable::{step, workflow};

struct Shop;

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
pub async fn order(_shop: &Shop, n: u32) -> u32 {
    fetch(n).await
}

fn main() {}
