//! Order of evaluation: what stands before an await means what it meant before it.

use super::world::{World, everywhere};
use durable::workflow;
use serde::{Deserialize, Serialize};

fn pair(a: u64, b: u64) -> u64 {
    a * 1000 + b
}

fn bump(n: &mut u64) -> u64 {
    *n += 1;
    *n
}

#[workflow]
async fn copies_before_changes(world: &World, n: u64) -> Vec<u64> {
    let mut x = n;
    let mut all = Vec::new();
    all.push(pair(x, {
        x += 1;
        #[at(Compound)]
        world.ask(x).await
    }));
    all.push(pair(x, {
        x = 7;
        #[at(Assigned)]
        world.ask(x).await
    }));
    all.push(pair(
        x,
        #[at(Borrowed)]
        world.ask(bump(&mut x)).await,
    ));
    all.push(x.max({
        x = 0;
        #[at(Receiver)]
        world.ask(x).await
    }));
    let below = x < {
        x += 5;
        #[at(Compared)]
        world.ask(x).await
    };
    all.push(u64::from(below));
    all.push(
        x + {
            x += 5;
            #[at(Added)]
            world.ask(x).await
        },
    );
    let mut option = Some(3);
    all.push(
        option.map_or(0, |n| n)
            + pair(option.unwrap_or(0), {
                option.take();
                #[at(Taken)]
                world.ask(option.unwrap_or(9)).await
            }),
    );
    all
}

#[tokio::test]
async fn operands_are_copied_before_later_ones_change_them() {
    let all = everywhere(copies_before_changes::input(1)).await;
    assert_eq!(all, [1002, 2007, 7008, 8, 1, 15, 3012]);
}

#[workflow]
async fn receivers_that_are_read(world: &World, mut names: Vec<String>) -> (Vec<String>, Option<u64>, u64) {
    names.push(format!("{} {} {n}", names.len(), world.ask(1).await, n = 3));
    let mut first = None;
    let got = first.or({
        println!("{first:?}");
        Some(world.text(2).await.len() as u64)
    });
    let mut total = 1u64;
    let most = total.max({
        let sum: u64 = [1, 2].iter().map(|n| n + total).sum();
        world.big(sum).await;
        sum
    });
    first = Some(most);
    total += 1;
    (names, first.or(got), total)
}

#[tokio::test]
async fn a_receiver_may_be_read_by_later_operands() {
    let (names, first, total) = everywhere(receivers_that_are_read::input(vec!["a".into()])).await;
    assert_eq!((names, first, total), (vec!["a".to_owned(), "1 1 3".to_owned()], Some(5), 2));
}

fn add(to: &mut u64, n: u64) {
    *to += n;
}

#[workflow]
async fn elements(world: &World, mut v: Vec<u64>) -> Vec<u64> {
    let mut i = 0;
    add(
        &mut v[i + 1],
        #[at(Sum)]
        world.ask(10).await,
    );
    add(&mut v[i], {
        i += 2;
        #[at(Moved)]
        world.ask(i as u64).await
    });
    let mut options = [None, Some(1)];
    let _ = options[i - 1].insert(
        #[at(Insert)]
        world.ask(5).await,
    );
    v.push(options[1].unwrap_or(0));
    let mut rows = vec![vec![1], vec![2]];
    rows[i - 2].push(
        #[at(Push)]
        world.ask(6).await,
    );
    v.extend(rows.concat());
    v
}

#[tokio::test]
async fn elements_are_those_of_the_index_before_the_await() {
    assert_eq!(everywhere(elements::input(vec![1, 2, 3])).await, [3, 12, 3, 5, 1, 6, 2]);
}

#[derive(Serialize, Deserialize, Debug)]
struct Counter {
    count: u64,
    slots: Vec<Slot>,
}

#[derive(Serialize, Deserialize, Debug, Clone, Copy)]
struct Slot {
    n: u64,
}

impl Slot {
    fn set(&mut self, n: u64) {
        self.n = n;
    }
}

#[workflow]
async fn parts(world: &World, n: u64) -> u64 {
    let mut counter = Counter { count: n, slots: vec![Slot { n: 1 }, Slot { n: 2 }] };
    let first = 0;
    counter.slots[first + 1].set(
        #[at(Set)]
        world.ask(40).await,
    );
    add(
        &mut counter.slots[counter.count as usize].n,
        #[at(Add)]
        world.ask(2).await,
    );
    let out = pair(counter.count, {
        counter.count += 1;
        #[at(Changed)]
        world.ask(counter.count).await
    });
    out + counter.slots[1].n
}

#[tokio::test]
async fn methods_change_the_element_and_no_copy_of_it() {
    assert_eq!(everywhere(parts::input(1)).await, 1002 + 42);
}

fn plus(slot: &u64, n: u64) -> u64 {
    *slot + n
}

#[workflow]
async fn missing_element(world: &World, v: Vec<u64>) -> u64 {
    plus(
        &v[7],
        #[at(Never)]
        world.ask(1).await,
    )
}

#[tokio::test]
#[should_panic(expected = "index out of bounds")]
async fn a_missing_element_is_found_missing_before_the_await() {
    everywhere(missing_element::input(vec![])).await;
}

#[workflow]
async fn break_values(world: &World, n: u64) {
    let mut left = n;
    loop {
        if left == 0 {
            break drop(world.text(left));
        }
        left = world.ask(left - 1).await;
        if left == 1 {
            break world.note("last").await;
        }
    }
    'a: {
        if world.big(left).await {
            break 'a;
        }
        break 'a world.note_now("sync");
    }
    loop {
        if world.some(left).await.is_none() {
            break;
        }
        left = 0;
    }
}

#[tokio::test]
async fn values_of_breaks_are_evaluated_even_if_nobody_takes_them() {
    everywhere(break_values::input(3)).await;
}

#[workflow]
async fn macro_operands(world: &World, n: u64) -> Vec<u64> {
    use std::fmt::Write;
    let mut x = n;
    let mut out = String::new();
    let list = vec![x, {
        x += 1;
        #[at(Listed)]
        world.ask(x).await
    }];
    write!(
        &mut out,
        "{} {}",
        x,
        #[at(Written)]
        world.ask(3).await
    )
    .unwrap();
    write!(
        out,
        "{}",
        #[at(Again)]
        world.ask(4).await
    )
    .unwrap();
    world.note(out).await;
    assert_eq!(
        x,
        #[at(Checked)]
        world.ask(n + 1).await,
        "not {}",
        list.len()
    );
    list
}

#[tokio::test]
async fn macros_take_their_operands_in_order() {
    assert_eq!(everywhere(macro_operands::input(1)).await, [1, 2]);
}
