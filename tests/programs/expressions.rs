//! Several awaits in one expression.

use super::world::{World, everywhere, report};
use durable::workflow;
use serde::{Deserialize, Serialize};

fn three(a: u64, b: u64, c: u64) -> u64 {
    a * 10_000 + b * 100 + c
}

fn one() -> u64 {
    1
}

#[workflow]
async fn arguments(world: &World, n: u64) -> u64 {
    three(one(), world.ask(n).await, one() + n)
        + three(
            #[at(AskA)]
            world.ask(2).await,
            n,
            #[at(AskB)]
            world.ask(3).await,
        )
}

#[tokio::test]
async fn awaits_among_arguments_keep_their_order() {
    assert_eq!(everywhere(arguments::input(5)).await, 10506 + 20503);
}

#[workflow]
async fn receivers(world: &World, n: u64) -> (Vec<u64>, String) {
    let mut v = Vec::new();
    v.push(world.ask(n).await);
    v.extend_from_slice(&[
        #[at(AskA)]
        world.ask(1).await,
        #[at(AskB)]
        world.ask(2).await,
    ]);
    let text =
        world.text(n).await.replace('<', "(").replace('>', ")") + &world.even(4).await.unwrap().to_string();
    (v, text)
}

#[tokio::test]
async fn awaits_in_receivers_and_their_arguments() {
    assert_eq!(everywhere(receivers::input(7)).await, (vec![7, 1, 2], "(7)4".to_owned()));
}

#[derive(Serialize, Deserialize, Debug, Default, PartialEq, Clone)]
struct Parts {
    a: u64,
    b: u64,
    c: u64,
}

#[workflow]
async fn literals(world: &World, n: u64) -> (Parts, [u64; 2], (u64, u64)) {
    let base = Parts { c: 9, ..Default::default() };
    let parts = Parts { b: one(), a: world.ask(n).await, ..base.clone() };
    let array = [
        #[at(AskArray)]
        world.ask(1).await,
        n,
    ];
    let pair = (
        one(),
        #[at(AskTuple)]
        world.ask(2).await,
    );
    (parts, array, pair)
}

#[tokio::test]
async fn awaits_in_struct_array_and_tuple_literals() {
    let expected = (Parts { a: 3, b: 1, c: 9 }, [1, 3], (1, 2));
    assert_eq!(everywhere(literals::input(3)).await, expected);
}

#[workflow]
async fn operators(world: &World, n: u64) -> i64 {
    let mut x = 1;
    x += world.ask(n).await;
    let mut v = vec![0, 0];
    v[1] = #[at(AskIndex)]
    world.ask(x).await;
    let negative = -(#[at(AskCast)]
    world.ask(2).await as i64);
    let sum = one()
        + #[at(AskLeft)]
        world.ask(3).await
            * #[at(AskRight)]
            world.ask(4).await;
    negative + (v[1] + sum) as i64
}

#[tokio::test]
async fn awaits_among_operators() {
    assert_eq!(everywhere(operators::input(5)).await, -2 + 6 + 13);
}

#[workflow]
async fn nested(world: &World, n: u64) -> Result<u64, String> {
    let value = world
        .even(
            #[at(Inner)]
            world.even(n).await?
                + 2,
        )
        .await?;
    Ok(value)
}

#[tokio::test]
async fn the_operand_of_an_await_awaits() {
    assert_eq!(everywhere(nested::input(2)).await.unwrap(), 4);
    assert_eq!(everywhere(nested::input(3)).await.unwrap_err(), "3 is odd");
    let report = report(nested::input(2)).await;
    assert!(report.states[2].contains("inner_result"), "{:?}", report.states);
}

#[workflow]
async fn macros(world: &World, n: u64) -> String {
    let text = format!(
        "{} {n} {named:>w$}",
        world.ask(n).await,
        named = #[at(AskNamed)]
        world.ask(2).await,
        w = 3
    );
    assert_eq!(
        #[at(AskAssert)]
        world.ask(1).await,
        1,
        "{text}"
    );
    let v = vec![
        #[at(AskVec)]
        world.ask(8).await;
        2
    ];
    let m = matches!(world.some(n).await, Some(x) if x == n);
    format!("{text} {v:?} {m}")
}

#[tokio::test]
async fn awaits_in_the_standard_macros() {
    assert_eq!(everywhere(macros::input(5)).await, "5 5   2 [8, 8] true");
}

fn joined(a: &str, b: &str) -> usize {
    a.len() * 100 + b.len()
}

#[workflow]
async fn temporaries(world: &World, n: u64) -> usize {
    joined(
        &one().to_string(),
        &#[at(TextOne)]
        world.text(n).await,
    )
}

#[tokio::test]
async fn references_to_temporaries_beside_an_await() {
    assert_eq!(everywhere(temporaries::input(5)).await, 103);
}

#[workflow]
async fn returned(world: &World, n: u64) -> Result<u64, String> {
    match n {
        0 => return Ok(world.ask(100).await),
        1 => match world.some(1).await {
            Some(x) => return world.even(x).await,
            None => {}
        },
        _ => {}
    }
    Ok(n)
}

#[tokio::test]
async fn awaits_in_return_expressions() {
    assert_eq!(everywhere(returned::input(0)).await.unwrap(), 100);
    assert_eq!(everywhere(returned::input(1)).await.unwrap_err(), "1 is odd");
    assert_eq!(everywhere(returned::input(2)).await.unwrap(), 2);
}

#[workflow]
async fn async_blocks(world: &World, n: u64) -> u64 {
    let doubled = async { world.ask(n).await * 2 }.await;
    let mapped: Vec<u64> = vec![1, 2].into_iter().map(|x: u64| x + doubled).collect();
    let again = async move { doubled + mapped.len() as u64 }.await;
    again + doubled
}

#[tokio::test]
async fn an_async_block_is_one_step_named_by_its_binding() {
    assert_eq!(everywhere(async_blocks::input(3)).await, 14);
    let report = report(async_blocks::input(3)).await;
    assert!(report.states[1].starts_with("Doubled"), "{:?}", report.states);
}
