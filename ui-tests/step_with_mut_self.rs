//! DUR020: a step that changes what the next attempt would need.

use durable::step;

struct Counter(u32);

impl Counter {
    #[step]
    async fn bump(&mut self) -> u32 {
        self.0 += 1;
        self.0
    }
}

fn main() {}
