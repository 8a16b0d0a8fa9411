//! rustc: a value that is not needed after the await, but lives until the end of its scope.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(n: u32) -> u32 {
    let shared = std::rc::Rc::new(n);
    let doubled = *shared * 2;
    fetch(doubled).await
}

fn main() {}
