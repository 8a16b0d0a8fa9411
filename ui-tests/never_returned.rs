//! DUR003: a workflow that never returns says so by a type that is a type.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn serve(n: u32) -> ! {
    loop {
        fetch(n).await;
    }
}

fn main() {}
