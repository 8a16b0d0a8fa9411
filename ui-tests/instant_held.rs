//! DUR024: an `Instant` means nothing in another process.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

use std::time::Instant;

#[workflow]
async fn order(n: u32) -> bool {
    let started: Instant = Instant::now();
    let fetched = fetch(n).await;
    started.elapsed().as_secs() > u64::from(fetched)
}

fn main() {}
