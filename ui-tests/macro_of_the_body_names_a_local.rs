//! DUR018: a macro of the body that names a local, behind an await.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn order(n: u32) -> u32 {
    macro_rules! plus_n {
        ($value:expr) => {
            $value + n
        };
    }
    let first = plus_n!(1);
    let fetched = fetch(first).await;
    plus_n!(fetched)
}

fn main() {}
