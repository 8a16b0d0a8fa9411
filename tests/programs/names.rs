//! Names and types that clash with nothing: raw names, those of generated code, and what rustc infers late.

use super::world::{World, everywhere};
use durable::workflow;

type Result<T> = std::result::Result<T, String>;

#[workflow]
async fn unusual(world: &World, r#type: u64, state: u64) -> Result<u64> {
    let ask = r#type;
    let cx = world.ask(ask).await;
    let next = #[at(Join3)]
    world.ask(cx + state).await;
    let r#loop = {
        let r#type = format!("{next}");
        world.note(r#type.clone()).await;
        r#type.len() as u64
    };
    if world.even(r#type).await? > 0
        && #[at(Second)]
        world.even(next).await?
            > 0
    {
        return Ok(r#loop + r#type);
    }
    Err(format!("{cx} {state}"))
}

#[tokio::test]
async fn raw_names_and_names_of_generated_code() {
    assert_eq!(everywhere(unusual::input(2, 4)).await, Ok(3));
    assert_eq!(everywhere(unusual::input(0, 4)).await, Err("0 4".to_owned()));
    assert_eq!(everywhere(unusual::input(1, 4)).await, Err("1 is odd".to_owned()));
}

const LIMIT: u64 = 3;

#[allow(non_snake_case)]
#[workflow]
async fn in_capitals(world: &World, mut N: u64) -> u64 {
    let MAX: u64 = world.ask(N).await;
    let (A, b) = (N + 1, MAX + 1);
    let SUM;
    if A > LIMIT {
        #[at(Large)]
        world.note("large").await;
        let MAX = "hidden".to_owned();
        #[at(Hidden)]
        world.note(MAX.clone()).await;
        SUM = A + MAX.len() as u64;
    } else {
        SUM = b;
    }
    N += 1;
    let R = &SUM;
    for I in 0..2u64 {
        for X in [I, MAX] {
            #[at(Each)]
            world.note(format!("{X} {A}")).await;
            N += X * *R;
        }
    }
    match N {
        LIMIT => 0,
        _ if N > MAX => {
            #[at(Last)]
            world.note(format!("{N} {MAX} {A}")).await;
            N + MAX + A + b + SUM
        }
        other => other,
    }
}

#[tokio::test]
async fn locals_written_like_constants() {
    assert_eq!(everywhere(in_capitals::input(1)).await, 15);
    assert_eq!(everywhere(in_capitals::input(9)).await, 359);
}

#[workflow]
async fn fallbacks(world: &World, n: u64) -> String {
    let small = -1;
    let ratio = 0.5;
    let list = [1, 2, 3];
    let got = world.ask(n).await;
    let sum = list.iter().sum::<i64>() + small;
    world.note("sum").await;
    let nested = if got > 1 { Some(small) } else { None };
    #[at(Nested)]
    world.note("nested").await;
    format!("{small} {ratio} {sum} {nested:?}")
}

#[tokio::test]
async fn unsuffixed_numbers_keep_their_types() {
    assert_eq!(everywhere(fallbacks::input(2)).await, "-1 0.5 5 Some(-1)");
}

#[workflow]
async fn untouched_code(world: &World, items: Vec<u64>) -> u64 {
    let mut sum = 0;
    'outer: for item in items {
        let checked = async {
            if item == 0 {
                return None;
            }
            world.ask(item).await;
            Some(item)
        }
        .await;
        let Some(checked) = checked else { continue };
        let parse = |text: &str| -> Option<u64> {
            for c in text.chars() {
                if c == '7' {
                    return None;
                }
            }
            text.parse().ok()
        };
        let parsed = match parse(&checked.to_string()) {
            Some(9) => break 'outer,
            Some(parsed) if parsed % 2 == 0 => match parsed {
                4 => continue 'outer,
                other => other,
            },
            Some(parsed) => parsed * 10,
            None => 1000,
        };
        sum += #[at(Parsed)]
        world.ask(parsed).await;
    }
    sum
}

#[tokio::test]
async fn closures_async_blocks_and_inner_matches_keep_their_jumps() {
    assert_eq!(everywhere(untouched_code::input(vec![0, 1, 2, 4, 7, 9, 3])).await, 1012);
}

#[workflow]
async fn unreachable(world: &World, n: u64) -> Result<u64> {
    let found = loop {
        match world.some(n).await {
            Some(m) if m > 5 => break m,
            Some(m) => {
                return Ok(
                    #[at(Small)]
                    world.ask(m).await,
                );
            }
            None => {
                return Err(
                    #[at(Zero)]
                    world.text(n).await,
                );
            }
        }
    };
    'done: {
        if world.big(found).await {
            break 'done;
        }
        return Ok(found);
    }
    Ok(found * 2)
}

#[tokio::test]
async fn returns_inside_of_values() {
    assert_eq!(everywhere(unreachable::input(3)).await, Ok(3));
    assert_eq!(everywhere(unreachable::input(0)).await, Err("<0>".to_owned()));
    assert_eq!(everywhere(unreachable::input(7)).await, Ok(7));
    assert_eq!(everywhere(unreachable::input(20)).await, Ok(40));
}
