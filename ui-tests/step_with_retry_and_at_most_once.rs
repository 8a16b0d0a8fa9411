//! DUR021: two arguments that exclude each other.

use durable::step;

#[step(retry, at_most_once)]
async fn double(n: u32) -> Result<u32, durable::Interrupted> {
    Ok(n * 2)
}

fn main() {}
