//! DUR017: an unordered collection by reference.

use durable::{step, workflow};
use std::collections::HashMap;

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn by_reference(prices: HashMap<String, u32>) -> u32 {
    let mut sum = 0;
    for (_, price) in &prices {
        sum += fetch(*price).await;
    }
    sum
}

#[workflow]
async fn by_keys(prices: HashMap<String, u32>) -> u32 {
    let mut sum = 0;
    for name in prices.keys() {
        sum += fetch(prices[name]).await;
    }
    sum
}

fn main() {}
