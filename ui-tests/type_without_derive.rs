//! DUR024: a type of the user's own without serde's derives, as an input and as a local.

use durable::{step, workflow};

struct Draft {
    total: u32,
}

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

fn draft() -> Draft {
    Draft { total: 1 }
}

#[workflow]
async fn order(input: Draft) -> u32 {
    let made = draft();
    let fetched = fetch(input.total).await;
    fetched + input.total + made.total
}

fn main() {}
