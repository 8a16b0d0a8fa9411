//! DUR015: a local with the name of a loop's place.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(lines: Vec<u32>) -> u32 {
    let line_at = 3u32;
    let mut sum = 0u32;
    for line in &lines {
        sum += fetch(*line).await;
    }
    sum + line_at
}

fn main() {}
