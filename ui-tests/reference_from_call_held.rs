//! DUR024: a reference that a call returned, whose type no token shows, used after an await.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(names: Vec<String>) -> String {
    let first = names.first().unwrap();
    let n = fetch(1).await;
    format!("{first} {n}")
}

fn main() {}
