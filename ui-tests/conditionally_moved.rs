//! rustc: a value that is moved on one way and used where the ways meet.

use durable::{step, workflow};

#[step]
async fn ship(order: String) -> usize {
    order.len()
}

#[workflow]
async fn order(order: String, urgent: bool) -> usize {
    if urgent {
        ship(order).await;
    }
    order.len()
}

#[workflow]
async fn in_a_loop(order: String) -> usize {
    let mut shipped = 0;
    while shipped < 3 {
        shipped += ship(order).await;
    }
    shipped
}

fn main() {}
