//! rustc: a borrow that the plain function refuses too.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(mut n: u32) -> u32 {
    let r = &n;
    let first = fetch(1).await;
    n += first;
    #[at(SecondFetch)]
    let second = fetch(2).await;
    *r + second
}

fn main() {}
