//! rustc: a type that already has the workflow's name.

use durable::{step, workflow};

#[allow(non_camel_case_types)]
struct order;

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(n: u32) -> u32 {
    fetch(n).await
}

fn main() {
    let _ = order;
}
