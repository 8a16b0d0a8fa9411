//! DUR003: a body that does not parse. What else the function says is known: nothing follows from the one error.

use durable::{step, workflow};

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

fn main() {
    let _ = order::input(7);
    let _: Option<OrderState> = None;
}
