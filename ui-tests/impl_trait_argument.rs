//! DUR003: an argument without a nameable type.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn keep(value: impl Into<u32> + Send) -> u32 {
    fetch(value.into()).await
}

fn main() {}
