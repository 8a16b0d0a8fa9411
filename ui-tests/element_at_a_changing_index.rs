//! DUR011: an element whose index is another one by the time the reference is taken again.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(lines: Vec<u32>) -> u32 {
    let mut at = 0;
    let line = &lines[at];
    at += 1;
    let fetched = fetch(*line).await;
    *line + lines[at] + fetched
}

fn main() {}
