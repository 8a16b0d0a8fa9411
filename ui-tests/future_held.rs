//! DUR024: a future made by an `async` block, awaited later.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(n: u32) -> u32 {
    let later = async { n + 1 };
    let now = fetch(n).await;
    now + later.await
}

fn main() {}
