//! rustc: `?` in functions whose result it cannot be, each once.

use durable::{step, workflow};

#[step]
async fn charge(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[workflow]
async fn gives_a_value(n: u32) -> u32 {
    charge(n).await?
}

#[workflow]
async fn gives_nothing(n: u32) {
    let paid = charge(n).await?;
    println!("{paid}");
}

#[workflow]
async fn away_from_an_await(n: u32, text: String) -> u32 {
    let paid = charge(n).await.unwrap_or(0);
    paid + text.parse::<u32>()?
}

#[workflow]
async fn gives_an_option(n: u32) -> Option<u32> {
    Some(charge(n).await?)
}

#[workflow]
async fn asks_an_option(n: u32) -> Result<u32, String> {
    let first = charge(n).await?.checked_sub(1)?;
    Ok(first)
}

fn main() {}
