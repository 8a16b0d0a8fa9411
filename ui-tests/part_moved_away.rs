//! DUR025: a field is moved out of a local that is saved later.

use durable::{step, workflow};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Order {
    id: u32,
    lines: Vec<String>,
    note: Option<String>,
}

#[step]
async fn ship(lines: Vec<String>) -> u32 {
    lines.len() as u32
}

#[step]
async fn notify(id: u32) {
    println!("{id}");
}

#[workflow]
async fn by_argument(order: Order) -> u32 {
    let shipped = ship(order.lines).await;
    notify(order.id).await;
    shipped + order.id
}

#[workflow]
async fn by_pattern(order: Order) -> u32 {
    if let Some(note) = order.note {
        println!("{note}");
    }
    notify(order.id).await;
    order.id
}

fn main() {}
