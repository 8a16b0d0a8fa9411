//! DUR013: an await between two arms.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(n: Option<u32>) -> u32 {
    match n {
        Some(n) if fetch(n).await > 3 => n,
        _ => 0,
    }
}

fn main() {}
