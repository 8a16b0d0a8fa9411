//! rustc: a format of `self`, which has another name in generated code, once.

use durable::{step, workflow, workflows};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

struct Shop;

#[workflows]
impl Shop {
    #[workflow]
    async fn order(&self, n: u32) -> u32 {
        let fetched = fetch(n).await;
        println!("{self:?}");
        fetched
    }
}

fn main() {}
