//! Names that hide another of the same name, which the code in there reads before, goes on with, or borrows from.

#![allow(unused_variables, reason = "what hides need not be read")]

use super::world::{World, everywhere};
use durable::workflow;

#[workflow]
async fn guards(world: &World, x: String, o: Option<u64>) -> String {
    let found = match o {
        Some(x) if x > 3 => world.ask(x).await,
        Some(n) if x.len() as u64 > n => 1,
        Some(x) if x == 3 =>
        {
            #[at(Three)]
            world.ask(x + 30).await
        }
        _ => 0,
    };
    format!("{x}{found}")
}

#[tokio::test]
async fn a_guard_reads_what_another_arm_hides() {
    for (n, expected) in [(9, "abc9"), (2, "abc1"), (3, "abc33"), (0, "abc1")] {
        assert_eq!(everywhere(guards::input("abc".into(), Some(n))).await, expected);
    }
    assert_eq!(everywhere(guards::input("abc".into(), None)).await, "abc0");
}

#[workflow]
async fn chain(world: &World, x: String, o: Option<u64>) -> String {
    if let Some(n) = o
        && n > x.len() as u64
        && let Some(x) = n.checked_sub(x.len() as u64)
        && x > 1
    {
        world.ask(x).await;
    }
    x
}

#[tokio::test]
async fn a_chain_reads_what_a_later_part_of_it_hides() {
    for n in [1, 4, 5, 9] {
        assert_eq!(everywhere(chain::input("abc".into(), Some(n))).await, "abc");
    }
}

#[workflow]
async fn twice_in_a_chain(world: &World, x: Option<Option<String>>) -> (u64, usize) {
    let mut found = 0;
    if let Some(x) = x.clone()
        && let Some(x) = &x
        && x.len() > 1
    {
        found = world.ask(3).await + x.len() as u64;
    }
    (found, x.map_or(0, |x| x.map_or(1, |x| x.len())))
}

#[tokio::test]
async fn a_part_of_a_chain_hides_what_it_borrows_from() {
    let input = |text: &str| twice_in_a_chain::input(Some(Some(text.to_owned())));
    assert_eq!(everywhere(input("abc")).await, (6, 3));
    assert_eq!(everywhere(input("a")).await, (0, 1));
    assert_eq!(everywhere(twice_in_a_chain::input(Some(None))).await, (0, 1));
}

#[workflow]
async fn jumps(world: &World, x: u64, items: Vec<u64>) -> (u64, u64) {
    let mut sum = 0;
    'items: for item in &items {
        sum += world.ask(*item).await;
        sum += match item {
            9 => {
                let x = "another x";
                if sum > 20 {
                    break 'items;
                }
                x.len() as u64
            }
            n => {
                let sum = n + x;
                for x in 0..sum {
                    if x > 5 {
                        continue 'items;
                    }
                }
                #[allow(clippy::let_and_return)]
                let x = sum;
                x
            }
        };
    }
    (sum, x)
}

#[tokio::test]
async fn a_jump_out_of_an_expression_carries_what_is_hidden_there() {
    assert_eq!(everywhere(jumps::input(1, vec![1, 9, 8, 9, 7])).await, (38, 1));
    assert_eq!(everywhere(jumps::input(7, vec![1, 2])).await, (3, 7));
}

#[workflow]
async fn lent_by_a_call(world: &World, text: String) -> (String, usize) {
    world.note("begins".to_owned()).await;
    let length = {
        let text = text.trim();
        let length = text.len();
        #[at(Inside)]
        world.ask(length as u64).await;
        length
    };
    (text, length)
}

#[tokio::test]
async fn what_a_call_lends_hides_what_it_lends_from() {
    assert_eq!(everywhere(lent_by_a_call::input(" ab ".into())).await, (" ab ".into(), 2));
}

#[workflow]
async fn otherwise(world: &World, t: String, n: u64) -> Result<u64, String> {
    let p = &t;
    let mut y = world.ask(n).await;
    'rounds: for round in 0..3u64 {
        if y < 4 {
            y += round + 1;
        } else {
            let p = t.len();
            let Some(t) = ({
                #[at(Again)]
                world.ask(y).await
            })
            .checked_sub(9) else {
                y = {
                    if y > 6 {
                        break 'rounds;
                    }
                    y + 2
                };
                return Err(format!("{t}{y}{p}"));
            };
            y = t;
        }
    }
    Ok(p.len() as u64 + y)
}

