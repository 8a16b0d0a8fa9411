//! DUR003: what is saved, or outlives every borrow, borrows.

use durable::{step, workflow};
use std::borrow::Cow;

#[step]
async fn fetch(n: u32) -> u32 {
    n
}

struct View<'a>(&'a str);

trait Show<'a> {
    fn show(&'a self) -> u32;
}

#[workflow]
async fn input(names: Vec<&str>, title: Cow<'_, str>) -> u32 {
    fetch(names.len() as u32 + title.len() as u32).await
}

#[workflow]
async fn resource<'a>(view: &'a View<'a>) -> u32 {
    fetch(view.0.len() as u32).await
}

#[workflow]
async fn output<'a>(n: &'a u32) -> &'a u32 {
    fetch(*n).await;
    n
}

#[workflow]
async fn text(name: &str, numbers: &[u32]) -> u32 {
    fetch(name.len() as u32 + numbers[0]).await
}

#[workflow]
async fn bound<'a, T: Show<'a>>(shown: &'a T) -> u32 {
    fetch(shown.show()).await
}

fn main() {}
