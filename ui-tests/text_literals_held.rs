//! DUR011: text literals in a local without a type, used after an await.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn of_branches(n: u32) -> usize {
    let word = if n > 1 { "many" } else { "one" };
    let fetched = fetch(n).await;
    word.len() + fetched as usize
}

#[workflow]
async fn of_a_collection(n: u32) -> usize {
    let words = vec!["many", "one"];
    let fetched = fetch(n).await;
    words.len() + fetched as usize
}

fn main() {}
