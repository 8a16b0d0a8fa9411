//! Scopes: what ends with them, and what their names mean outside.

use super::world::{World, everywhere};
use durable::workflow;

#[workflow]
async fn guards(world: &World, n: u64) -> usize {
    {
        let m = world.ask(n).await;
        let mut seen = world.seen();
        seen.push(m);
    }
    {
        let own = n + 1;
        let m = #[at(Second)]
        world.ask(own).await;
        let mut seen = world.seen();
        seen.push(m);
    };
    let seen = world.seen();
    seen.len().min(1)
}

#[tokio::test]
async fn a_guard_is_released_where_its_scope_ends() {
    assert_eq!(everywhere(guards::input(1)).await, 1);
}

fn rate() -> u64 {
    3
}

#[workflow]
async fn names_of_functions(world: &World, n: u64) -> u64 {
    let inner = {
        let rate = world.ask(n).await;
        rate + 1
    };
    inner + rate()
}

#[tokio::test]
async fn a_name_means_the_function_again_after_the_scope() {
    assert_eq!(everywhere(names_of_functions::input(1)).await, 5);
}

#[workflow]
async fn shadows(world: &World, n: u64) -> String {
    let x = n;
    let name = world.text(x).await;
    let out = {
        let x = format!("{x}!");
        let name = name.len() as u64;
        let got = world.ask(name).await;
        let x = x.len() as u64 + got;
        x + {
            let name = format!("{name}");
            world.note(name.clone()).await;
            let x = format!("{x}{name}");
            x.len() as u64
        }
    };
    format!("{out} {x} {name}")
}

#[tokio::test]
async fn shadowed_names_of_several_scopes_come_back() {
    assert_eq!(everywhere(shadows::input(7)).await, "7 7 <7>");
}

#[workflow]
async fn assigned_after_scope(world: &World, n: u64) -> String {
    let mut x = format!("{n}");
    {
        let x = world.ask(x.len() as u64).await;
        world.big(x).await;
        world.note(format!("{x}")).await;
    }
    x = world.text(n).await;
    x
}

#[tokio::test]
async fn a_hidden_local_can_be_assigned_again() {
    assert_eq!(everywhere(assigned_after_scope::input(2)).await, "<2>");
}

#[workflow]
async fn reference_out_of_scope(world: &World, n: u64) -> u64 {
    let v = vec![n, n + 1, n + 2];
    let picked = {
        let at = world.ask(1).await;
        v.get(at as usize).unwrap()
    };
    *picked + v.len() as u64
}

#[tokio::test]
async fn a_reference_may_leave_a_scope() {
    assert_eq!(everywhere(reference_out_of_scope::input(5)).await, 9);
}

fn here() -> u64 {
    1
}

#[workflow]
async fn items_of_inner_blocks(world: &World, n: u64) -> u64 {
    let inner = {
        fn here() -> u64 {
            10
        }
        const K: u64 = 100;
        here() + K
    };
    let other = {
        const K: u64 = 1000;
        K
    };
    if world.big(n).await {
        const ONLY: u64 = 7;
        return ONLY + world.ask(n).await;
    }
    inner + other + here()
}

#[tokio::test]
async fn items_of_inner_blocks_stay_there() {
    assert_eq!(everywhere(items_of_inner_blocks::input(1)).await, 1111);
    assert_eq!(everywhere(items_of_inner_blocks::input(11)).await, 18);
}

#[workflow]
async fn let_else(world: &World, items: Vec<Option<String>>) -> u64 {
    let mut sum = 0;
    let first = items.first().cloned().flatten();
    for first in &items {
        let Some(first) = first else {
            sum += #[at(Missing)]
            world.ask(first.is_none() as u64).await;
            continue;
        };
        sum += #[at(Present)]
        world.ask(first.len() as u64).await;
    }
    let name = String::from("n");
    let out = {
        let Some(name) = first else {
            world.note(name.clone()).await;
            return sum + name.len() as u64;
        };
        world.text(name.len() as u64).await
    };
    sum + (out.len() + name.len()) as u64
}

#[tokio::test]
async fn the_else_of_a_let_sees_the_outer_name() {
    assert_eq!(everywhere(let_else::input(vec![Some("ab".into()), None])).await, 7);
    assert_eq!(everywhere(let_else::input(vec![None, Some("a".into())])).await, 3);
}

#[workflow]
async fn untouched_let_else(world: &World, items: Vec<Option<String>>) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = items;
    while let Some(item) = rest.pop() {
        let label = world.text(out.len() as u64).await;
        let label = {
            let Some(label) = item.as_ref().map(|item| format!("{label}{item}")) else {
                out.push(label);
                continue;
            };
            world.note(label.clone()).await;
            label + "."
        } + &label;
        out.push(label);
    }
    out
}

#[tokio::test]
async fn jumps_from_the_else_of_a_let_carry_the_outer_name() {
    let items = vec![Some("a".into()), None, Some("b".into())];
    assert_eq!(everywhere(untouched_let_else::input(items)).await, ["<0>b.<0>", "<1>", "<2>a.<2>"]);
}

#[workflow]
async fn kills(world: &World, n: u64) -> u64 {
    let mut x = n;
    let option = world.some(n).await;
    if let Some(mut x) = option {
        world.note_now(&x.to_string());
        x = 100 + n;
        world.note_now(&x.to_string());
    } else {
        x = 2;
    }
    let mut y = n + 1;
    world.big(y).await;
    match option {
        Some(mut y) => {
            world.note_now(&y.to_string());
            y = 5 * n;
            world.note_now(&y.to_string());
        }
        None => y = 6,
    }
    let z;
    let list = [1, 2];
    if #[at(Third)]
    world.big(1).await
    {
        z = 1;
        list.iter().for_each(|_| {});
    } else {
        z = 2;
        list.iter().for_each(|_| {});
    }
    world.note("end").await;
    x * 100 + y * 10 + z
}

#[tokio::test]
async fn a_pattern_of_the_same_name_is_not_what_is_assigned() {
    assert_eq!(everywhere(kills::input(3)).await, 342);
    assert_eq!(everywhere(kills::input(0)).await, 262);
}

#[workflow]
async fn scopes_in_scopes(world: &World, mut a: u64) -> Vec<u64> {
    let mut out = Vec::new();
    {
        {
            let a = world.ask(a + 1).await;
            out.push(
                a + #[at(Inner)]
                world.ask(a).await,
            );
        }
        a += 10;
        {
            let a = a + 5;
            out.push(a);
        }
        a += 100;
    }
    out.push(a);
    {
        let a = world.text(a).await;
        {
            let n = a.len() as u64;
            #[at(Last)]
            world.ask(n).await;
        }
    }
    a += 1;
    out.push(a);
    out
}

#[tokio::test]
async fn a_local_shown_again_in_an_inner_scope_is_the_same_outside() {
    assert_eq!(everywhere(scopes_in_scopes::input(1)).await, [4, 16, 111, 112]);
}
