//! DUR020: a step that is not `async`.

use durable::step;

#[step]
fn double(n: u32) -> u32 {
    n * 2
}

fn main() {}
