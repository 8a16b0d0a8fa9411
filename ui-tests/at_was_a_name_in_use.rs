//! DUR016: an await point cannot have been what another one is called.

use durable::workflow;

async fn charge(cents: u64) -> u64 {
    cents
}

async fn audit(cents: u64) -> u64 {
    cents
}

#[workflow]
async fn pay(cents: u64) -> u64 {
    #[at(Settle, was = "Audit")]
    let charged: u64 = charge(cents).await;
    audit(charged).await
}

#[workflow]
async fn pay_twice(cents: u64) -> u64 {
    #[at(Settle, was = "Charge")]
    let charged: u64 = charge(cents).await;
    #[at(Check, was = "Charge")]
    audit(charged).await
}

fn main() {}
