//! DUR005: two awaits named after one callee.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(n: u32) -> u32 {
    let deposit = fetch(n).await;
    let rest = fetch(n + 1).await;
    deposit + rest
}

fn main() {}
