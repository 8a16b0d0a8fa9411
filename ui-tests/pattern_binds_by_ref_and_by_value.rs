//! DUR019: a pattern that takes one part and borrows another.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(line: Option<(u32, String)>) -> u32 {
    match line {
        Some((count, ref name)) => {
            let fetched = fetch(count).await;
            fetched + name.len() as u32
        }
        None => 0,
    }
}

fn main() {}
