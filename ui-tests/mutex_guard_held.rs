//! DUR024: a guard, used after an await.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

use std::sync::Mutex;

struct Shop {
    stock: Mutex<u32>,
}

#[workflow]
async fn order(shop: &Shop) -> u32 {
    let stock = shop.stock.lock().unwrap();
    let n = fetch(1).await;
    *stock + n
}

fn main() {}
