//! DUR018: `{self}` in the text of a macro that the compiler does not know.

use durable::{step, workflow, workflows};

macro_rules! log {
    ($($arg:tt)*) => {
        println!($($arg)*)
    };
}

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[derive(Debug)]
struct Shop;

#[workflows]
impl Shop {
    #[workflow]
    async fn order(&self, n: u32) -> u32 {
        log!("{self:?} has {n}");
        fetch(n).await
    }
}

fn main() {}
