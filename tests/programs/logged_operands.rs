//! Operands with effects around awaits: each takes place once, when Rust would evaluate it.

use super::world::{World, everywhere};
use durable::workflow;
use serde::{Deserialize, Serialize};

fn logged(world: &World, n: u64) -> u64 {
    world.note_now(&format!("{n}"));
    n
}
fn three(a: u64, b: u64, c: u64) -> u64 {
    a * 10_000 + b * 100 + c
}

#[workflow]
async fn arguments(world: &World, n: u64) -> u64 {
    three(logged(world, 1), world.ask(n).await, logged(world, 3))
}
#[tokio::test]
async fn operands_around_an_await_take_effect_in_order() {
    assert_eq!(everywhere(arguments::input(2)).await, 10203);
}

fn make(world: &World) -> Vec<u64> {
    world.note_now("make");
    vec![1]
}

trait Pushed {
    fn pushed(self, n: u64) -> Self;
}
impl Pushed for Vec<u64> {
    fn pushed(mut self, n: u64) -> Self {
        self.push(n);
        self
    }
}

#[workflow]
async fn receivers(world: &World, n: u64) -> usize {
    make(world).push(world.ask(n).await);
    let v = make(world)
        .pushed(
            #[at(Two)]
            world.ask(n).await,
        )
        .pushed(logged(world, 4));
    v.len()
}
#[tokio::test]
async fn a_receiver_is_made_before_the_await_and_once() {
    assert_eq!(everywhere(receivers::input(2)).await, 3);
}

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
struct Parts {
    a: u64,
    b: u64,
    c: u64,
}
fn base(world: &World) -> Parts {
    world.note_now("base");
    Parts { a: 7, b: 7, c: 7 }
}

#[workflow]
async fn literals(world: &World, n: u64) -> Parts {
    Parts { b: logged(world, 1), a: world.ask(n).await, ..base(world) }
}
#[tokio::test]
async fn the_base_of_a_struct_literal_comes_last() {
    assert_eq!(everywhere(literals::input(2)).await, Parts { a: 2, b: 1, c: 7 });
}

fn p(world: &World, name: &str, b: bool) -> bool {
    world.note_now(name);
    b
}
#[workflow]
async fn lazy(world: &World, a: bool, n: u64, c: bool) -> bool {
    p(world, "p", a) && world.big(n).await || p(world, "q", c)
}
#[tokio::test]
async fn lazy_operands_take_effect_when_needed_only() {
    for a in [true, false] {
        for n in [1, 20] {
            for c in [true, false] {
                assert_eq!(everywhere(lazy::input(a, n, c)).await, a && n > 10 || c);
            }
        }
    }
}

#[workflow]
async fn index(world: &World, mut v: Vec<u64>, mut i: usize) -> Vec<u64> {
    v[logged(world, 1) as usize] = world.ask(5).await;
    v[i] += 1;
    v[i] = {
        i = 2;
        #[at(Second)]
        world.ask(6).await
    };
    v
}
#[tokio::test]
async fn the_awaited_value_comes_before_the_index_it_is_assigned_to() {
    assert_eq!(everywhere(index::input(vec![0, 0, 0], 0)).await, [1, 5, 6]);
}

fn apply(f: impl Fn(u64) -> u64, n: u64) -> u64 {
    f(n)
}
const K: u64 = 9;
static S: &str = "static";
#[workflow]
async fn closures(world: &World, n: u64) -> u64 {
    apply(|x| x + n, world.ask(n).await)
        + [1u64, 2].map(|x| x + n).into_iter().sum::<u64>().max(
            #[at(Folded)]
            world.ask(4).await,
        )
        + three(
            K,
            #[at(Const)]
            world.ask(1).await,
            S.len() as u64,
        )
}
#[tokio::test]
async fn closures_and_constants_stay_where_they_are() {
    assert_eq!(everywhere(closures::input(1)).await, 2 + 5 + 90106);
}

