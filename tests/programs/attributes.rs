//! Attributes on statements and arms, and what they leave out.

use super::world::{World, everywhere, report};
use durable::workflow;

#[workflow]
async fn lints(world: &World, n: u64) -> u64 {
    #[allow(unused_variables)]
    let unused = world.ask(n).await;
    #[rustfmt::skip]
    let one = world.text(  n  ).await;
    #[allow(clippy::single_match)]
    match n {
        1 => world.note(one).await,
        #[allow(unreachable_patterns)]
        1 => {}
        _ => {}
    }
    #[allow(unused_mut)]
    for mut i in 0..n {
        #[at(InLoop)]
        world.ask(i).await;
    }
    n
}

#[tokio::test]
async fn lints_on_statements_and_arms() {
    assert_eq!(everywhere(lints::input(1)).await, 1);
}

#[workflow]
async fn left_out(world: &World, n: u64) -> (u64, String) {
    let x = n;
    let mut log = String::new();
    world.ask(x).await;
    #[cfg(any())]
    let x = "another x";
    let y = x + 1;
    #[cfg(any())]
    return (0, log);
    #[cfg(any())]
    {
        log = String::new();
    }
    #[cfg(not(any()))]
    {
        log += "here";
    }
    #[cfg(any())]
    panic!("left out");
    #[at(Again)]
    world.ask(y).await;
    #[cfg(any())]
    println!("{}", nothing);
    let text = match y - 1 {
        #[cfg(any())]
        1 => return (9, nowhere()),
        #[cfg(not(any()))]
        1 => "one".to_owned(),
        n => world.text(n).await,
    };
    (y - 1, log + &text)
}

#[tokio::test]
async fn code_that_is_left_out_counts_for_nothing() {
    assert_eq!(everywhere(left_out::input(1)).await, (1, "hereone".into()));
    assert_eq!(everywhere(left_out::input(2)).await, (2, "here<2>".into()));
}

#[workflow]
async fn hidden_under_a_condition(world: &World, n: u64) -> (u64, u64) {
    #[allow(unused_variables)]
    let (x, y) = (n * 2, n * 3);
    world.ask(n).await;
    #[cfg(any())]
    let x = 100;
    #[cfg(not(any()))]
    let y = 100;
    (x, y)
}

#[tokio::test]
async fn a_local_that_a_conditional_one_may_hide_is_saved_and_means_what_is_there() {
    let done = report(hidden_under_a_condition::input(1)).await;
    assert_eq!(done.output, (2, 100));
    assert!(done.states[1].contains("x: 2"), "{:?}", done.states);
}
