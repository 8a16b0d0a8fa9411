//! DUR011: parts of a text, collected and used after an await.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn without_a_type(note: String) -> usize {
    let words = note.split(' ').collect::<Vec<_>>();
    let n = fetch(1).await;
    words.len() + n as usize
}

#[workflow]
async fn one_of_them(note: String) -> usize {
    let first = note.lines().next().unwrap_or_default();
    let n = fetch(1).await;
    first.len() + n as usize
}

#[workflow]
async fn across_a_branch(lines: Vec<String>, n: u32) -> usize {
    let long: Vec<_> = lines.iter().filter(|line| line.len() > 80).collect();
    if n > 3 {
        fetch(n).await;
        return 0;
    }
    long.len()
}

fn main() {}
