//! Programs that a hostile reviewer would write, each about one trap.

use super::world::{World, everywhere};
use durable::workflow;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, VecDeque};

#[workflow]
async fn format_arguments(world: &World, x: u64) -> String {
    let w = 6;
    let y = world.text(x).await;
    world.note(format!("{x:?} {0:w$}", y)).await;
    let _ = world.big(x).await;
    format!("{x:?} {0:w$} {y:>1$}", y, w + 2)
}

#[tokio::test]
async fn names_captured_in_format_strings_are_saved() {
    assert_eq!(everywhere(format_arguments::input(1)).await, "1 <1>         <1>");
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Refused(String);

impl From<String> for Refused {
    fn from(why: String) -> Self {
        Refused(why)
    }
}

type Res<T> = Result<T, Refused>;

#[workflow]
async fn converts(world: &World, n: u64) -> Res<u64> {
    let first = world.even(n).await?;
    let second: u64 = match first {
        4 => return Ok(world.some(4).await.ok_or_else(|| Refused("none".into()))?),
        n =>
        {
            #[at(Second)]
            world.even(n + 1).await?
        }
    };
    Ok(second)
}

#[tokio::test]
async fn question_mark_converts_errors() {
    assert_eq!(everywhere(converts::input(1)).await, Err(Refused("1 is odd".into())));
    assert_eq!(everywhere(converts::input(2)).await, Err(Refused("3 is odd".into())));
    assert_eq!(everywhere(converts::input(4)).await, Ok(4));
}

#[workflow]
async fn bare_conditions(world: &World, n: u64) -> u64 {
    let mut left = n;
    while world.ask(left).await > 3 {
        left -= 1;
    }
    while let Some(x) = world.some(left).await {
        left = x - 1;
    }
    while {
        #[at(Third)]
        world.ask(left).await
            < 2
    } {
        left += 1;
    }
    left
}

#[tokio::test]
async fn loop_conditions_that_await() {
    assert_eq!(everywhere(bare_conditions::input(6)).await, 2);
}

async fn bump(n: &mut u64, world: &World) -> u64 {
    world.note_now("bump");
    *n += 1;
    *n
}

#[workflow]
async fn exclusive(world: &World, mut n: u64, mut v: Vec<u64>) -> (u64, Vec<u64>) {
    bump(&mut n, world).await;
    let last = &mut v[0];
    *last += world.ask(3).await;
    #[at(Again)]
    world.ask(*last).await;
    *last += 1;
    (n, v)
}

#[tokio::test]
async fn exclusive_borrows_across_awaits() {
    assert_eq!(everywhere(exclusive::input(1, vec![1, 2])).await, (2, vec![5, 2]));
}

#[workflow]
async fn partial_annotations(world: &World, n: u64) -> usize {
    let v: Vec<_> = vec![n, n + 1];
    let m: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let parsed = "17".parse().unwrap_or(0u8);
    let later = Default::default();
    world.ask(n).await;
    let mut m = m;
    m.insert('a', vec![parsed]);
    let text: String = later;
    #[at(More)]
    world.ask(v[1]).await;
    v.len() + m.len() + text.len() + m[&'a'].len()
}

#[tokio::test]
async fn types_that_are_written_in_part_or_not_at_all() {
    assert_eq!(everywhere(partial_annotations::input(1)).await, 4);
}

#[workflow]
async fn local_types(world: &World, n: u64) -> Option<u64> {
    use std::collections::BTreeSet as Set;
    #[derive(Serialize, Deserialize, Clone)]
    struct Held {
        n: u64,
        of: Set<u64>,
    }
    fn inner(n: u64) -> Option<u64> {
        let held = n.checked_sub(1)?;
        if held > 10 {
            return None;
        }
        Some(held)
    }
    let held = Held { n, of: Set::from([n]) };
    let set: Set<u64> = held.of.clone();
    world.ask(held.n).await;
    let inner_n = inner(n)?;
    #[at(Second)]
    world.ask(inner_n).await;
    Some(held.n + held.of.len() as u64 + set.len() as u64)
}

#[tokio::test]
async fn local_types_and_functions_across_awaits() {
    assert_eq!(everywhere(local_types::input(3)).await, Some(5));
    assert_eq!(everywhere(local_types::input(0)).await, None);
}

#[workflow]
async fn closures(world: &World, n: u64) -> u64 {
    let offset = n + 1;
    let before: u64 = (0..3).map(|x| x + offset).sum();
    let got = world.ask(before).await;
    let add = |x: u64| x + offset + got;
    let after = add(1);
    #[at(Across)]
    world.ask([1, 2].iter().map(|x| x + offset).sum::<u64>()).await;
    let mut total = after;
    let mut push = |x: u64| total += x + offset;
    push(1);
    push(2);
    #[at(Last)]
    world.ask(total).await
        + offset
}

#[tokio::test]
async fn closures_that_capture_saved_locals() {
    assert_eq!(everywhere(closures::input(1)).await, 21);
}

/// Calls it twice.
async fn twice<F: Future<Output = u64>>(run: impl Fn(u64) -> F) -> u64 {
    run(1).await + run(2).await
}

#[workflow]
async fn async_closures(world: &World, n: u64) -> u64 {
    let text = world.text(n).await;
    let sum = twice(async |x| world.ask(x + text.len() as u64).await + n).await;
    let made = async {
        let later = async { world.ask(n).await };
        later.await + sum
    }
    .await;
    made + world.ask(n).await
}

#[tokio::test]
async fn async_closures_and_blocks_are_left_alone() {
    assert_eq!(everywhere(async_closures::input(2)).await, 17);
}

macro_rules! json {
    ({ $($key:literal : $value:expr),* }) => { vec![$(format!("{}={}", $key, $value)),*].join(",") };
}

#[workflow]
async fn unknown_macros(world: &World, n: u64) -> String {
    let name = format!("n{n}");
    let first = json!({ "n": n, "name": name });
    world.ask(n).await;
    let second = json!({ "name": format!("{name}!"), "n": n + 1 });
    #[at(Again)]
    world.ask(n).await;
    format!("{first};{second};{}", vec![world.some(n).await; 1].len())
}

#[tokio::test]
async fn macros_that_name_saved_locals() {
    assert_eq!(everywhere(unknown_macros::input(1)).await, "n=1,name=n1;name=n1!,n=2;1");
}

#[workflow]
async fn unary(world: &World, n: u64) -> (u8, i64, bool) {
    let small = (world.ask(n).await) as u8;
    #[at(Second)]
    let negative = -(world.ask(n).await as i64);
    (small, negative, !world.big(n).await)
}

#[tokio::test]
async fn casts_and_negations_around_an_await() {
    assert_eq!(everywhere(unary::input(300)).await, (44, -300, false));
}

#[workflow]
async fn nested_return(world: &World, n: u64) -> Result<u64, String> {
    match n {
        0..=9 => match world.some(n).await {
            Some(4) => return world.even(4).await,
            Some(n) => {
                return Ok(
                    #[at(Inner)]
                    world.even(n).await?,
                );
            }
            None => {}
        },
        _ => return Err("large".into()),
    }
    #[allow(unreachable_code)]
    {
        return Ok(7);
        #[at(Never)]
        world.ask(1).await;
        Ok(8)
    }
}

#[tokio::test]
async fn returns_of_awaited_values_in_nested_matches() {
    assert_eq!(everywhere(nested_return::input(4)).await, Ok(4));
    assert_eq!(everywhere(nested_return::input(3)).await, Err("3 is odd".into()));
    assert_eq!(everywhere(nested_return::input(0)).await, Ok(7));
    assert_eq!(everywhere(nested_return::input(10)).await, Err("large".into()));
}

#[workflow]
async fn outer_continue(world: &World, rows: Vec<Vec<Option<u64>>>) -> u64 {
    let mut sum = 0;
    'rows: for row in &rows {
        for cell in row {
            let n = match cell {
                Some(n) if *n > 100 => break 'rows,
                Some(n) => *n,
                None => continue 'rows,
            };
            sum += world.ask(n).await;
        }
        sum += 1000;
    }
    sum
}

