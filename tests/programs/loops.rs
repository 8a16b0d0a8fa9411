//! Loops.

use super::world::{World, everywhere, report};
use durable::workflow;
use std::collections::{BTreeMap, VecDeque};

#[workflow]
async fn over_borrowed(world: &World, items: Vec<u64>) -> Vec<u64> {
    let mut out = Vec::new();
    for item in &items {
        if *item == 3 {
            continue;
        }
        if *item == 9 {
            break;
        }
        let got = world.ask(*item).await;
        out.push(got + *item);
    }
    out.push(items.len() as u64);
    out
}

#[tokio::test]
async fn for_over_a_borrowed_vec() {
    assert_eq!(everywhere(over_borrowed::input(vec![1, 3, 2, 9, 4])).await, [2, 4, 5]);
    assert_eq!(everywhere(over_borrowed::input(vec![])).await, [0]);
}

#[workflow]
async fn over_mutable(world: &World, mut items: Vec<u64>) -> Vec<u64> {
    for item in &mut items {
        *item += world.ask(*item).await;
    }
    for item in items.iter_mut() {
        *item += 1;
        world.note(item.to_string()).await;
        *item += 1;
    }
    items
}

#[tokio::test]
async fn for_over_a_mutably_borrowed_vec() {
    assert_eq!(everywhere(over_mutable::input(vec![1, 2])).await, [4, 6]);
}

#[workflow(strict)]
async fn over_typed(world: &World, items: Vec<u64>, mut by_name: BTreeMap<String, u64>) -> u64 {
    let mut sum: u64 = 0;
    for item in items {
        sum += world.ask(item).await;
    }
    by_name.insert("last".to_owned(), sum);
    for (name, count) in by_name {
        let count: u64 = count;
        let name: String = name;
        #[at(Named)]
        world.note(name).await;
        sum += count;
    }
    for day in 1..=3u64 {
        #[at(Day)]
        world.ask(day).await;
        sum += day;
    }
    for hour in 0..sum {
        if hour > 2 {
            break;
        }
        #[at(Hour)]
        world.ask(hour).await;
    }
    sum
}

#[tokio::test]
async fn loops_by_value_have_places_with_types() {
    let by_name = BTreeMap::from([("first".to_owned(), 4)]);
    assert_eq!(everywhere(over_typed::input(vec![1, 2], by_name)).await, 16);
    fn _left(state: &OverTypedState) -> (&[u64], &[(String, u64)]) {
        match state {
            OverTypedState::Ask { item_at, .. } => (item_at.as_slice(), &[]),
            OverTypedState::Named { name_at, .. } => (&[], name_at.as_slice()),
            _ => (&[], &[]),
        }
    }
}

#[workflow]
async fn over_owned(world: &World, items: Vec<String>) -> String {
    let mut all = String::new();
    for item in items {
        world.note(item.clone()).await;
        all.push_str(&item);
    }
    for (key, value) in BTreeMap::from([(1u8, "one".to_owned()), (2, "two".to_owned())]) {
        #[at(NoteMap)]
        world.note(format!("{key}")).await;
        all += &value;
    }
    all
}

#[tokio::test]
async fn for_over_owned_collections() {
    assert_eq!(everywhere(over_owned::input(vec!["a".into(), "b".into()])).await, "abonetwo");
}

#[workflow]
async fn over_ranges(world: &World, n: u64) -> u64 {
    let mut sum = 0;
    for i in 0..n {
        sum += world.ask(i).await;
    }
    for i in 1..=2u8 {
        #[at(AskInclusive)]
        let got = world.ask(u64::from(i)).await;
        sum += got * 100;
    }
    for _ in 0..2 {
        world.note("again").await;
    }
    sum
}

#[tokio::test]
async fn for_over_ranges() {
    assert_eq!(everywhere(over_ranges::input(4)).await, 306);
    assert_eq!(everywhere(over_ranges::input(0)).await, 300);
}

#[workflow]
async fn nested(world: &World, rows: Vec<Vec<u64>>) -> u64 {
    let mut sum = 0;
    'rows: for row in &rows {
        for cell in row {
            match cell {
                0 => continue 'rows,
                99 => break 'rows,
                _ => {}
            }
            sum += world.ask(*cell).await;
        }
        world.note("row").await;
    }
    sum
}

#[tokio::test]
async fn nested_loops_with_labels() {
    let rows = vec![vec![1, 2], vec![3, 0, 4], vec![], vec![5, 99, 6], vec![7]];
    assert_eq!(everywhere(nested::input(rows)).await, 11);
}

