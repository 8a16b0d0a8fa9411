//! DUR018: code with awaits cannot be compiled conditionally.

use durable::workflow;

async fn check(n: u64) -> bool {
    n > 0
}

#[workflow]
async fn conditional(n: u64) -> bool {
    #[cfg(any())]
    check(n).await;
    match n {
        #[cfg(any())]
        1 => #[at(One)] check(n).await,
        _ => #[at(Other)] check(n).await,
    }
}

fn main() {}
