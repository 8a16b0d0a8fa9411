//! DUR002: a `&mut` parameter.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn fill(cart: &mut Vec<u32>) {
    let item = fetch(1).await;
    cart.push(item);
}

fn main() {}
