//! DUR016: nothing to name.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(n: u32) -> u32 {
    #[at(Doubling)]
    let doubled = n * 2;
    fetch(doubled).await
}

fn main() {}
