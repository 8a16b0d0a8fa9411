//! Minimal forms of what random programs found (`tests/random/`).

#![allow(unused_assignments, reason = "what nobody reads is what some of these are about")]

use super::world::{World, everywhere};
use durable::workflow;

#[workflow]
async fn assigned_before_it_is_read_in_a_loop(world: &World, text: String) -> u64 {
    let mut text = text;
    let taken = text;
    let mut n = world.ask(taken.len() as u64).await;
    while n < 6 {
        n += 2;
        text = format!("{n}");
        let inner = text;
        n += inner.len() as u64;
    }
    n
}

#[tokio::test]
async fn what_a_loop_assigns_before_it_reads_it_is_not_alive_before_the_loop() {
    assert_eq!(everywhere(assigned_before_it_is_read_in_a_loop::input("abc".into())).await, 6);
}

#[workflow]
async fn assigned_before_it_is_read_in_a_branch(world: &World, items: Vec<u64>, c: bool) -> usize {
    let mut items = items;
    let taken = items;
    world.ask(taken.len() as u64).await;
    let copy: Vec<u64>;
    if c {
        items = vec![1, 2];
        copy = items.clone();
    } else {
        copy = vec![];
    }
    copy.len()
}

#[tokio::test]
async fn what_a_branch_assigns_before_it_reads_it_is_not_alive_before_the_branch() {
    assert_eq!(everywhere(assigned_before_it_is_read_in_a_branch::input(vec![3], true)).await, 2);
    assert_eq!(everywhere(assigned_before_it_is_read_in_a_branch::input(vec![3], false)).await, 0);
}

#[workflow]
async fn assigned_before_a_jump(world: &World, text: String) -> String {
    let mut text = text;
    loop {
        let taken = text;
        let n = world.ask(taken.len() as u64).await;
        if n > 3 {
            text = format!("{n}");
            break;
        }
        text = taken + "+";
    }
    text
}

#[tokio::test]
async fn what_is_assigned_before_a_jump_is_not_alive_before_it() {
    assert_eq!(everywhere(assigned_before_a_jump::input("ab".into())).await, "4");
}

#[workflow]
async fn begins_as_nothing(world: &World) -> usize {
    let mut found = None;
    let mut list = Vec::new();
    world.note("nobody reads what they were").await;
    found = Some(world.ask(1).await);
    list = vec![found];
    world.even(2).await.unwrap();
    list.len()
}

#[tokio::test]
async fn the_type_of_what_begins_as_nothing_is_known_from_its_next_value() {
    assert_eq!(everywhere(begins_as_nothing::input()).await, 1);
}

#[workflow]
async fn hidden_twice_in_one_scope(world: &World, v: Vec<u64>) -> Vec<u64> {
    let mut v = v;
    {
        let n = {
            let v = 1;
            world.ask(v).await
        };
        let v = n;
        world.note(format!("{v}")).await;
    }
    v.push(2);
    v
}

#[tokio::test]
async fn a_local_that_is_hidden_twice_in_one_scope_leaves_it_once() {
    assert_eq!(everywhere(hidden_twice_in_one_scope::input(vec![1])).await, [1, 2]);
}

