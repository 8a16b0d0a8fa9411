//! DUR016: a name that is not an identifier.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(n: u32) -> u32 {
    #[at("second fetch")]
    let fetched = fetch(n).await;
    fetched
}

fn main() {}
