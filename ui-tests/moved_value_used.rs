//! rustc: a value used after it was moved into a step.

use durable::{step, workflow};

#[step]
async fn ship(order: String) -> usize {
    order.len()
}

#[workflow]
async fn order(order: String) -> usize {
    let shipped = ship(order).await;
    shipped + order.len()
}

fn main() {}
