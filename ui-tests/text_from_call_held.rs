//! DUR011: text that a call lent, used after an await.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(note: String) -> usize {
    let text = note.trim();
    let n = fetch(1).await;
    text.len() + n as usize
}

fn main() {}
