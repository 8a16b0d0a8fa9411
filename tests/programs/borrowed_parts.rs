//! Patterns that borrow parts of a local: taken again after each await.

use super::world::{World, everywhere};
use durable::workflow;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Debug, Clone)]
enum Kind {
    Card { number: u64, cvc: u64 },
    Bank { number: u64 },
    Cash(u64, String),
    Free,
}
#[derive(Serialize, Deserialize, Debug, Clone)]
struct Order {
    kind: Kind,
    coupon: Option<String>,
    lines: Vec<(u64, Option<String>)>,
    inner: Inner,
}
#[derive(Serialize, Deserialize, Debug, Clone)]
struct Inner {
    kinds: [Kind; 2],
    name: Box<String>,
}
fn order(kind: Kind) -> Order {
    Order {
        kind: kind.clone(),
        coupon: Some("TEN".into()),
        lines: vec![(1, Some("a".into())), (2, None)],
        inner: Inner { kinds: [kind, Kind::Free], name: Box::new("box".into()) },
    }
}

#[workflow]
async fn or_patterns(world: &World, order: Order) -> u64 {
    match &order.kind {
        Kind::Card { number, .. } | Kind::Bank { number } => {
            world.ask(*number).await;
            #[at(Again)]
            world.ask(*number + 1).await;
            *number
        }
        Kind::Cash(amount @ 1..=9, by) => {
            #[at(Small)]
            world.note(by.clone()).await;
            #[at(Small2)]
            world.ask(*amount).await;
            *amount + by.len() as u64
        }
        Kind::Cash(amount, _) => {
            #[at(Big)]
            world.ask(*amount).await;
            #[at(Big2)]
            world.ask(*amount).await;
            amount * 2
        }
        whole @ Kind::Free => {
            #[at(Free)]
            world.ask(0).await;
            #[at(Free2)]
            world.note(format!("{whole:?}")).await;
            5
        }
    }
}
#[tokio::test]
async fn alternatives_of_an_arm_borrow_alike() {
    for (k, e) in [
        (Kind::Card { number: 3, cvc: 1 }, 3),
        (Kind::Bank { number: 4 }, 4),
        (Kind::Cash(5, "ada".into()), 8),
        (Kind::Cash(50, "ada".into()), 100),
        (Kind::Free, 5),
    ] {
        assert_eq!(everywhere(or_patterns::input(order(k))).await, e);
    }
}

#[workflow]
async fn nested_refs(world: &World, order: Order) -> String {
    let mut out = String::new();
    let (Kind::Card { number, .. } | Kind::Bank { number }) = &order.kind else { return "no".into() };
    world.ask(*number).await;
    let Inner { kinds: [first, second], name } = &order.inner;
    #[at(Two)]
    world.note(format!("{first:?} {second:?} {name}")).await;
    out += name;
    if let Kind::Card { number: n, cvc } = first
        && let Some(code) = &order.coupon
    {
        #[at(Three)]
        world.ask(*n + cvc).await;
        #[at(Four)]
        world.note(code.as_str()).await;
        out += code;
    }
    if let [(a, Some(b)), (c, None)] = &order.lines[..] {
        #[at(Five)]
        world.note(b.clone()).await;
        #[at(Six)]
        world.ask(a + c).await;
        out += b;
    }
    if let [head, tail @ ..] = order.lines.as_slice() {
        out += &format!("{}{}", head.0, tail.len());
    }
    while let Some(code) = &order.coupon {
        #[at(Seven)]
        world.note(code.as_str()).await;
        if code.len() == 3 {
            break;
        }
    }
    format!("{out}{number}")
}
#[tokio::test]
async fn patterns_in_patterns_borrow_from_a_local() {
    assert_eq!(everywhere(nested_refs::input(order(Kind::Card { number: 3, cvc: 1 }))).await, "boxTENa113");
    assert_eq!(everywhere(nested_refs::input(order(Kind::Free))).await, "no");
}

#[workflow]
async fn mutable_patterns(world: &World, mut order: Order) -> Order {
    if let Kind::Card { number, cvc } = &mut order.kind {
        *number += world.ask(1).await;
        #[at(Two)]
        world.ask(*number).await;
        *cvc += 1;
    }
    match &mut order.coupon {
        Some(c) => {
            c.push('!');
            #[at(Three)]
            world.note(c.clone()).await;
            c.push('?');
        }
        None => {}
    }
    for (n, text) in &mut order.lines {
        *n += 1;
        #[at(Four)]
        world.ask(*n).await;
        if let Some(text) = text {
            text.push('x');
            #[at(Five)]
            world.note(text.clone()).await;
            text.push('y');
        }
    }
    let Order { inner: Inner { name, .. }, .. } = &mut order;
    name.push('1');
    #[at(Six)]
    world.note(name.as_str()).await;
    name.push('2');
    order
}
#[tokio::test]
async fn exclusive_borrows_of_parts_of_parts() {
    let o = everywhere(mutable_patterns::input(order(Kind::Card { number: 3, cvc: 1 }))).await;
    assert_eq!(
        format!("{o:?}"),
        r#"Order { kind: Card { number: 4, cvc: 2 }, coupon: Some("TEN!?"), lines: [(2, Some("axy")), (3, None)], inner: Inner { kinds: [Card { number: 3, cvc: 1 }, Free], name: "box12" } }"#
    );
}

