//! DUR001: `#[workflow]` on what is no function.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

struct Shop;

#[workflow]
impl Shop {
    async fn order(&self, n: u32) -> u32 {
        fetch(n).await
    }
}

trait Orders {
    #[workflow]
    async fn order(&self, n: u32) -> u32;
}

#[workflow]
struct Order;

fn main() {}
