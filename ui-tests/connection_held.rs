//! DUR024: a value that cannot be saved, used after an await.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

use std::net::TcpStream;

#[workflow]
async fn order(n: u32) -> bool {
    let connection = TcpStream::connect("localhost:1");
    let fetched = fetch(n).await;
    connection.is_ok() && fetched > 1
}

fn main() {}
