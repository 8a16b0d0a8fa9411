//! rustc: bodies that do not parse. What else the functions say is known: nothing follows from the one error in each.

use durable::{step, workflow, workflows};

#[step]
async fn open(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(n: u32) -> u32 {
    let opened = open(n).await;
    let doubled = opened * ;
    opened
}

struct Shop;

#[workflows]
impl Shop {
    #[workflow]
    async fn close(&self, n: u32) -> u32 {
        open(n).await +
    }
}

#[step]
async fn half(n: u32) -> u32 {
    n.
}

fn main() {
    let _ = order::input(7);
    let _: Option<OrderState> = None;
}
