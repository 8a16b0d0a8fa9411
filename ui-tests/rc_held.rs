//! DUR024: an `Rc`, used after an await.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

use std::rc::Rc;

#[workflow]
async fn order(n: u32) -> u32 {
    let shared = Rc::new(n);
    let fetched = fetch(n).await;
    *shared + fetched
}

fn main() {}
