//! rustc: mistakes inside of a method, at the user's own code.

use durable::{step, workflow, workflows};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

struct Shop {
    fee: u32,
}

#[workflows]
impl Shop {
    #[workflow]
    async fn order(&self, n: u32) -> u32 {
        let total = fetch(n).await + self.fees;
        println!("{total} {self:?}");
        total
    }
}

fn main() {}
