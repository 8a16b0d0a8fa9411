//! Loops over iterators across awaits.

use super::world::{World, everywhere};
use durable::workflow;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, VecDeque};

#[derive(Serialize, Deserialize, Debug, Clone)]
struct Cart {
    lines: Vec<Line>,
    prices: BTreeMap<String, u64>,
    note: String,
}

#[derive(Serialize, Deserialize, Debug, Clone)]
struct Line {
    sku: String,
    count: u64,
}

fn cart() -> Cart {
    let line = |sku: &str, count| Line { sku: sku.into(), count };
    Cart {
        lines: vec![line("a", 1), line("b", 2), line("c", 3)],
        prices: BTreeMap::from([("x".into(), 5), ("y".into(), 7)]),
        note: "one two\nthree".into(),
    }
}

#[workflow]
async fn adapters(world: &World, cart: Cart, limit: usize) -> String {
    let mut log = String::new();
    for (i, line) in cart.lines.iter().enumerate() {
        world.ask(i as u64).await;
        log += &world.text(line.count).await;
        log += &line.sku;
    }
    for line in cart.lines.iter().rev() {
        #[at(Rev)]
        world.ask(line.count).await;
        log += &line.sku;
    }
    for (line, (name, price)) in cart.lines.iter().zip(&cart.prices).skip(1) {
        #[at(Zip)]
        world.ask(line.count + price).await;
        log += name;
    }
    let mut n = 1;
    for (i, line) in cart.lines.iter().enumerate().skip(n).take(limit).rev() {
        #[at(Cut)]
        world.ask(i as u64).await;
        n += 1;
        log += &line.sku;
    }
    for pair in cart.lines.windows(2) {
        #[at(Windows)]
        world.ask(pair[0].count + pair[1].count).await;
    }
    for chunk in cart.lines.chunks(n) {
        #[at(Chunks)]
        world.ask(chunk.len() as u64).await;
    }
    log
}

#[tokio::test]
async fn adapters_of_saved_collections_are_made_again() {
    assert_eq!(everywhere(adapters::input(cart(), 1)).await, "<1>a<2>b<3>ccbayb");
}

#[workflow]
async fn texts(world: &World, cart: Cart) -> String {
    let mut log = String::new();
    for c in cart.note.chars().take(3) {
        log += &world.text(c as u64).await;
    }
    for (at, word) in cart.note.split_whitespace().enumerate() {
        #[at(Word)]
        world.ask(at as u64).await;
        log += word;
    }
    for line in cart.note.lines() {
        #[at(Line)]
        world.note(line).await;
    }
    for part in cart.note.split('o') {
        #[at(Part)]
        world.note(part).await;
        log += part;
    }
    for key in cart.prices.keys() {
        #[at(Key)]
        world.note(key.as_str()).await;
    }
    for price in cart.prices.values().rev() {
        #[at(Price)]
        world.ask(*price).await;
    }
    log
}

#[tokio::test]
async fn texts_and_ordered_maps_by_reference() {
    assert_eq!(everywhere(texts::input(cart())).await, "<111><110><101>onetwothreene tw\nthree");
}

fn count(world: &World, n: u64) -> u64 {
    world.note_now("counted");
    n
}

#[workflow]
async fn ranges(world: &World, n: u64) -> Vec<u64> {
    let mut seen = Vec::new();
    for i in (0..n).rev() {
        seen.push(world.ask(i).await);
    }
    for i in (0..=count(world, n)).step_by(2) {
        #[at(Step)]
        seen.push(world.ask(i).await);
    }
    for (i, j) in (0..n).zip(1..) {
        #[at(Both)]
        seen.push(world.ask(i * j).await);
    }
    seen
}

#[tokio::test]
async fn adapters_of_ranges() {
    assert_eq!(everywhere(ranges::input(3)).await, [2, 1, 0, 0, 2, 0, 2, 6]);
}

#[workflow]
async fn owned(world: &World, cart: Cart, stock: HashMap<String, u64>, mut queue: VecDeque<u64>) -> String {
    let mut log = String::new();
    for (i, line) in cart.lines.iter().cloned().enumerate() {
        world.ask(i as u64).await;
        log += &line.sku;
    }
    for line in cart.lines.into_iter().rev() {
        #[at(Into)]
        world.note(line.sku).await;
    }
    for name in stock.keys().cloned() {
        #[at(Stock)]
        world.ask(stock[&name]).await;
        log += &name;
    }
    for n in queue.drain(1..) {
        #[at(Drained)]
        world.ask(n).await;
    }
    for c in log.clone().chars().collect::<Vec<_>>() {
        #[at(Char)]
        world.ask(c as u64).await;
    }
    log + &queue.len().to_string()
}

#[tokio::test]
async fn items_by_value_are_taken_before_the_loop() {
    let stock = HashMap::from([("s".into(), 1)]);
    assert_eq!(everywhere(owned::input(cart(), stock, VecDeque::from([1, 2, 3]))).await, "abcs1");
}

#[workflow]
async fn exclusive(world: &World, mut items: Vec<u64>) -> Vec<u64> {
    for (i, item) in items.iter_mut().enumerate() {
        *item += world.ask(i as u64).await;
        #[at(Again)]
        world.ask(*item).await;
        *item *= 2;
    }
    items
}

#[tokio::test]
async fn exclusive_items_of_an_adapter() {
    assert_eq!(everywhere(exclusive::input(vec![1, 1, 1])).await, [2, 4, 6]);
}

#[workflow]
async fn shadowed(world: &World, items: Vec<u64>) -> u64 {
    let mut sum = 0;
    for (i, items) in items.iter().enumerate() {
        let i = i as u64 + world.ask(*items).await;
        if i > 2 {
            #[at(Large)]
            world.ask(i).await;
            continue;
        }
        sum += i + *items;
    }
    sum + items.len() as u64
}

#[tokio::test]
async fn an_item_that_hides_the_collection_it_is_of() {
    assert_eq!(everywhere(shadowed::input(vec![1, 1, 1, 0])).await, 9);
}
