//! DUR024: a type parameter that may not be one that can be saved.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn keep<T: Into<u32>>(value: T, more: impl Into<u32>) -> u32 {
    let got = fetch(1).await;
    got + value.into() + more.into()
}

fn main() {}
