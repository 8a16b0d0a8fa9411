//! Loops over collections, and elements of them.

use super::world::{World, everywhere};
use durable::workflow;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashSet, LinkedList, VecDeque};

#[workflow]
async fn chars(world: &World) -> String {
    let mut s = String::new();
    for c in 'a'..='c' {
        world.note(c).await;
        s.push(c);
    }
    for c in 'x'..'z' {
        #[at(B)]
        world.note(c).await;
        s.push(c);
    }
    for c in ('a'..='b').rev() {
        #[at(C)]
        world.note(c).await;
        s.push(c);
    }
    for c in '\u{D7FF}'..='\u{E000}' {
        #[at(D)]
        world.ask(c as u64).await;
    }
    for c in '\u{10FFFE}'..=char::MAX {
        #[at(E)]
        world.ask(c as u64).await;
    }
    s
}
#[tokio::test]
async fn ranges_of_characters() {
    assert_eq!(everywhere(chars::input()).await, "abcxyba");
}

#[workflow]
async fn kinds(
    world: &World,
    mut b: BTreeMap<u64, String>,
    set: BTreeSet<u64>,
    hs: HashSet<u64>,
    list: LinkedList<u64>,
    heap: BinaryHeap<u64>,
    arr: [u64; 2],
    opt: Option<String>,
    boxed: Box<[u64]>,
) -> u64 {
    let mut sum = 0;
    for (k, v) in &b {
        world.note(v.as_str()).await;
        sum += k;
    }
    for s in &set {
        #[at(Set)]
        world.ask(*s).await;
        sum += s;
    }
    for x in &arr {
        #[at(Arr)]
        world.ask(*x).await;
        sum += x;
    }
    for x in arr {
        #[at(Arr2)]
        world.ask(x).await;
        sum += x;
    }
    for o in &opt {
        #[at(Opt)]
        world.note(o.as_str()).await;
        sum += 1;
    }
    for o in opt {
        #[at(Opt2)]
        world.note(o).await;
        sum += 1;
    }
    for x in &boxed {
        #[at(Boxed)]
        world.ask(*x).await;
        sum += x;
    }
    for x in boxed.iter().rev() {
        #[at(Boxed2)]
        world.ask(*x).await;
        sum += x;
    }
    for x in hs {
        #[at(Hs)]
        world.ask(x).await;
        sum += x;
    }
    for x in list {
        #[at(List)]
        world.ask(x).await;
        sum += x;
    }
    for x in heap {
        #[at(Heap)]
        world.ask(x).await;
        sum += x;
    }
    for (k, _) in b.range(1..) {
        sum += k;
    }
    for (k, v) in std::mem::take(&mut b) {
        #[at(Own)]
        world.note(v).await;
        sum += k;
    }
    sum
}
#[tokio::test]
async fn loops_over_all_collections_of_std() {
    assert_eq!(
        everywhere(kinds::input(
            [(1, "a".into())].into(),
            [2].into(),
            [3].into(),
            [4].into(),
            [5].into(),
            [6, 7],
            Some("x".into()),
            vec![8].into()
        ))
        .await,
        1 + 2 + 13 + 13 + 1 + 1 + 8 + 8 + 3 + 4 + 5 + 1 + 1
    );
}

#[workflow]
async fn results(world: &World, r: Result<u64, String>, vv: Vec<Vec<Option<u64>>>, text: String) -> u64 {
    let mut sum = 0;
    for x in r.ok() {
        world.ask(x).await;
        sum += x;
    }
    for row in vv.iter() {
        for x in row.iter().flatten().copied().collect::<Vec<_>>() {
            #[at(X)]
            world.ask(x).await;
            sum += x;
        }
    }
    for (i, c) in text.char_indices() {
        #[at(C)]
        world.ask(i as u64).await;
        sum += c as u64;
    }
    for b in text.bytes() {
        #[at(D)]
        world.ask(b as u64).await;
    }
    for w in text.split(", ") {
        #[at(E)]
        world.note(w).await;
        sum += 1;
    }
    for w in text.clone().split(", ").map(str::to_owned).collect::<Vec<_>>() {
        #[at(F)]
        world.note(w).await;
        sum += 1;
    }
    for i in (0..vv.len()).rev().step_by(1) {
        #[at(G)]
        world.ask(i as u64).await;
    }
    for i in 0..vv.len() {
        for j in 0..vv[i].len() {
            let cell = &vv[i][j];
            if cell.is_none() {
                continue;
            }
            #[at(H)]
            world.ask(j as u64).await;
        }
    }
    let tens = [10, 20, 30];
    let ab = ["a".to_owned(), "b".into()];
    for i in tens.iter().zip(&ab).skip(1) {
        #[at(I)]
        world.note(i.1.as_str()).await;
        sum += *i.0;
    }
    for x in std::iter::repeat_n(3u64, 2).collect::<Vec<_>>() {
        #[at(J)]
        world.ask(x).await;
    }
    let flat = vv.concat();
    for chunk in flat.chunks(2) {
        #[at(K)]
        world.ask(chunk.len() as u64).await;
    }
    sum
}
#[tokio::test]
async fn loops_over_parts_of_values() {
    assert_eq!(
        everywhere(results::input(Ok(1), vec![vec![Some(2), None], vec![Some(3)]], "a, b".into())).await,
        1 + 5 + (97 + 44 + 32 + 98) + 2 + 2 + 20
    );
}

