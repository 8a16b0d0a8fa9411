//! DUR021: every wrong argument is reported at once.

use durable::step;

#[step(retry(attempts = 0, times = 3), timeout = "1.5s")]
async fn double(n: u32) -> u32 {
    n * 2
}

fn main() {}
