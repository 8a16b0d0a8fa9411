//! DUR011: a borrow from `as_deref`, used after an await.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(note: Option<String>) -> usize {
    let text: Option<&str> = note.as_deref();
    let n = fetch(1).await;
    text.map_or(0, str::len) + n as usize
}

fn main() {}
