//! rustc: a wrong type, at the user's own expression and once.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(n: u32) -> u32 {
    let fetched: String = fetch(n).await;
    fetched.len() as u32
}

fn main() {}