#[workflow]
async fn whiles(world: &World, mut n: u64) -> Vec<u64> {
    let mut seen = vec![];
    while n > 0 {
        n = world.ask(n - 1).await;
    }
    while world.big(n).await == false && n < 3 {
        n += 1;
    }
    let mut queue = VecDeque::from([1, 2, 3]);
    while let Some(next) = queue.pop_front() {
        let asked = {
            #[at(AskNext)]
            world.ask(next).await
        };
        seen.push(asked);
        if next == 2 {
            queue.clear();
        }
    }
    while let Some(m) = world.some(n).await {
        n = m - 1;
        seen.push(m);
    }
    seen
}

#[tokio::test]
async fn while_and_while_let() {
    assert_eq!(everywhere(whiles::input(3)).await, [1, 2, 3, 2, 1]);
}

#[workflow]
async fn loop_values(world: &World, mut n: u64) -> u64 {
    let first = loop {
        n += 1;
        if n > 3 {
            break world.ask(n).await;
        }
        if n == 100 {
            break 0;
        }
        world.note("round").await;
    };
    let second = first
        + loop {
            break #[at(AskArgument)]
            world.ask(5).await;
        };
    loop {
        if world.big(n).await {
            return second + n;
        }
        n += 4;
    }
}

#[tokio::test]
async fn loops_break_with_values_and_never_end_otherwise() {
    assert_eq!(everywhere(loop_values::input(1)).await, 21);
}

#[workflow]
async fn tail_loop(world: &World, limit: u64) -> u64 {
    let mut n = 0;
    loop {
        n = world.ask(n + 1).await;
        if n >= limit {
            break n;
        }
    }
}

#[tokio::test]
async fn a_loop_as_the_tail_gives_the_result() {
    assert_eq!(everywhere(tail_loop::input(3)).await, 3);
}

#[workflow]
async fn untouched_inner_loops(world: &World, items: Vec<u64>) -> u64 {
    let mut total = 0;
    for item in &items {
        let mut divisors = 0;
        for d in 1..=*item {
            if item % d != 0 {
                continue;
            }
            divisors += 1;
            if divisors > 3 {
                break;
            }
        }
        let skip = loop {
            if divisors > 2 { break true } else { break false }
        };
        if skip {
            continue;
        }
        total += world.ask(divisors).await;
    }
    total
}

#[tokio::test]
async fn jumps_of_inner_loops_without_awaits_stay_theirs() {
    assert_eq!(everywhere(untouched_inner_loops::input(vec![1, 6, 7])).await, 3);
}

#[workflow]
async fn jumps_from_expressions(world: &World, items: Vec<Option<u64>>) -> u64 {
    let mut sum = 0;
    'items: for item in &items {
        let value = match item {
            Some(value) => *value,
            None => continue,
        };
        let Some(checked) = value.checked_sub(1) else { continue 'items };
        sum += world.ask(checked + if value == 50 { break } else { 0 }).await;
    }
    sum
}

#[tokio::test]
async fn continue_and_break_from_inside_expressions() {
    let items = vec![Some(3), None, Some(0), Some(5), Some(50), Some(7)];
    assert_eq!(everywhere(jumps_from_expressions::input(items)).await, 6);
}

#[workflow]
#[allow(for_loops_over_fallibles)]
async fn over_option_and_array(world: &World, n: u64) -> u64 {
    let mut sum = 0;
    for m in Some(n) {
        sum += world.ask(m).await;
    }
    for m in [1u64, 2] {
        sum += #[at(AskArray)]
        world.ask(m).await;
    }
    sum
}

#[tokio::test]
async fn for_over_option_and_array() {
    assert_eq!(everywhere(over_option_and_array::input(4)).await, 7);
}

#[tokio::test]
async fn a_loop_costs_one_commit_for_each_await() {
    let report = report(tail_loop::input(10)).await;
    assert_eq!(report.commits, 12);
}

#[workflow]
async fn inferred_after_the_loop(world: &World, mut n: u64) -> u64 {
    let mut seen = Vec::new();
    while n > 0 {
        n = world.ask(n - 1).await;
        seen.push(n);
    }
    let last = loop {
        if n > 2 {
            break #[at(Text)]
            world.text(n).await;
        }
        n += 1;
        world.note("more").await;
    };
    last.len() as u64 + seen.len() as u64
}

#[tokio::test]
async fn types_fixed_in_a_loop_are_known_after_it() {
    assert_eq!(everywhere(inferred_after_the_loop::input(2)).await, 5);
}
