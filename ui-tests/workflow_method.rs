//! DUR003: a method.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

struct Shop;

impl Shop {
    #[workflow]
    async fn order(&self, n: u32) -> u32 {
        fetch(n).await
    }
}

fn main() {}
