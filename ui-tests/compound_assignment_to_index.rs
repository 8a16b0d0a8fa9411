//! DUR014: a place that is found by a call.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

fn pick() -> usize {
    0
}

#[workflow]
async fn order(mut totals: Vec<u32>) -> Vec<u32> {
    totals[pick()] += fetch(1).await;
    totals
}

fn main() {}
