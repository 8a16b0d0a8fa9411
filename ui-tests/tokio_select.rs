//! DUR010: `tokio::select!`.

use durable::workflow;

#[workflow]
async fn order(n: u32) -> u32 {
    tokio::select! {
        first = async move { n } => first,
        second = async move { n + 1 } => second,
    }
}

fn main() {}
