//! Macros with awaits in them, and macros that the body defines.

#![allow(clippy::dbg_macro, clippy::todo, reason = "they are what is tested")]

use super::world::{World, everywhere};
use durable::workflow;

#[workflow]
async fn std_macros(world: &World, n: u64) -> String {
    use std::fmt::Write as _;
    let a = 1u64;
    println!(
        "{a} {} {:?} {0}",
        world.ask(n).await,
        #[at(B)]
        world.text(2).await
    );
    print!(
        "{}",
        #[at(Print)]
        world.ask(3).await
    );
    eprintln!(
        "{x}",
        x = #[at(Err)]
        world.ask(4).await
    );
    eprint!(
        "{}",
        #[at(Err2)]
        world.ask(5).await
    );
    assert!(
        #[at(Assert)]
        world.big(11).await,
        "{a} {n}"
    );
    assert_eq!(
        #[at(Eq1)]
        world.ask(6).await,
        #[at(Eq2)]
        world.ask(6).await
    );
    assert_ne!(
        a,
        #[at(Ne)]
        world.ask(7).await
    );
    let d = dbg!(
        #[at(Dbg)]
        world.ask(8).await
    );
    let (e, f) = dbg!(
        a,
        #[at(Dbg2)]
        world.ask(9).await
    );
    let mut s = String::new();
    write!(
        s,
        "{a}{}",
        #[at(Write)]
        world.ask(1).await
    )
    .unwrap();
    writeln!(
        &mut s,
        "{}",
        #[at(Writeln)]
        world.ask(2).await
    )
    .unwrap();
    let v = vec![
        #[at(Vec1)]
        world.ask(1).await,
        a,
        #[at(Vec2)]
        world.ask(2).await,
    ];
    let w = vec![
        0u8;
        #[at(Vec3)]
        world.ask(2).await as usize
    ];
    let m = matches!(#[at(Matches)] world.some(n).await, Some(x) if x == n + a - 1);
    let m2 = std::matches!(
        #[at(Matches2)]
        world.some(n).await,
        None
    );
    let t = std::format!(
        "{:>w$}|{:.*}",
        #[at(Fmt)]
        world.ask(1).await,
        2,
        1.0,
        w = 3
    );
    if n == 0 {
        panic!(
            "{}",
            #[at(Panic)]
            world.ask(0).await
        );
    }
    if n == 1 {
        unreachable!(
            "{}",
            #[at(Unreachable)]
            world.ask(0).await
        );
    }
    if n == 2 {
        todo!(
            "{}",
            #[at(Todo)]
            world.ask(0).await
        )
    }
    format!("{d}{e}{f}{s}{v:?}{w:?}{m}{m2}{t}")
}
#[tokio::test]
async fn awaits_in_every_macro_of_std_that_takes_expressions() {
    assert_eq!(everywhere(std_macros::input(5)).await, "819112\n[1, 1, 2][0, 0]truefalse  1|1.00");
}

#[workflow]
async fn local_macros(world: &World, n: u64) -> u64 {
    macro_rules! sum { ($($x:expr),*) => { 0 $(+ $x)* }; }
    let base = n + 1;
    macro_rules! with_base {
        ($x:expr) => {
            $x + base
        };
    }
    let first = with_base!(sum!(1, 2));
    let got = world.ask(sum!(first, 1)).await;
    let out = {
        #[at(In)]
        world.ask(sum!(got, got)).await;
        macro_rules! double {
            ($x:expr) => {
                sum!($x, $x)
            };
        }
        #[at(In2)]
        world.ask(double!(got)).await
    };
    #[at(Last)]
    world.ask(sum!(out, first)).await
}
#[tokio::test]
async fn macros_of_the_body_are_known_behind_an_await() {
    assert_eq!(everywhere(local_macros::input(1)).await, 17);
}
