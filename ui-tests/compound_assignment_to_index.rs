//! DUR014: a place that is more than a local or a field.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(mut totals: Vec<u32>) -> Vec<u32> {
    totals[0] += fetch(1).await;
    totals
}

fn main() {}
