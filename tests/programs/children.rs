//! Workflows that await workflows.

use super::world::{World, everywhere, report};
use durable::workflow;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Debug)]
struct Tree {
    value: u64,
    children: Vec<Tree>,
}

#[workflow]
async fn walk(world: &World, tree: Tree) -> u64 {
    let mut sum = world.ask(tree.value).await;
    for child in tree.children {
        sum += Box::pin(walk(world, child)).await;
    }
    sum
}

#[tokio::test]
async fn a_recursive_workflow() {
    let leaf = |value| Tree { value, children: vec![] };
    let tree =
        Tree { value: 1, children: vec![leaf(2), Tree { value: 3, children: vec![leaf(4)] }, leaf(5)] };
    assert_eq!(everywhere(walk::input(tree)).await, 15);
}

/// Its output is not serializable, and need not be.
#[derive(Debug)]
struct Opaque(u64);

#[workflow]
async fn child(world: &World, n: u64) -> Result<Opaque, String> {
    let a = world.even(n).await?;
    let b = world.ask(a + 1).await;
    Ok(Opaque(a + b))
}

#[workflow]
async fn parent(world: &World, n: u64) -> Result<u64, String> {
    let before = world.ask(n).await;
    let Opaque(first) = child(world, before).await?;
    #[at(ChildAgain)]
    let Opaque(second) = child(world, first + 1).await?;
    world.note("after").await;
    Ok(first + second)
}

#[tokio::test]
async fn a_lone_child_whose_output_is_not_saved() {
    assert_eq!(everywhere(parent::input(2)).await.unwrap(), 5 + 13);
    assert_eq!(everywhere(parent::input(3)).await.unwrap_err(), "3 is odd");
}

#[tokio::test]
async fn a_child_commits_its_own_await_points() {
    // Start, Ask, Child with Even and Ask, ChildAgain with the same, Note, finish.
    assert_eq!(report(parent::input(2)).await.commits, 10);
}

#[workflow]
async fn even_steps(world: &World, n: u64) -> bool {
    if n == 0 {
        return true;
    }
    world.note(format!("even {n}")).await;
    Box::pin(odd_steps(world, n - 1)).await
}

#[workflow]
async fn odd_steps(world: &World, n: u64) -> bool {
    if n == 0 {
        return false;
    }
    world.note(format!("odd {n}")).await;
    Box::pin(even_steps(world, n - 1)).await
}

#[tokio::test]
async fn mutually_recursive_workflows() {
    assert!(everywhere(even_steps::input(4)).await);
    assert!(!everywhere(even_steps::input(3)).await);
}
