//! DUR018: a block that cannot be split.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

unsafe fn read() -> u32 {
    3
}

#[workflow]
async fn order() -> u32 {
    unsafe {
        let n = read();
        fetch(n).await
    }
}

fn main() {}