#[workflow]
async fn ref_keyword(world: &World, mut order: Order) -> String {
    let ref coupon = order.coupon;
    world.note(format!("{coupon:?}")).await;
    let n = coupon.as_ref().map_or(0, |c| c.len());
    #[at(Two)]
    world.ask(n as u64).await;
    match order.kind {
        Kind::Cash(ref n, ref mut by) => {
            by.push('a');
            #[at(Three)]
            world.ask(*n).await;
            by.push('b');
            #[at(Four)]
            world.note(by.clone()).await;
        }
        ref other => {
            #[at(Five)]
            world.note(format!("{other:?}")).await;
            #[at(Six)]
            world.note(format!("{other:?}")).await;
        }
    }
    format!("{:?}{n}", order.kind)
}
#[tokio::test]
async fn ref_and_ref_mut_in_patterns() {
    assert_eq!(everywhere(ref_keyword::input(order(Kind::Cash(1, "".into())))).await, "Cash(1, \"ab\")3");
    assert_eq!(everywhere(ref_keyword::input(order(Kind::Free))).await, "Free3");
}

// reference to reference, deref, method borrowed in loop
#[workflow]
async fn chains(world: &World, order: Order) -> u64 {
    let o = &order;
    let inner = &o.inner;
    let kinds = &inner.kinds;
    let second = &kinds[1];
    let name: &str = &inner.name;
    world.note(name).await;
    let both = (o.lines.len() as u64, second.clone());
    #[at(Two)]
    world.note(format!("{second:?} {name} {}", both.0)).await;
    for (i, (n, _)) in o.lines.iter().enumerate() {
        #[at(Three)]
        world.ask(*n + i as u64).await;
    }
    for (_, t) in &o.lines {
        if let Some(t) = t {
            #[at(Fourth)]
            world.note(t.clone()).await;
            #[at(Fifth)]
            world.note(t.clone()).await;
        }
    }
    both.0 + inner.name.len() as u64
}
#[tokio::test]
async fn borrows_of_borrows() {
    assert_eq!(everywhere(chains::input(order(Kind::Free))).await, 5);
}

// match on tuple of refs
#[workflow]
async fn tuple_scrutinee(world: &World, order: Order, other: Option<u64>) -> u64 {
    match (&order.coupon, other) {
        (Some(c), Some(n)) => {
            world.ask(n).await;
            n + c.len() as u64
        }
        (Some(c), None) => c.len() as u64,
        (None, _) => 0,
    }
}
#[tokio::test]
async fn a_match_on_a_tuple_of_borrows_and_values() {
    assert_eq!(everywhere(tuple_scrutinee::input(order(Kind::Free), Some(2))).await, 5);
}

#[workflow]
async fn let_tuple(world: &World, order: Order, mut n: u64) -> String {
    let (coupon, lines) = (&order.coupon, &order.lines);
    let (a, b) = (5u8, &order.inner);
    let (n, m) = (&order.coupon, &mut n);
    world.ask(lines.len() as u64).await;
    *m += 1;
    #[at(Two)]
    world.note(format!("{coupon:?} {} {a}", b.name)).await;
    *m += 1;
    let got = (n.as_ref().map(|n| n.len()), *m);
    let (coupon, order) = (order.inner.name.len(), coupon.clone());
    #[at(Three)]
    world.ask(coupon as u64).await;
    format!("{got:?}{coupon}{order:?}")
}
#[tokio::test]
async fn a_let_that_takes_a_tuple_of_borrows_apart() {
    assert_eq!(everywhere(let_tuple::input(order(Kind::Free), 1)).await, "(Some(3), 3)3Some(\"TEN\")");
}

#[workflow]
async fn swapped_tuple(world: &World, a: Option<u64>, b: Option<String>) -> String {
    match (&b, &a) {
        (Some(a), Some(b)) => {
            world.note(a.as_str()).await;
            #[at(Two)]
            world.ask(*b).await;
            format!("{a}{b}")
        }
        (Some(_), None) | (None, _) if true => {
            let _ = b;
            #[at(Three)]
            world.ask(1).await;
            format!("{a:?}{b:?}")
        }
        _ => {
            #[at(Four)]
            world.ask(1).await;
            format!("{a:?}{b:?}")
        }
    }
}
#[tokio::test]
async fn a_tuple_of_borrows_whose_names_change_places() {
    assert_eq!(everywhere(swapped_tuple::input(Some(1), Some("x".into()))).await, "x1");
    assert_eq!(everywhere(swapped_tuple::input(None, None)).await, "NoneNone");
}

#[workflow]
async fn slices(world: &World, mut v: Vec<u64>) -> u64 {
    let mut sum = 0;
    for x in &v[1..] {
        sum += world.ask(*x).await;
    }
    for x in v[..2].iter() {
        sum += #[at(B)]
        world.ask(*x).await;
    }
    for x in &mut v[1..=2] {
        *x += #[at(C)]
        world.ask(1).await;
    }
    for (i, x) in v[..].iter().enumerate().rev() {
        sum += #[at(D)]
        world.ask(*x + i as u64).await;
    }
    let first = &v[..1];
    sum += #[at(First)]
    world.ask(first[0]).await
        + first[0];
    let last = &mut v[2..];
    last[0] += #[at(E)]
    world.ask(1).await;
    #[at(F)]
    world.ask(last[0]).await;
    sum + last[0]
}
#[tokio::test]
async fn slices_at_literal_indices() {
    assert_eq!(everywhere(slices::input(vec![1, 2, 3])).await, 2 + 5 + 3 + (1 + 3 + 4 + 3) + 5);
}
