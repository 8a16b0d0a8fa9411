//! rustc: an argument of a generic workflow that has no name in stores.

use durable::{Durable, WorkerBuilder, step, workflow};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Job;

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn keep<T: Durable>(_value: T) -> u32 {
    fetch(1).await
}

fn register(builder: WorkerBuilder) -> WorkerBuilder {
    builder.register::<keep<Job>>()
}

fn main() {}
