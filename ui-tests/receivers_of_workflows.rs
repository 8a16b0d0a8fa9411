//! DUR002, DUR003: receivers that a workflow cannot have.

use durable::{step, workflow, workflows};
use std::sync::Arc;

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

struct Shop(u32);

#[workflows]
impl Shop {
    #[workflow]
    async fn order(&mut self, n: u32) -> u32 {
        self.0 += fetch(n).await;
        self.0
    }

    #[workflow]
    async fn close(self) -> u32 {
        fetch(self.0).await
    }

    #[workflow]
    async fn share(self: Arc<Self>) -> u32 {
        fetch(self.0).await
    }
}

fn main() {}
