//! DUR002, DUR005, DUR013: all errors of a workflow are reported together.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(n: &mut u32) -> u32 {
    let first = fetch(1).await;
    let second = fetch(2).await;
    match first {
        0 if other(second).await > 1 => 1,
        _ => 2,
    }
}

#[step]
async fn other(n: u32) -> u32 {
    n
}

fn main() {}
