//! rustc: results of the wrong type, each once and in words about the function.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn of_the_last_value(n: u32) -> String {
    let fetched = fetch(n).await;
    fetched
}

#[workflow]
async fn in_ok(n: u32) -> Result<String, String> {
    let fetched = fetch(n).await;
    Ok(fetched)
}

#[workflow]
async fn of_a_return(n: u32) -> u32 {
    loop {
        if fetch(n).await > 3 {
            return "enough";
        }
    }
}

#[workflow]
async fn of_a_branch(n: u32) -> u32 {
    if n > 1 { fetch(n).await } else { "few" }
}

#[workflow]
async fn of_a_return_without_value(n: u32) -> Result<u32, String> {
    let fetched = fetch(n).await;
    if fetched > 3 {
        return;
    }
    Ok(fetched)
}

#[workflow]
async fn of_a_semicolon(n: u32) -> Result<u32, String> {
    let fetched = fetch(n).await;
    Ok(fetched);
}

#[workflow]
async fn of_no_ok(n: u32) -> Result<u32, String> {
    fetch(n).await
}

fn main() {}
