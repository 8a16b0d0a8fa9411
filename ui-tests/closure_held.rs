//! DUR024: a closure, used after an await.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(n: u32) -> u32 {
    let double = |n: u32| n * 2;
    let fetched = fetch(n).await;
    double(fetched)
}

fn main() {}
