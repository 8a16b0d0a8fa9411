//! DUR024: iterators, one held in a local and one that a call with an await is made on.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn in_a_local(lines: Vec<u32>) -> u32 {
    let mut rest = lines.into_iter();
    let mut sum = 0;
    while let Some(line) = rest.next() {
        sum += fetch(line).await;
    }
    sum
}

#[workflow]
async fn in_an_expression(lines: Vec<u32>) -> u32 {
    lines.iter().map(|line| line * 2).fold(fetch(1).await, |sum, line| sum + line)
}

fn main() {}