#[tokio::test]
async fn labels_from_untouched_code_inside_a_match() {
    let rows = vec![vec![Some(1), None, Some(5)], vec![Some(2)], vec![Some(101)], vec![Some(3)]];
    assert_eq!(everywhere(outer_continue::input(rows)).await, 1003);
}

#[workflow]
async fn deep(world: &World, n: u64) -> u64 {
    let mut log = 0;
    if n > 0 {
        for a in 0..2u64 {
            match a {
                0 => {
                    if let Some(b) = world.some(n).await {
                        'c: loop {
                            let d = loop {
                                break {
                                    let e = if b > 1 {
                                        while log < 2 {
                                            log += {
                                                let f = vec![n, b];
                                                for g in &f {
                                                    if *g > 0 {
                                                        match g {
                                                            1 => {
                                                                #[at(Deep)]
                                                                world.ask(1).await;
                                                            }
                                                            _ => {
                                                                #[at(Deeper)]
                                                                world.ask(*g).await;
                                                                continue;
                                                            }
                                                        }
                                                    }
                                                }
                                                f.len() as u64
                                            };
                                        }
                                        log
                                    } else {
                                        #[at(Else)]
                                        world.ask(9).await
                                    };
                                    e + a
                                };
                            };
                            log += d;
                            break 'c;
                        }
                    }
                }
                _ => log += world.ask(a).await,
            }
        }
    }
    log
}

#[tokio::test]
async fn twelve_levels_of_nesting() {
    assert_eq!(everywhere(deep::input(2)).await, 5);
    assert_eq!(everywhere(deep::input(1)).await, 10);
}

