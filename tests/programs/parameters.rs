//! Parameters, items in the body, and what surrounds a workflow.

use super::world::{World, everywhere};
use durable::workflow;
use serde::{Deserialize, Serialize};

type Res<T> = Result<T, String>;

#[workflow]
async fn alias_and_patterns(
    world: &World,
    (a, b): (u64, u64),
    mut c: u64,
    _: String,
    _unused: u8,
) -> Res<u64> {
    c += world.ask(a).await;
    let even = world.even(b).await?;
    Ok(a + even + c)
}

#[tokio::test]
async fn destructured_mut_and_unused_parameters() {
    assert_eq!(everywhere(alias_and_patterns::input((1, 2), 3, "x".into(), 0)).await.unwrap(), 7);
}

#[workflow]
async fn no_parameters() {
    nothing().await;
}

async fn nothing() {}

#[tokio::test]
async fn a_workflow_without_parameters_or_result() {
    everywhere(no_parameters::input()).await;
}

#[workflow]
async fn without_awaits(n: u64) -> u64 {
    n + 1
}

#[tokio::test]
async fn a_workflow_without_awaits() {
    assert_eq!(everywhere(without_awaits::input(1)).await, 2);
}

mod inner {
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize, Debug, Clone, Copy)]
    pub(super) struct Named(pub(super) u64);
}

#[workflow]
async fn items_in_the_body(world: &World, n: u64) -> u64 {
    use inner::Named;
    const BASE: u64 = 100;
    #[derive(Serialize, Deserialize, Debug)]
    struct Local {
        n: u64,
    }
    fn helper(n: u64) -> Option<u64> {
        let world = n.checked_add(1)?;
        return Some(world);
    }
    let named: Named = Named(n);
    let local = Local { n: helper(n).unwrap_or(BASE) };
    let got: u64 = world.ask(local.n).await;
    world.note("held").await;
    got + named.0 + local.n + BASE
}

#[tokio::test]
async fn items_imports_and_local_types_in_the_body() {
    assert_eq!(everywhere(items_in_the_body::input(1)).await, 105);
}

macro_rules! make_workflow {
    ($name:ident, $n:expr) => {
        #[workflow]
        async fn $name(world: &World) -> u64 {
            let got = world.ask($n).await;
            world.note("made").await;
            got
        }
    };
}

make_workflow!(made_by_a_macro, 6);

#[tokio::test]
async fn a_workflow_made_by_a_macro() {
    assert_eq!(everywhere(made_by_a_macro::input()).await, 6);
}

#[workflow(strict, name = "other-name")]
async fn strict(world: &World, n: u64) -> u64 {
    let flag = n > 3;
    let text = "a".to_owned();
    let got: u64 = world.ask(n).await;
    let copy = got;
    let number = 5u8;
    let list: Vec<u64> = vec![1, 2];
    for i in &list {
        world.note(format!("{i}")).await;
    }
    got + copy + u64::from(number) + u64::from(flag) + text.len() as u64
}

#[tokio::test]
async fn strict_accepts_what_it_can_know() {
    assert_eq!(strict::NAME, "other-name");
    assert_eq!(everywhere(strict::input(1)).await, 8);
}

#[derive(Serialize, Deserialize, Debug)]
struct Pair<T> {
    left: T,
    right: Vec<T>,
}

#[workflow]
async fn taken_apart(
    world: &World,
    Pair { left, right: mut rest }: Pair<u64>,
    [first, .., last]: [u8; 3],
    (mut count, _): (u64, String),
    whole @ (part, _): (u64, u8),
    &World { .. }: &World,
) -> u64 {
    rest.push(left);
    count += world.ask(u64::from(first)).await;
    for n in &rest {
        count += #[at(Each)]
        world.ask(*n).await;
    }
    world.note(format!("{whole:?}")).await;
    count + u64::from(last) + part
}

#[tokio::test]
async fn parameters_taken_apart_by_patterns() {
    let pair = Pair { left: 1, right: vec![2, 3] };
    let input = taken_apart::input(pair, [4, 5, 6], (7, "x".into()), (8, 9));
    assert_eq!(everywhere(input).await, 7 + 4 + 6 + 6 + 8);
}
