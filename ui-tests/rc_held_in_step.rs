//! rustc: a step's body that is not `Send`.

use durable::step;

#[step]
async fn share(n: u32) -> u32 {
    let shared = std::rc::Rc::new(n);
    std::future::ready(()).await;
    *shared
}

fn main() {}
