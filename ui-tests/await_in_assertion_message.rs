//! DUR009: what a macro evaluates only sometimes cannot be awaited in it.

use durable::workflow;

async fn check(n: u64) -> bool {
    n > 0
}

#[workflow]
async fn asserted(n: u64) {
    assert!(n < 9, "{}", #[at(Message)] check(n).await);
    debug_assert!(check(n).await);
}

fn main() {}
