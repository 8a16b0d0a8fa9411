//! Borrows that are taken again after a resume.

use super::world::{World, everywhere};
use durable::workflow;
use durable_test::CrashTest;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Debug, Clone)]
struct Order {
    customer: Customer,
    lines: Vec<Line>,
    coupon: Option<String>,
    total: u64,
}

#[derive(Serialize, Deserialize, Debug, Clone)]
struct Customer {
    name: String,
}

#[derive(Serialize, Deserialize, Debug, Clone)]
struct Line {
    sku: String,
    count: u64,
}

fn order() -> Order {
    Order {
        customer: Customer { name: "ada".into() },
        lines: vec![Line { sku: "a".into(), count: 1 }, Line { sku: "b".into(), count: 2 }],
        coupon: Some("TEN".into()),
        total: 10,
    }
}

#[workflow]
async fn let_borrows(world: &World, mut order: Order) -> String {
    let customer = &order.customer;
    let name = &customer.name;
    world.note(name.clone()).await;
    let again: &str = &customer.name;
    world.ask(again.len() as u64).await;
    let seen = format!("{name} {again}");
    let total = &mut order.total;
    *total += world.even(4).await.unwrap();
    world.big(*total).await;
    *total += 1;
    format!("{seen} {}", order.total)
}

#[tokio::test]
async fn borrows_of_fields_across_awaits() {
    assert_eq!(everywhere(let_borrows::input(order())).await, "ada ada 15");
}

#[workflow]
async fn literals(world: &World, n: u64) -> String {
    let greeting = "hello";
    let text = world.text(n).await;
    world.note(greeting).await;
    format!("{greeting} {text}")
}

#[tokio::test]
async fn string_literals_across_awaits() {
    assert_eq!(everywhere(literals::input(1)).await, "hello <1>");
}

#[workflow]
async fn loops(world: &World, order: Order) -> u64 {
    let lines = &order.lines;
    let mut sum = 0;
    for Line { sku, count } in lines {
        world.note(sku.clone()).await;
        sum += world.ask(*count).await;
    }
    for line in order.lines.iter() {
        #[at(NoteAgain)]
        world.note(&*line.sku).await;
        sum += line.count;
    }
    sum
}

#[tokio::test]
async fn loops_over_borrows_with_patterns() {
    assert_eq!(everywhere(loops::input(order())).await, 6);
}

#[workflow]
async fn matched(world: &World, order: Order) -> String {
    if let Some(coupon) = &order.coupon {
        world.note(coupon.clone()).await;
        #[at(NoteTwice)]
        world.note(format!("{coupon}!")).await;
    }
    let Some(code) = &order.coupon else { return String::new() };
    world.ask(code.len() as u64).await;
    match &order.coupon {
        Some(coupon) if coupon.len() == 3 => {
            let got = world.text(1).await;
            format!("{coupon} {code} {got}")
        }
        _ => "none".to_owned(),
    }
}

#[tokio::test]
async fn pattern_bindings_by_reference_of_a_local() {
    assert_eq!(everywhere(matched::input(order())).await, "TEN TEN <1>");
}

#[workflow]
async fn shadowed_base(world: &World, order: Order) -> String {
    let name = &order.customer.name;
    {
        let order = world.ask(1).await;
        world.note(format!("{name} {order}")).await;
    }
    let coupon = order.coupon.clone();
    if let Some(coupon) = &coupon {
        world.text(coupon.len() as u64).await;
        world.big(coupon.len() as u64).await;
    }
    format!("{} {coupon:?}", order.customer.name)
}

#[tokio::test]
async fn borrows_from_a_local_whose_name_is_hidden() {
    assert_eq!(everywhere(shadowed_base::input(order())).await, "ada Some(\"TEN\")");
}

#[workflow]
async fn partly_dead_pattern(world: &World, pair: (u64, u64)) -> u64 {
    let (a, b) = &pair;
    let a = *a + 5;
    world.ask(a).await;
    a * 100 + b
}

