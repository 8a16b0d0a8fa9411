//! DUR003: a method whose `impl` block is not under `#[workflows]`.

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

    #[workflow]
    async fn new(n: u32) -> Self {
        fetch(n).await;
        Self
    }
}

fn main() {}
