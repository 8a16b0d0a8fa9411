//! DUR008: the task starts before the state is saved.

use durable::workflow;

#[workflow]
async fn order(n: u32) -> bool {
    tokio::spawn(async move { n + 1 }).await.is_ok()
}

fn main() {}
