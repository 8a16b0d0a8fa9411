//! DUR014: a receiver that a later argument may change: the tokens do not tell which value the call sees.

use durable::workflow;

async fn fetch(n: u64) -> Option<u64> {
    Some(n)
}

#[workflow]
async fn receiver(n: u64) -> Option<u64> {
    let mut option = Some(n);
    option.or({
        option.take();
        fetch(n).await
    })
}

fn main() {}
