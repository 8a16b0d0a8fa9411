//! DUR018: a guard reads a local that another arm hides and that must be saved.

use durable::workflow;

async fn fetch(n: u64) -> u64 {
    n
}

#[workflow]
async fn guards(x: String, o: Option<u64>) -> String {
    let found = match o {
        Some(x) if x > 3 => fetch(x).await,
        Some(n) if x.len() as u64 > n => 1,
        _ => 0,
    };
    format!("{x}{found}")
}

fn main() {}
