//! What locals may hold across awaits, and the one type of `std` that would come back changed.

use super::world::{World, everywhere};
use durable::workflow;
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    collections::{BTreeSet, BinaryHeap, LinkedList},
    num::NonZeroU8,
    time::Duration,
};

#[workflow]
async fn inclusive_edges(world: &World) -> u64 {
    let mut n = 0;
    for i in 250..=u8::MAX {
        n += world.ask(u64::from(i)).await;
    }
    for i in i8::MIN..=-127 {
        #[at(B)]
        world.ask(i as u64).await;
        n += 1;
    }
    for i in 5..=4u8 {
        #[at(C)]
        world.ask(i as u64).await;
        n += 1000;
    }
    for i in (1..=3).rev() {
        n += #[at(D)]
        world.ask(i).await;
    }

    n
}
#[tokio::test]
async fn inclusive_ranges_at_the_ends_of_their_types() {
    assert_eq!(everywhere(inclusive_edges::input()).await, 250 + 251 + 252 + 253 + 254 + 255 + 2 + 6);
}

#[workflow]
async fn all_kinds(world: &World, n: u64) -> String {
    let unit = ();
    let cow: Cow<'static, str> = Cow::Borrowed("cow");
    let duration = Duration::from_millis(1500);
    let nested: Option<Option<()>> = Some(None);
    let nz = NonZeroU8::new(3).unwrap();
    let wide = u128::MAX;
    let neg = i128::MIN;
    let f = f64::INFINITY;
    let c = 'ß';
    let array = [1u8; 32];
    let boxed: Box<[u64]> = vec![n].into();
    let text: Box<str> = "boxed".into();
    let set: BTreeSet<(u8, char)> = [(1, 'a')].into();
    let heap: BinaryHeap<u64> = [3, 1, 2].into();
    let list: LinkedList<u64> = [3, 1, 2].into();
    let res: Result<u8, String> = Err("no".into());
    let phantom = std::marker::PhantomData::<World>;
    let wrap = std::num::Wrapping(250u8);
    let ip: std::net::IpAddr = "127.0.0.1".parse().unwrap();
    let path = std::path::PathBuf::from("/a/b");
    let os = std::cmp::Reverse(5);
    let cell = std::cell::Cell::new(3);
    let id = uuid::Uuid::nil();
    let bound = std::ops::Bound::Included(n);
    world.ask(n).await;
    let _ = phantom;
    format!(
        "{unit:?} {cow} {duration:?} {nested:?} {nz} {wide} {neg} {f} {c} {array:?} {boxed:?} {text} {set:?} {} {list:?} {res:?} {wrap} {ip} {path:?} {os:?} {} {id} {bound:?}",
        heap.into_sorted_vec().len(),
        cell.get()
    )
}
#[tokio::test]
async fn values_of_all_kinds_come_back() {
    assert!(everywhere(all_kinds::input(3)).await.starts_with("() cow 1.5s Some(None) 3"));
}

#[workflow]
async fn float_bits(world: &World, x: f64) -> (bool, bool) {
    let nan = f64::NAN;
    let z = -0.0f64 * x;
    world.ask(1).await;
    (nan.is_nan(), z.is_sign_negative())
}
#[tokio::test]
async fn odd_floats_come_back() {
    assert_eq!(everywhere(float_bits::input(1.0)).await, (true, true));
}

// tuple fields and nested struct moves
#[derive(Serialize, Deserialize, Debug, Clone)]
struct Own(String);
#[workflow]
async fn conditional_move(world: &World, own: Own, b: bool) -> usize {
    let len = if b {
        let taken = own;
        world.ask(1).await;
        taken.0.len()
    } else {
        #[at(Other)]
        world.ask(2).await;
        own.0.len() + 100
    };
    #[at(End)]
    world.ask(len as u64).await;
    len
}
#[tokio::test]
async fn a_local_that_is_moved_on_one_way_only() {
    assert_eq!(everywhere(conditional_move::input(Own("abc".into()), true)).await, 3);
    assert_eq!(everywhere(conditional_move::input(Own("abc".into()), false)).await, 103);
}

