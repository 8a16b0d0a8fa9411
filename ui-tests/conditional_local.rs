//! DUR018: a local that is there on some targets only, alive across an await.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(n: u32) -> u32 {
    #[cfg(any())]
    let extra = n;
    let fetched = fetch(n).await;
    #[cfg(any())]
    let fetched = fetched + extra;
    fetched
}

fn main() {}
