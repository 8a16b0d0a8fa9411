//! rustc: an error that `?` cannot convert, at the `?`.

use durable::{step, workflow};

#[derive(Debug)]
struct Refused;

#[step]
async fn charge(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[workflow]
async fn order(n: u32) -> Result<u32, Refused> {
    let paid = charge(n).await?;
    Ok(paid)
}

fn main() {}
