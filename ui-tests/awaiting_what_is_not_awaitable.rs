//! rustc: an await of a number.

use durable::workflow;

#[workflow]
async fn order(n: u32) -> u32 {
    let doubled = n * 2;
    #[at(Doubled)]
    doubled.await;
    doubled
}

fn main() {}
