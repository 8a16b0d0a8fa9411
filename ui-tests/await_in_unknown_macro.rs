//! DUR009: an await in the input of a macro of one's own.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

macro_rules! twice {
    ($value:expr) => {
        $value * 2
    };
}

#[workflow]
async fn order(n: u32) -> u32 {
    twice!(fetch(n).await)
}

fn main() {}
