//! DUR003, DUR004: `#[workflows]` where it can make none.

use durable::{step, workflow, workflows};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

struct Shop;

trait Order {
    async fn order(&self, n: u32) -> u32;
}

#[workflows]
impl Order for Shop {
    #[workflow]
    async fn order(&self, n: u32) -> u32 {
        fetch(n).await
    }
}

#[workflows(name = "shop")]
impl Shop {
    async fn other(&self) {}
}

struct View<'a>(&'a Shop);

#[workflows]
impl<'a> View<'a> {
    #[workflow]
    async fn show(&self) -> u32 {
        fetch(1).await
    }
}

#[workflows]
impl View<'_> {
    #[workflow]
    async fn hide(&self) -> u32 {
        fetch(1).await
    }
}

#[workflows]
async fn alone() {}

fn main() {}
