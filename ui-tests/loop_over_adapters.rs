//! DUR017: an iterator whose place cannot be saved.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(lines: Vec<u32>) -> u32 {
    let mut sum = 0u32;
    for line in lines.iter().filter(|line| **line > 3) {
        sum += fetch(*line).await;
    }
    sum
}

fn main() {}
