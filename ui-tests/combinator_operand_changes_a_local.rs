//! DUR023: a branch that changes a saved local.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

async fn join<A: Future, B: Future>(both: (A, B)) -> (A::Output, B::Output) {
    (both.0.await, both.1.await)
}

#[workflow]
async fn order(n: u32) -> u32 {
    let mut count = 0u32;
    let (first, second) = join((
        async {
            count += 1;
            n
        },
        async { n + 1 },
    ))
    .await;
    fetch(first + second + count).await
}

fn main() {}
