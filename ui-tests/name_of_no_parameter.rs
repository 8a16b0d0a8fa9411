//! DUR003, DUR004: names of generic workflows that cannot be made.

use durable::{Durable, step, workflow};

type Count = usize;

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow(name = "keep {U}")]
async fn keep<T: Durable>(_value: T) -> u32 {
    fetch(1).await
}

#[workflow(name = "open {T")]
async fn open<T: Durable>(_value: T) -> u32 {
    fetch(1).await
}

#[workflow]
async fn count<const N: Count>() -> u32 {
    fetch(N as u32).await
}

fn main() {}
