//! Shadowed names.

use super::world::{World, everywhere};
use durable::workflow;

#[workflow]
async fn same_scope(world: &World, x: u64) -> u64 {
    let x = x + 1;
    let x = world.ask(x).await;
    let x = x * 2;
    world.note(format!("{x}")).await;
    x
}

#[tokio::test]
async fn shadowing_in_one_scope() {
    assert_eq!(everywhere(same_scope::input(1)).await, 4);
}

#[workflow]
async fn inner_scope(world: &World, x: u64) -> String {
    let y = "outer".to_owned();
    {
        let x = x + 100;
        let y = world.ask(x).await;
        {
            let x = y + 1000;
            world.note(format!("{x}{y}")).await;
        }
        #[at(NoteInner)]
        world.note(format!("{x} {y}")).await;
    }
    println!("{x} {y}");
    #[at(NoteOuter)]
    world.note(format!("{x} {y}")).await;
    format!("{x} {y}")
}

#[tokio::test]
async fn shadowing_in_inner_scopes() {
    assert_eq!(everywhere(inner_scope::input(1)).await, "1 outer");
}

#[workflow]
async fn patterns_shadow(world: &World, x: Option<u64>, y: u64) -> u64 {
    if let Some(x) = x {
        world.ask(x + y).await;
        world.note(format!("{x}")).await;
    }
    let z = match x {
        Some(y) =>
        {
            #[at(AskMatch)]
            world.ask(y).await
        }
        None => y,
    };
    x.unwrap_or(0) + y + z
}

#[tokio::test]
async fn patterns_that_shadow_what_they_match() {
    assert_eq!(everywhere(patterns_shadow::input(Some(3), 10)).await, 16);
    assert_eq!(everywhere(patterns_shadow::input(None, 10)).await, 20);
}

#[workflow]
async fn loops_shadow(world: &World, item: u64, items: Vec<u64>) -> u64 {
    let mut sum = 0;
    for item in &items {
        let items = *item + 1;
        sum += world.ask(items).await;
        for item in 0..2 {
            #[at(AskInner)]
            let got = world.ask(item + items).await;
            sum += got;
        }
    }
    sum + item + items.len() as u64
}

#[tokio::test]
async fn loop_variables_that_shadow_parameters() {
    assert_eq!(everywhere(loops_shadow::input(1000, vec![1, 2])).await, 1019);
}

#[workflow]
async fn chained_in_a_loop(world: &World, n: u64) -> u64 {
    let mut total = 0;
    let mut i = 0;
    while i < n {
        let x = i;
        let x = x + 1;
        let x = world.ask(x).await + x;
        let x = x + 1;
        total += x;
        i += 1;
    }
    total
}

#[tokio::test]
async fn a_chain_of_shadows_in_a_loop() {
    assert_eq!(everywhere(chained_in_a_loop::input(3)).await, 15);
}

#[workflow]
async fn jump_out_of_shadowing(world: &World, items: Vec<Option<u64>>) -> u64 {
    let mut sum = 0;
    let found = 5;
    for item in &items {
        if let Some(found) = item {
            if *found > 10 {
                continue;
            }
            sum += found;
        }
        sum += world.ask(found).await;
    }
    sum + found
}

#[tokio::test]
async fn jumps_out_of_a_scope_that_hides_a_saved_name() {
    assert_eq!(everywhere(jump_out_of_shadowing::input(vec![Some(1), Some(11), None])).await, 16);
}

#[workflow]
async fn resource_shadowed(world: &World, n: u64) -> u64 {
    let first = {
        let world = n + 1;
        world
    };
    let second = world.ask(first).await;
    if second > 1 {
        let n = second;
        world.note(format!("{n}")).await;
    }
    n + second
}

#[tokio::test]
async fn a_local_that_shadows_a_resource_for_a_while() {
    assert_eq!(everywhere(resource_shadowed::input(1)).await, 3);
}

#[workflow]
async fn odd_names(world: &World, r#type: u64) -> u64 {
    let state = r#type + 1;
    let cx = world.ask(state).await;
    let ask = cx + 1;
    #[at(AskAgain)]
    let next = world.ask(ask).await;
    let t = next;
    let result = t + state;
    world.note(format!("{result} {type}", type = r#type)).await;
    result + r#type + cx
}

#[tokio::test]
async fn locals_with_names_the_expansion_uses() {
    assert_eq!(everywhere(odd_names::input(1)).await, 8);
}
