//! DUR003: a workflow with a type parameter.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn keep<T: Send>(value: T) -> u32 {
    drop(value);
    fetch(1).await
}

fn main() {}
