//! Moves, deferred initialisation and re-initialisation.

use super::world::{World, everywhere, report};
use durable::workflow;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Debug)]
struct NotClone(u64);

#[workflow]
async fn moved(world: &World, value: NotClone) -> u64 {
    let inner = world.ask(value.0).await;
    let taken = value;
    let n = consume(world, taken).await;
    n + inner
}

async fn consume(world: &World, value: NotClone) -> u64 {
    world.ask(value.0 + 1).await
}

#[tokio::test]
async fn a_moved_local_is_not_saved() {
    assert_eq!(everywhere(moved::input(NotClone(1))).await, 3);
    let report = report(moved::input(NotClone(1))).await;
    assert_eq!(report.states[2], "Consume { inner: 1, taken: NotClone(1) }");
}

#[workflow]
async fn deferred(world: &World, c: bool) -> u64 {
    let x;
    let y: u64;
    if c {
        x = 1;
    } else {
        x = world.ask(2).await;
    }
    world.note("between").await;
    if x > 1 {
        y = 10
    } else {
        y = 20
    }
    world.big(y).await;
    x + y
}

#[tokio::test]
async fn locals_initialised_in_branches() {
    assert_eq!(everywhere(deferred::input(true)).await, 21);
    assert_eq!(everywhere(deferred::input(false)).await, 12);
}

#[workflow]
async fn reinitialised(world: &World, n: u64) -> Vec<u64> {
    let mut batch = Vec::new();
    let mut sums = Vec::new();
    for i in 0..n {
        batch.push(i);
        if batch.len() == 2 {
            sums.push(total(world, batch).await);
            batch = Vec::new();
        }
    }
    sums.push(batch.len() as u64);
    sums
}

async fn total(world: &World, batch: Vec<u64>) -> u64 {
    world.ask(batch.iter().sum()).await
}

#[tokio::test]
async fn a_local_assigned_again_after_a_move_in_a_loop() {
    assert_eq!(everywhere(reinitialised::input(5)).await, [1, 5, 1]);
}

#[workflow]
async fn assigned_by_pattern(world: &World, n: u64) -> u64 {
    let (a, b);
    (a, b) = (n, n + 1);
    let c = world.ask(a).await;
    let d;
    (d, _) = (world.even(2).await.unwrap(), b);
    a + b + c + d
}

#[tokio::test]
async fn destructuring_assignment() {
    assert_eq!(everywhere(assigned_by_pattern::input(1)).await, 6);
}

#[workflow]
async fn empty_vec_filled_later(world: &World, n: u64) -> usize {
    let mut v = Vec::new();
    let mut small = 0;
    world.note("before").await;
    v.push(world.text(n).await);
    let byte: u8 = small;
    small += 1;
    world.ask(small.into()).await;
    v.len() + usize::from(byte)
}

#[tokio::test]
async fn types_fixed_only_after_the_await() {
    assert_eq!(everywhere(empty_vec_filled_later::input(1)).await, 1);
}

#[workflow]
async fn many_locals(world: &World, n: u64) -> u64 {
    let (a, b, c, d) = (n, n + 1, n + 2, n + 3);
    let (e, f, g, h) = (a + 4, b + 4, c + 4, d + 4);
    let (i, j, k, l) = (a + 8, b + 8, c + 8, d + 8);
    let x = world.ask(1).await;
    world.note("many").await;
    a + b + c + d + e + f + g + h + i + j + k + l + x
}

#[tokio::test]
async fn more_locals_than_a_short_tuple_holds() {
    assert_eq!(everywhere(many_locals::input(0)).await, 67);
}
