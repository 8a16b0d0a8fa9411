//! rustc: a type of the name that the state of a workflow has, at both.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

struct OrderState;

#[workflow]
async fn order(n: u32) -> u32 {
    fetch(n).await
}

fn main() {}
