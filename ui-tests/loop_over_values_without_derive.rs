//! DUR024: a loop over a collection whose items cannot be saved, once and by the item's type.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

struct Line {
    count: u32,
}

fn lines() -> Vec<Line> {
    Vec::new()
}

#[workflow]
async fn order(n: u32) -> u32 {
    let mut sum = 0;
    for line in lines() {
        sum += fetch(n).await * line.count;
    }
    sum
}

fn main() {}
