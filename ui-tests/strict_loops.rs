//! DUR012: `strict` and loops whose place or item has no type that is written.

use durable::{step, workflow};
use std::collections::BTreeMap;

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow(strict)]
async fn order(lines: Vec<u32>, prices: BTreeMap<String, u32>) -> u32 {
    let mut sum: u32 = 0;
    for line in lines {
        sum += fetch(line).await;
    }
    for day in 0..3 {
        #[at(FetchDay)]
        fetch(day).await;
    }
    for (name, price) in prices {
        let fetched: u32 = #[at(FetchPrice)] fetch(price).await;
        sum += fetched + name.len() as u32;
    }
    sum
}

/// Its state has its variants, errors or not: this function is right, and nothing is said of it.
fn left(state: &OrderState) -> usize {
    match state {
        OrderState::Fetch { line_at, .. } => line_at.as_slice().len(),
        _ => 0,
    }
}

fn main() {
    let _ = left;
}