#[workflow]
async fn maps(world: &World, prices: HashMap<String, u64>, queue: VecDeque<u64>) -> u64 {
    let mut sum = 0;
    for (name, price) in prices {
        world.note_len(&name).await;
        sum += world.ask(price).await;
    }
    for n in queue {
        #[at(Queue)]
        world.ask(n).await;
        sum += n;
    }
    sum
}

impl World {
    async fn note_len(&self, _: &str) {}
}

#[tokio::test]
async fn loops_over_maps_and_queues_by_value() {
    assert_eq!(everywhere(maps::input(HashMap::from([("a".into(), 2)]), VecDeque::from([1, 2]))).await, 5);
}

#[workflow]
async fn first_of_two(world: &World, n: u64) -> u64 {
    world.ask(n).await
}

#[workflow]
async fn second_of_two(world: &World, n: u64) -> u64 {
    #[derive(Clone, Copy, Serialize, Deserialize)]
    struct Order(u64);
    let order = Order(first_of_two(world, n).await);
    world.ask(1).await;
    order.0
}

#[tokio::test]
async fn two_workflows_of_one_module() {
    assert_eq!(everywhere(second_of_two::input(3)).await, 3);
}

#[workflow]
async fn early(world: &World, n: u64) -> u64 {
    let x;
    if n > 1 {
        x = 1;
    } else {
        x = world.ask(n).await;
    }
    #[at(Then)]
    world.ask(x).await;
    let y: u64;
    match n {
        0 => y = 5,
        1 => {
            #[at(One)]
            let got = world.ask(10).await;
            y = got;
        }
        _ => return x,
    }
    #[at(Last)]
    world.ask(y).await
        + x
}

#[tokio::test]
async fn deferred_initialisation_on_some_ways_after_an_await() {
    assert_eq!(everywhere(early::input(2)).await, 1);
    assert_eq!(everywhere(early::input(1)).await, 11);
    assert_eq!(everywhere(early::input(0)).await, 5);
}

#[workflow]
async fn compound(world: &World, n: u64) -> (u64, String, Vec<u64>) {
    let mut sum = n;
    sum += world.ask(sum).await;
    let mut text = String::new();
    text += &world.text(n).await;
    let mut v = vec![1, 2, 3];
    v[1] = world.some(n).await.unwrap_or(7);
    let i = 2;
    #[at(Third)]
    let third = world.ask(9).await;
    v[i] *= third;
    (sum, text, v)
}

#[tokio::test]
async fn assignments_of_awaited_values() {
    assert_eq!(everywhere(compound::input(0)).await, (0, "<0>".into(), vec![1, 7, 27]));
}

#[workflow]
async fn many_in_chain(world: &World, n: u64) -> u64 {
    if let Some(a) = world.some(n).await
        && world.big(a).await
        && let Ok(b) = world.even(a).await
    {
        a + b
    } else if let Some(a) = Some(n)
        && let ref c = a
        && *c > 1
        && #[at(Ask)]
        world.ask(*c).await
            > 2
    {
        a
    } else {
        0
    }
}

#[tokio::test]
async fn let_chains_that_await_in_every_part() {
    assert_eq!(everywhere(many_in_chain::input(12)).await, 24);
    assert_eq!(everywhere(many_in_chain::input(3)).await, 3);
    assert_eq!(everywhere(many_in_chain::input(1)).await, 0);
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Parcel {
    id: u64,
    lines: Vec<String>,
    note: Option<String>,
}

async fn weigh(lines: Vec<String>, id: u64) -> u64 {
    lines.len() as u64 + id
}

#[workflow]
async fn parts(world: &World, mut parcel: Parcel, other: Parcel) -> (u64, Parcel) {
    world.ask(parcel.id).await;
    let weight = weigh(std::mem::take(&mut parcel.lines), parcel.id).await;
    parcel.lines = vec!["new".into()];
    #[at(Second)]
    let again = weigh(parcel.lines, parcel.id).await + parcel.id;
    parcel.lines = Vec::new();
    if let Some(note) = parcel.note {
        parcel.note = Some(note + "!");
    } else {
        world.note("nothing").await;
        parcel.note = Some("none".into());
    }
    let Parcel { id, lines, note } = other;
    #[at(Third)]
    world.ask(id).await;
    world.text(lines.len() as u64 + note.map_or(0, |note| note.len() as u64)).await;
    (weight + again, parcel)
}

#[tokio::test]
async fn parts_are_moved_and_put_back_between_awaits() {
    let parcel = |note: Option<&str>| Parcel {
        id: 1,
        lines: vec!["a".into(), "b".into()],
        note: note.map(Into::into),
    };
    let whole = |note: Option<&str>| Parcel { id: 1, lines: vec![], note: note.map(Into::into) };
    let (some, none) = (parcel(Some("x")), parcel(None));
    assert_eq!(everywhere(parts::input(some.clone(), none.clone())).await, (6, whole(Some("x!"))));
    assert_eq!(everywhere(parts::input(none, some)).await, (6, whole(Some("none"))));
}