#[derive(Serialize, Deserialize, Debug, Clone, Copy, PartialEq)]
struct Money(u64);
impl std::ops::AddAssign<u64> for Money {
    fn add_assign(&mut self, n: u64) {
        self.0 += n * 10;
    }
}
impl std::ops::Add<u64> for Money {
    type Output = Money;
    fn add(self, n: u64) -> Money {
        Money(self.0 + n)
    }
}
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
struct Wallet {
    cash: Money,
    n: u64,
}
#[workflow]
async fn overloaded(world: &World, mut w: Wallet) -> Wallet {
    w.cash += world.ask(2).await;
    w.n += #[at(N)]
    world.ask(w.n).await;
    w.cash = w.cash
        + #[at(Sum)]
        world.ask(3).await;
    w.n -= {
        w.n = 100;
        #[at(Less)]
        world.ask(1).await
    };
    w
}
#[tokio::test]
async fn overloaded_operators_around_an_await() {
    assert_eq!(
        everywhere(overloaded::input(Wallet { cash: Money(1), n: 5 })).await,
        Wallet { cash: Money(24), n: 99 }
    );
}

#[workflow]
async fn tuples_nested(world: &World, n: u64) -> (u64, (u64, u64), [u64; 2]) {
    let r = (
        logged(world, 1),
        (logged(world, 2), world.ask(n).await),
        [
            #[at(B)]
            world.ask(3).await,
            logged(world, 4),
        ],
    );
    r
}
#[tokio::test]
async fn nested_tuples_and_arrays_around_awaits() {
    assert_eq!(everywhere(tuples_nested::input(7)).await, (1, (2, 7), [3, 4]));
}

// question mark inside args, with early exit skipping later operands
#[workflow]
async fn early(world: &World, n: u64) -> Result<u64, String> {
    Ok(three(logged(world, 1), world.even(n).await?, logged(world, 3)))
}
#[tokio::test]
async fn what_stands_behind_a_failed_await_has_no_effect() {
    assert_eq!(everywhere(early::input(2)).await, Ok(10203));
    assert!(everywhere(early::input(1)).await.is_err());
}

// evaluated in index expr, range, cast, field, ref
#[workflow]
async fn odd(world: &World, v: Vec<u64>) -> u64 {
    let a = v[world.ask(1).await as usize];
    let b = v[..#[at(B)]
    world.ask(2).await as usize]
        .len() as u64;
    let c = (#[at(C)]
    world.some(3).await)
        .unwrap_or_default();
    let d = &#[at(D)]
    world.text(4).await;
    let e = d.len() as u64;
    let (f, g) = (
        #[at(F)]
        world.ask(5).await,
        e,
    );
    let h = if let (Some(x), y) = (
        #[at(H)]
        world.some(1).await,
        logged(world, 2),
    ) {
        x + y
    } else {
        0
    };
    let r: u64 = (0..#[at(R)]
    world.ask(3).await)
        .sum();
    a + b + c + e + f + g + h + r
}
#[tokio::test]
async fn awaits_in_indices_ranges_and_conditions() {
    assert_eq!(everywhere(odd::input(vec![10, 20, 30])).await, 20 + 2 + 3 + 3 + 5 + 3 + 3 + 3);
}

// return/break as operand
#[workflow]
async fn diverging(world: &World, n: u64) -> u64 {
    let x = three(
        logged(world, 1),
        if n == 0 { return world.ask(77).await } else { n },
        #[at(Two)]
        world.ask(3).await,
    );
    let mut i = 0;
    let y = loop {
        i += 1;
        let z = three(
            i,
            match i {
                1 => continue,
                3 => break i,
                other => other,
            },
            #[at(In)]
            world.ask(i).await,
        );
        world.note(format!("{z}")).await;
    };
    x + y
}
#[tokio::test]
async fn operands_that_leave() {
    assert_eq!(everywhere(diverging::input(0)).await, 77);
    assert_eq!(everywhere(diverging::input(2)).await, 10206);
}