#[tokio::test]
async fn the_else_of_a_let_means_what_the_let_hides() {
    assert_eq!(everywhere(otherwise::input("abc".into(), 20)).await, Ok(8));
    assert_eq!(everywhere(otherwise::input("abc".into(), 8)).await, Ok(11));
    assert_eq!(everywhere(otherwise::input("abc".into(), 5)).await, Err("abc73".into()));
}

#[workflow]
async fn hidden_again(world: &World, state: Vec<u64>, n: u64) -> Vec<u64> {
    world.ask(n).await;
    let mut rounds = 0;
    loop {
        rounds += 1;
        if rounds > 3 {
            break;
        }
        match (if rounds + n != 5 { rounds } else { break }, Some(rounds)) {
            (state, Some(_)) => {
                let Some(state) = state.checked_sub(2) else { continue };
                #[at(Inside)]
                world.ask(state).await;
            }
            (state, None) => {
                let Some(y) = state.checked_sub(4) else { break };
                #[at(Never)]
                world.ask(y).await;
            }
        }
    }
    state
}

#[tokio::test]
async fn a_scrutinee_jumps_out_before_its_arms_hide() {
    assert_eq!(everywhere(hidden_again::input(vec![1, 2], 2)).await, [1, 2]);
}

#[workflow]
async fn borrowed_where_it_is_hidden(world: &World, kind: (String, Option<String>)) -> (usize, String) {
    let length = match &kind {
        (kind, Some(inner)) => {
            world.note(kind.clone()).await;
            let kind = &inner[..1];
            kind.len() + inner.len()
        }
        (kind, None) => {
            #[at(Other)]
            world.note(kind.clone()).await;
            let length = kind.len();
            let kind = length as u64;
            #[at(Last)]
            world.ask(kind).await;
            length
        }
    };
    (length, kind.0)
}

#[tokio::test]
async fn a_pattern_hides_the_local_it_borrows_from() {
    let input =
        |inner: Option<&str>| borrowed_where_it_is_hidden::input(("ab".into(), inner.map(Into::into)));
    assert_eq!(everywhere(input(Some("xyz"))).await, (4, "ab".into()));
    assert_eq!(everywhere(input(None)).await, (2, "ab".into()));
}

macro_rules! program {
    ($name:ident, $x:ident) => {
        #[workflow]
        async fn $name(world: &World, $x: u64, y: String) -> (u64, String) {
            let x = y;
            if let Some($x) = $x.checked_sub(2)
                && let Some(x) = $x.checked_sub(x.len() as u64)
            {
                world.ask($x + x).await;
            }
            ($x, x)
        }
    };
}

program!(made_by_a_macro, n);

#[tokio::test]
async fn a_macro_by_example_makes_a_workflow_that_hides() {
    assert_eq!(everywhere(made_by_a_macro::input(9, "abc".into())).await, (9, "abc".into()));
}

#[workflow]
async fn jump_in_a_guard(world: &World, x: u64, items: Vec<Option<u64>>) -> (u64, u64) {
    let mut sum = 0;
    for item in &items {
        sum += match *item {
            Some(x)
                if {
                    if x > 9 {
                        break;
                    }
                    let sum = x % 2;
                    if sum == 1 {
                        continue;
                    }
                    x > 4
                } =>
            {
                world.ask(x).await
            }
            Some(n) => n * 10,
            None =>
            {
                #[at(Nothing)]
                world.ask(x).await
            }
        };
    }
    (sum, x)
}

#[tokio::test]
async fn a_jump_out_of_a_guard_carries_what_the_pattern_hides() {
    let input =
        |items: &[u64]| jump_in_a_guard::input(100, items.iter().map(|n| (*n > 0).then_some(*n)).collect());
    assert_eq!(everywhere(input(&[2, 3, 0, 6])).await, (126, 100));
    assert_eq!(everywhere(input(&[6, 12, 8])).await, (6, 100));
}
