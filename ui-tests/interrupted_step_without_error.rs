//! rustc: an `at_most_once` step that cannot say it was interrupted.

use durable::step;

#[step(at_most_once)]
async fn wire(n: u32) -> Result<u32, String> {
    Ok(n)
}

fn main() {}