#[tokio::test]
async fn a_dead_name_of_a_borrowing_pattern_hides_nothing() {
    assert_eq!(everywhere(partly_dead_pattern::input((1, 2))).await, 602);
}

#[workflow]
async fn copies_behind_patterns(world: &World, items: Vec<u64>) -> Vec<u64> {
    let mut out = Vec::new();
    let mut x = 1;
    let &n = &x;
    x += world.ask(n).await;
    world.note("first").await;
    out.push(n * 10 + x);
    for &(mut item) in &items {
        item += 100;
        let got = #[at(AskItem)]
        world.ask(item).await;
        item += got;
        #[at(NoteItem)]
        world.note(item.to_string()).await;
        out.push(item);
    }
    let mut pairs = vec![(1, 2), (3, 4)];
    for &mut (a, ref mut b) in &mut pairs {
        *b += a;
        #[at(AskPair)]
        world.ask(a).await;
        *b += a;
    }
    out.extend(pairs.iter().map(|(_, b)| b));
    if let Some(&last) = items.last() {
        #[at(AskLast)]
        world.ask(last).await;
        out.push(last);
    }
    out
}

#[tokio::test]
async fn what_a_pattern_copies_is_no_borrow() {
    assert_eq!(everywhere(copies_behind_patterns::input(vec![1, 2])).await, [12, 202, 204, 4, 10, 2]);
}

#[derive(Serialize, Deserialize, Debug)]
enum Task {
    Charge { amount: u64, to: String },
    Ship(Vec<u64>),
    Rest,
}

#[workflow]
async fn borrowed_enums(world: &World, tasks: Vec<Task>) -> u64 {
    let mut sum = 0;
    for task in &tasks {
        match task {
            Task::Charge { amount, to } => {
                sum += world.ask(*amount).await;
                world.note(to.as_str()).await;
                sum += amount;
            }
            Task::Ship(lines) if !lines.is_empty() => {
                for line in lines {
                    sum += #[at(AskLine)]
                    world.ask(*line).await;
                }
                sum += lines.len() as u64;
            }
            Task::Ship(_) => {
                world.big(sum).await;
            }
            Task::Rest => continue,
        }
        if let Task::Charge { amount, .. } = task {
            #[at(AskAgain)]
            world.ask(*amount).await;
            sum += amount;
        }
    }
    sum
}

#[tokio::test]
async fn a_match_on_a_borrowed_item_borrows_from_it() {
    let tasks = vec![
        Task::Charge { amount: 5, to: "ada".into() },
        Task::Rest,
        Task::Ship(vec![1, 2]),
        Task::Ship(vec![]),
    ];
    assert_eq!(everywhere(borrowed_enums::input(tasks)).await, 20);
}

struct Config {
    limit: u64,
    names: Vec<String>,
}

#[workflow]
async fn parts_of_resources(config: &Config, world: &World, n: u64) -> String {
    let Config { limit, names } = config;
    let same: &World = world;
    #[at(First)]
    same.ask(*limit).await;
    let world = n + same.ask(n).await;
    let text = match config {
        Config { limit: 3, names } => {
            #[at(Three)]
            same.note(format!("three {names:?}")).await;
            names.join("-")
        }
        Config { limit, .. } => {
            #[at(Other)]
            same.ask(*limit + world).await;
            format!("{limit}")
        }
    };
    #[at(Last)]
    same.note(format!("{names:?}")).await;
    format!("{text} {limit} {world} {}", names.len())
}

#[tokio::test]
async fn parts_of_resources_are_borrowed_again() {
    for (limit, expected) in [(3, "a-b 3 4 2"), (4, "4 4 4 2")] {
        let test = CrashTest::<parts_of_resources>::new(move |log, resources| {
            resources.insert(World::logging(log));
            resources.insert(Config { limit, names: vec!["a".into(), "b".into()] });
        });
        assert_eq!(test.run(parts_of_resources::input(2)).await.output, expected);
    }
}
