//! DUR007: the clock is read again on each attempt.

use durable::{step, workflow};

use std::time::SystemTime;

#[step]
async fn stamp(at: SystemTime) -> bool {
    at > SystemTime::UNIX_EPOCH
}

#[workflow]
async fn order() -> bool {
    stamp(SystemTime::now()).await
}

fn main() {}
