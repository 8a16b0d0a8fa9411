//! DUR011: loops over collections of references.

use durable::{step, workflow};

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

#[workflow]
async fn that_a_local_holds(names: Vec<String>) -> u32 {
    let long = names.iter().filter(|name| name.len() > 9).collect::<Vec<&String>>();
    let mut sum = 0;
    for name in long {
        sum += fetch(name.len() as u32).await;
    }
    sum
}

#[workflow]
async fn made_for_the_loop(names: Vec<String>) -> u32 {
    let mut sum = 0;
    for name in names.iter().filter(|name| name.len() > 9).collect::<Vec<_>>() {
        sum += fetch(name.len() as u32).await;
    }
    sum
}

#[workflow]
async fn of_a_written_type(names: Vec<String>) -> u32 {
    let mut sum = 0;
    let found: Vec<&str> = names.iter().map(|name| name.trim()).collect();
    for name in found {
        sum += fetch(name.len() as u32).await;
    }
    sum
}

fn main() {}
