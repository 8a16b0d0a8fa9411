//! DUR001: a workflow that is not `async`.

use durable::workflow;

#[workflow]
fn double(n: u32) -> u32 {
    n * 2
}

fn main() {}
