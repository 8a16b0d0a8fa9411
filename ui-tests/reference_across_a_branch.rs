//! DUR011: a reference that a call lent, used after a branch that awaits.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(names: Vec<String>, urgent: bool) -> usize {
    let first = names.first().unwrap();
    if urgent {
        fetch(1).await;
        return 0;
    }
    first.len()
}

fn main() {}
