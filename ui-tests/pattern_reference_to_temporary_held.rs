//! DUR019: a pattern's reference into a temporary, used after an await.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

fn lookup(n: u32) -> Option<String> {
    Some(n.to_string())
}

#[workflow]
async fn order(n: u32) -> usize {
    if let Some(address) = &lookup(n) {
        let fetched = fetch(n).await;
        return address.len() + fetched as usize;
    }
    0
}

fn main() {}