#[workflow]
async fn loop_else(world: &World, items: Vec<u64>) -> Option<u64> {
    let found = 'search: {
        for item in &items {
            if world.big(*item).await {
                break 'search Some(*item);
            }
        }
        None
    };
    let out = loop {
        let Some(f) = found else { break None };
        if #[at(T)]
        world.big(f).await
        {
            break Some(f + 1);
        }
    };
    let n = 'a: loop {
        loop {
            match #[at(U)]
            world.ask(2).await
            {
                2 => break 'a 5,
                3 => continue 'a,
                _ => break,
            }
        }
    };
    out.map(|o| o + n)
}
#[tokio::test]
async fn loops_in_blocks_with_values() {
    assert_eq!(everywhere(loop_else::input(vec![1, 11, 12])).await, Some(17));
    assert_eq!(everywhere(loop_else::input(vec![1])).await, None);
}

#[workflow]
async fn modified_while_iterating(world: &World, n: u64) -> Vec<u64> {
    let mut q = VecDeque::from([n]);
    let mut out = vec![];
    while !q.is_empty() {
        let x = q.pop_front().unwrap();
        out.push(world.ask(x).await);
        if x > 1 {
            q.push_back(x - 1);
            q.push_back(x / 2);
        }
    }
    let mut i = 0;
    while i < out.len() {
        let e = &mut out[i];
        *e += 1;
        i += 1;
        #[at(B)]
        world.ask(i as u64).await;
    }
    for e in out.iter_mut().rev().take(2) {
        *e *= #[at(C)]
        world.ask(10).await;
    }
    out
}
#[tokio::test]
async fn a_collection_that_changes_while_its_items_are_visited() {
    assert_eq!(everywhere(modified_while_iterating::input(3)).await, [4, 3, 2, 20, 20]);
}

#[workflow]
async fn item_by_index(world: &World, items: Vec<String>) -> String {
    let mut out = String::new();
    for i in 0..items.len() {
        let item = &items[i];
        out += &format!("{item}{}", world.ask(i as u64).await);
    }
    let from = items.len() - 1;
    for (at, item) in items[from..].iter().enumerate() {
        #[at(R0)]
        world.note(format!("{at}{item}")).await;
    }
    const ONE: usize = 1;
    let rows = [[1, 2], [3, 4]];
    for r in 0..rows.len() {
        let row = &rows[r];
        for c in rows[r].iter().rev() {
            #[at(R1)]
            world.ask(*c).await;
        }
        for (c, cell) in row.iter().enumerate() {
            let other = &rows[c][ONE];
            #[at(R2)]
            world.ask(*cell).await;
            #[at(R3)]
            world.ask(*other).await;
            out += &other.to_string();
        }
        if let [1 | 3, b] = &rows[r] {
            #[at(R4)]
            world.ask(*b).await;
            #[at(R5)]
            world.ask(*b).await;
        }
    }
    for item in &items[1..] {
        #[at(R)]
        world.note(item.as_str()).await;
    }
    out
}
#[tokio::test]
async fn elements_at_an_index_that_is_not_assigned() {
    assert_eq!(everywhere(item_by_index::input(vec!["a".into(), "b".into()])).await, "a0b12424");
}

#[workflow]
async fn elements_in_loops(world: &World, mut rows: [[u64; 2]; 2], mut v: Vec<u64>) -> Vec<u64> {
    let mut i = 0;
    let mut from = 1;
    for x in &mut rows[i] {
        *x += world.ask(10).await;
        i = 1;
    }
    for x in &mut rows[i + 1 - 1] {
        *x += #[at(B)]
        world.ask(20).await;
        i = 0;
    }
    for x in &v[from..] {
        from += 1;
        #[at(C)]
        world.ask(*x).await;
    }
    for x in &mut v[..from - 1] {
        from += 9;
        *x += #[at(D)]
        world.ask(1).await;
    }
    for x in &vec![vec![1, 2], vec![3]][i] {
        #[at(E)]
        world.ask(*x).await;
    }
    for x in &mut *v {
        *x += #[at(F)]
        world.ask(1).await;
    }
    rows.concat().into_iter().chain(v).chain([from as u64]).collect()
}
#[tokio::test]
async fn a_loop_over_an_element_keeps_its_place_though_the_index_changes() {
    assert_eq!(
        everywhere(elements_in_loops::input([[1, 2], [3, 4]], vec![5, 6, 7])).await,
        [11, 12, 23, 24, 7, 8, 8, 21]
    );
}
