//! DUR004 and rustc: what a migration takes and gives.

use durable::workflow;

async fn charge(cents: u64) -> u64 {
    cents
}

#[derive(serde::Deserialize)]
struct Old {
    cents: u64,
}

fn to_cents(old: Old) -> u64 {
    old.cents
}

#[workflow(migrate(Charge = to_cents))]
async fn gives_no_state(cents: u64) -> u64 {
    charge(cents).await
}

#[workflow(migrate(to_cents))]
async fn without_await_point(cents: u64) -> u64 {
    charge(cents).await
}

struct NotRead;

fn from_what_is_not_read(_: NotRead) -> TakesWhatIsNotReadState {
    TakesWhatIsNotReadState::Charge {}
}

#[workflow(migrate(Charge = from_what_is_not_read))]
async fn takes_what_is_not_read(_cents: u64) -> u64 {
    charge(1).await
}

fn main() {}