#[workflow]
async fn tuple_parts(world: &World, pair: (Own, Own)) -> usize {
    let first = pair.0;
    world.ask(1).await;
    #[at(Two)]
    world.ask(first.0.len() as u64).await;
    first.0.len()
}
#[tokio::test]
async fn a_part_of_a_tuple_outlives_the_rest() {
    assert_eq!(everywhere(tuple_parts::input((Own("abc".into()), Own("d".into())))).await, 3);
}

#[workflow]
async fn loop_move_reinit(world: &World, n: u64) -> Vec<String> {
    let mut out = vec![];
    let mut cur = String::from("a");
    for i in 0..n {
        if i % 2 == 0 {
            out.push(cur);
            cur = world.text(i).await;
        } else {
            #[at(No)]
            world.ask(i).await;
            cur.push('x');
        }
    }
    out.push(cur);
    out
}
#[tokio::test]
async fn a_local_that_is_moved_and_made_anew_by_turns() {
    assert_eq!(everywhere(loop_move_reinit::input(3)).await, ["a", "<0>x", "<2>"]);
}

#[workflow]
async fn inclusive_local(world: &World, n: u64) -> u64 {
    let mut range = 0..=n;
    let mut sum = 0;
    while let Some(i) = range.next() {
        sum += world.ask(i).await;
    }
    sum
}

#[derive(Serialize, Deserialize, Debug)]
struct Opened {
    hours: std::ops::RangeInclusive<u8>,
}

#[workflow]
async fn inclusive_field(world: &World, opened: Opened) -> bool {
    world.ask(1).await;
    opened.hours.contains(&3)
}

#[derive(Serialize, Deserialize, Debug)]
struct Shifts {
    #[serde(with = "durable::inclusive_range")]
    hours: std::ops::RangeInclusive<u64>,
    closed: Vec<u64>,
}

#[workflow]
async fn inclusive_field_with_all_it_knows(world: &World, mut shifts: Shifts) -> (u64, bool, Shifts) {
    let mut sum = 0;
    while let Some(hour) = shifts.hours.next() {
        sum += world.ask(hour).await;
        shifts.closed.push(hour);
    }
    #[at(Late)]
    world.ask(99).await;
    let late = shifts.hours.contains(&3);
    (sum, late, shifts)
}

/// A type of a user's own with that name is like any other.
#[derive(Serialize, Deserialize, Debug)]
struct RangeInclusive {
    start: u64,
    end: u64,
}

#[workflow]
async fn own_range(world: &World, range: RangeInclusive) -> u64 {
    world.ask(range.start).await;
    range.end
}

#[tokio::test]
async fn an_inclusive_range_is_refused_since_it_forgets_that_it_is_at_its_end() {
    let test = || durable_test::CrashTest::<inclusive_local>::new(|log, all| all.insert(World::logging(log)));
    let error = test().check(inclusive_local::input(2)).await.unwrap_err().to_string();
    assert!(
        error.contains("saves `range` at await point `Ask`") && error.contains("Save its bounds"),
        "{error}"
    );
    let test = durable_test::CrashTest::<inclusive_field>::new(|log, all| all.insert(World::logging(log)));
    let error = test.check(inclusive_field::input(Opened { hours: 1..=3 })).await.unwrap_err().to_string();
    assert!(error.contains("`opened`") && error.contains("RangeInclusive"), "{error}");
    assert_eq!(everywhere(own_range::input(RangeInclusive { start: 1, end: 2 })).await, 2);
}

#[tokio::test]
async fn a_field_that_says_whether_its_inclusive_range_is_used_up_is_saved() {
    let given = Shifts { hours: 1..=3, closed: vec![] };
    let (sum, late, shifts) = everywhere(inclusive_field_with_all_it_knows::input(given)).await;
    assert_eq!((sum, late, shifts.closed), (6, false, vec![1, 2, 3]));
    assert!(shifts.hours.is_empty());
}

#[workflow]
async fn half_open_local(world: &World, n: u64) -> u64 {
    let mut range = 0..n;
    let mut sum = 0;
    while let Some(i) = range.next() {
        sum += world.ask(i).await;
    }
    for i in range.start..=n {
        #[at(Rest)]
        world.ask(i).await;
        sum += i;
    }
    sum
}

#[tokio::test]
async fn a_range_that_knows_its_end_is_saved() {
    assert_eq!(everywhere(half_open_local::input(3)).await, 3 + 3);
}
