//! `if`, `match`, `let`-`else`, labelled blocks.

use super::world::{World, everywhere};
use durable::workflow;

#[workflow]
async fn if_else_values(world: &World, n: u64) -> u64 {
    let doubled = if n > 5 { world.ask(n).await * 2 } else { n };
    let named: u64 = if doubled > 100 {
        1
    } else if doubled > 10 {
        #[at(AskMiddle)]
        world.ask(doubled).await
    } else {
        3
    };
    if named == 3 {
        world.note("three").await;
    }
    doubled + named
}

#[tokio::test]
async fn if_with_awaits_in_branches_gives_its_value() {
    assert_eq!(everywhere(if_else_values::input(3)).await, 6);
    assert_eq!(everywhere(if_else_values::input(6)).await, 24);
    assert_eq!(everywhere(if_else_values::input(60)).await, 121);
}

#[workflow]
async fn condition_awaits(world: &World, n: u64) -> &'static str {
    if world.big(n).await {
        "big"
    } else {
        world.note("small").await;
        "small"
    }
}

#[tokio::test]
async fn await_in_a_condition() {
    assert_eq!(everywhere(condition_awaits::input(11)).await, "big");
    assert_eq!(everywhere(condition_awaits::input(1)).await, "small");
}

#[workflow]
async fn lazy_operators(world: &World, n: u64) -> (bool, bool) {
    let both = n > 3 && world.big(n).await || n == 0;
    let either = n > 3
        || #[at(BigTwo)]
        world.big(n).await;
    (both, either)
}

#[tokio::test]
async fn lazy_operators_evaluate_the_right_side_only_when_needed() {
    assert_eq!(everywhere(lazy_operators::input(20)).await, (true, true));
    assert_eq!(everywhere(lazy_operators::input(4)).await, (false, true));
    assert_eq!(everywhere(lazy_operators::input(0)).await, (true, false));
}

#[workflow]
async fn let_chain(world: &World, n: u64) -> u64 {
    if let Some(a) = world.some(n).await
        && world.big(a).await
        && let Ok(b) = world.even(a).await
    {
        a + b
    } else {
        world.note("no").await;
        0
    }
}

#[tokio::test]
async fn let_chains_with_several_awaits() {
    assert_eq!(everywhere(let_chain::input(12)).await, 24);
    assert_eq!(everywhere(let_chain::input(13)).await, 0);
    assert_eq!(everywhere(let_chain::input(2)).await, 0);
    assert_eq!(everywhere(let_chain::input(0)).await, 0);
}

#[workflow]
async fn match_everywhere(world: &World, n: u64) -> Result<String, String> {
    let kind = match world.some(n).await {
        None => {
            #[at(NoteNone)]
            world.note("none").await;
            return Ok("nothing".to_owned());
        }
        Some(1) => "one".to_owned(),
        Some(m) if m > 100 => world.text(m).await,
        Some(m) => format!("{}", world.even(m).await?),
    };
    world.note(kind.as_str().to_owned() + "!").await;
    #[at(NoteTwice)]
    world.note(format!("{kind}?")).await;
    Ok(kind)
}

#[tokio::test]
async fn match_with_awaits_in_scrutinee_and_arms() {
    assert_eq!(everywhere(match_everywhere::input(0)).await.unwrap(), "nothing");
    assert_eq!(everywhere(match_everywhere::input(1)).await.unwrap(), "one");
    assert_eq!(everywhere(match_everywhere::input(4)).await.unwrap(), "4");
    assert_eq!(everywhere(match_everywhere::input(200)).await.unwrap(), "<200>");
    assert_eq!(everywhere(match_everywhere::input(7)).await.unwrap_err(), "7 is odd");
}

#[workflow]
async fn let_else(world: &World, n: u64) -> u64 {
    let Some(a) = world.some(n).await else {
        world.note("else").await;
        return 99;
    };
    let Ok(b) = world.even(a).await else { return 98 };
    a + b
}

#[tokio::test]
async fn let_else_with_awaits_on_both_sides() {
    assert_eq!(everywhere(let_else::input(0)).await, 99);
    assert_eq!(everywhere(let_else::input(1)).await, 98);
    assert_eq!(everywhere(let_else::input(2)).await, 4);
}

#[workflow]
async fn labelled(world: &World, n: u64) -> u64 {
    let value = 'found: {
        if n == 0 {
            break 'found 7;
        }
        if world.big(n).await {
            break 'found world.ask(n).await;
        }
        let m = n + 1;
        world.note("end of block").await;
        m
    };
    value * 10
}

#[tokio::test]
async fn labelled_blocks_give_values() {
    assert_eq!(everywhere(labelled::input(0)).await, 70);
    assert_eq!(everywhere(labelled::input(11)).await, 110);
    assert_eq!(everywhere(labelled::input(1)).await, 20);
}

macro_rules! bail {
    ($($text:tt)*) => {
        return Err(format!($($text)*))
    };
}

#[workflow]
async fn hidden_returns(world: &World, n: u64) -> Result<u64, String> {
    let value = if n > 10 {
        world.note("large").await;
        bail!("{n} is too large")
    } else {
        n
    };
    let other: u64 = match n {
        0 => {
            world.ask(0).await;
            bail!("zero");
        }
        m => m,
    };
    Ok(value + other)
}

#[tokio::test]
async fn a_return_hidden_in_a_macro_works() {
    assert_eq!(everywhere(hidden_returns::input(11)).await.unwrap_err(), "11 is too large");
    assert_eq!(everywhere(hidden_returns::input(0)).await.unwrap_err(), "zero");
    assert_eq!(everywhere(hidden_returns::input(4)).await.unwrap(), 8);
}

#[workflow]
async fn option_question(world: &World, n: u64) -> Option<u64> {
    let a = world.some(n).await?;
    #[at(SomeTwo)]
    let b = world.some(a - 1).await?;
    Some(a + b)
}

#[tokio::test]
async fn question_mark_on_option() {
    assert_eq!(everywhere(option_question::input(0)).await, None);
    assert_eq!(everywhere(option_question::input(1)).await, None);
    assert_eq!(everywhere(option_question::input(2)).await, Some(3));
}
