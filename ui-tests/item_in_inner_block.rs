//! DUR018: an item of an inner block with awaits whose name means something else outside it.

use durable::workflow;

fn rate() -> u64 {
    1
}

async fn fetch(n: u64) -> u64 {
    n
}

#[workflow]
async fn items(n: u64) -> u64 {
    let inner = {
        fn rate() -> u64 {
            2
        }
        fetch(rate()).await
    };
    inner + rate() + n
}

fn main() {}
