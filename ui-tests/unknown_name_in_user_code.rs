//! rustc: a name that does not exist, once.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(n: u32) -> u32 {
    let fetched = fetch(m).await;
    fetched + n
}

fn main() {}