#[workflow]
async fn jumps_in_a_macro(world: &World, n: u64) -> u64 {
    let mut sum = 0;
    'rounds: for i in 0..n {
        let list = vec![i, if i == 2 { break 'rounds } else { 1 }];
        sum += world.ask(list[0] + list[1]).await;
    }
    sum
}

#[tokio::test]
async fn a_jump_in_an_operand_of_a_macro_leaves_the_loop() {
    assert_eq!(everywhere(jumps_in_a_macro::input(5)).await, 3);
}

#[workflow]
async fn a_pattern_in_a_macro(world: &World, text: String, a: Option<u64>) -> Vec<u64> {
    let n = world.ask(text.len() as u64).await;
    let taken = text;
    world.note(taken).await;
    vec![match a {
        Some(text) => text,
        None => n,
    }]
}

#[tokio::test]
async fn a_name_that_a_pattern_in_a_macro_binds_is_no_use_of_the_outer_one() {
    assert_eq!(everywhere(a_pattern_in_a_macro::input("ab".into(), None)).await, [2]);
    assert_eq!(everywhere(a_pattern_in_a_macro::input("ab".into(), Some(7))).await, [7]);
}

#[workflow]
async fn hidden_by_its_own_borrow(world: &World, v: Vec<u64>) -> Vec<u64> {
    let mut n = 0;
    {
        let v = &v;
        n += world.ask(v[0]).await;
    }
    {
        let Some(v) = &Some(v.len() as u64).filter(|_| v.len() > 5) else { return vec![n] };
        n += v;
    }
    v
}

#[tokio::test]
async fn a_borrow_may_hide_what_it_borrows_from() {
    assert_eq!(everywhere(hidden_by_its_own_borrow::input(vec![1])).await, [1]);
    assert_eq!(everywhere(hidden_by_its_own_borrow::input(vec![1; 6])).await, [1; 6]);
}

#[workflow]
async fn hidden_under_an_item(world: &World, v: Vec<u64>) -> Vec<u64> {
    let mut v = v;
    for item in &mut v {
        *item += world.ask(1).await;
        let Some(v) = item.checked_sub(3) else {
            *item += 10;
            continue;
        };
        *item += v;
    }
    v
}

#[tokio::test]
async fn an_item_is_borrowed_again_where_its_collection_is_visible_again() {
    assert_eq!(everywhere(hidden_under_an_item::input(vec![1, 5])).await, [12, 9]);
}

#[workflow]
async fn hidden_under_a_guard(world: &World, v: Vec<u64>) -> Vec<u64> {
    let mut v = v;
    for item in &mut v {
        let n = world.ask(1).await;
        match Some(n) {
            Some(v) if *item > 3 => *item += world.some(v).await.unwrap_or(2),
            _ => *item = 0,
        }
    }
    v
}

#[tokio::test]
async fn a_guard_reads_an_item_whose_collection_a_pattern_hides() {
    assert_eq!(everywhere(hidden_under_a_guard::input(vec![1, 5])).await, [0, 6]);
}

#[workflow]
async fn borrow_and_owner_hidden_in_one_scope(world: &World, n: u64) -> u64 {
    let mut n = n;
    let r = &n;
    let mut sum = 0;
    while sum < 5 {
        sum += world.ask(*r).await;
        {
            let n = sum + *r;
            let Some(r) = n.checked_sub(3) else { continue };
            sum += r;
            world.note("hidden").await;
        }
        sum += *r;
    }
    n += sum;
    n
}

#[tokio::test]
async fn a_borrow_that_was_hidden_with_its_owner_is_taken_again_outside() {
    assert_eq!(everywhere(borrow_and_owner_hidden_in_one_scope::input(1)).await, 8);
}

#[workflow]
async fn assigned_in_a_scrutinee(world: &World, n: u64) -> u64 {
    let mut a = n;
    world.note(format!("{a}")).await;
    match {
        a = n + 1;
        n
    } {
        0 => a += world.ask(10).await,
        a @ 1..=2 => {
            world.text(a).await;
        }
        _ => {}
    }
    a
}

#[tokio::test]
async fn a_local_that_a_scrutinee_assigns_is_moved_aside_afterwards() {
    assert_eq!(everywhere(assigned_in_a_scrutinee::input(0)).await, 11);
    assert_eq!(everywhere(assigned_in_a_scrutinee::input(2)).await, 3);
}

#[workflow]
async fn assigned_in_a_labelled_block(world: &World, text: String) -> String {
    let mut text = text;
    let taken = text;
    let n = world.ask(taken.len() as u64).await;
    'found: {
        text = format!("{n}");
        if n > 1 {
            break 'found;
        }
        text.push('+');
    }
    text
}

#[tokio::test]
async fn what_every_way_out_of_a_labelled_block_assigns_is_not_alive_before_it() {
    assert_eq!(everywhere(assigned_in_a_labelled_block::input("a".into())).await, "1+");
    assert_eq!(everywhere(assigned_in_a_labelled_block::input("ab".into())).await, "2");
}

#[workflow]
async fn assigned_in_a_chain(world: &World, n: u64) -> u64 {
    let mut text = format!("<{n}>");
    if n > 3 {
        let taken = text;
        world.ask(taken.len() as u64).await;
    }
    let mut rounds = 0;
    while rounds < 2 && {
        text = format!("{rounds}");
        n > 1
    } {
        rounds += text.len() as u64;
    }
    rounds
}

#[tokio::test]
async fn what_a_condition_assigns_is_not_alive_before_it_where_it_holds() {
    assert_eq!(everywhere(assigned_in_a_chain::input(5)).await, 2);
    assert_eq!(everywhere(assigned_in_a_chain::input(2)).await, 2);
    assert_eq!(everywhere(assigned_in_a_chain::input(1)).await, 0);
}

#[workflow]
async fn compared_through_a_borrow(world: &World, a: u64) -> Vec<bool> {
    let mut a = a;
    let mut found = Vec::new();
    let x = &mut a;
    let larger = (*x) >= ({ world.ask(a).await });
    found.push(larger);
    let y = &mut a;
    let same = *y == {
        a += 1;
        #[at(Same)]
        world.ask(a).await
    };
    found.push(same);
    let z = &a;
    let less = *z < {
        a += 1;
        #[at(Less)]
        world.ask(0).await
            + a
    };
    found.push(less);
    found
}

#[tokio::test]
async fn what_is_compared_through_a_borrow_that_ends_then_is_a_copy() {
    assert_eq!(everywhere(compared_through_a_borrow::input(1)).await, [true, false, true]);
}

#[workflow]
async fn assigned_after_two_scopes(world: &World, n: u64, v: Vec<u64>) -> u64 {
    let mut v = v;
    let mut round = v.len() as u64;
    while round < n {
        round += 1;
        {
            world.ask(round).await;
            if let Some(known) = {
                let v: u64 = n;
                #[at(Known)]
                world.ask(v).await.checked_sub(1)
            } {
                round += known;
            }
        }
        v = vec![n];
    }
    round
}

#[tokio::test]
async fn what_is_assigned_outside_of_where_it_was_hidden_is_declared_there() {
    assert_eq!(everywhere(assigned_after_two_scopes::input(5, vec![7])).await, 6);
}
