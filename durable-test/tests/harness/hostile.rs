//! Programs a hostile reviewer would write, each crashed everywhere: results and effects as in the plain run.

use durable_core::{Resources, sleep};
use durable_macros::workflow;
use durable_test::{CrashTest, EffectLog};
use std::time::Duration;

pub struct World {
    log: EffectLog,
}

impl World {
    /// Gives back what it is asked for, and leaves a trace.
    async fn ask<T: std::fmt::Debug + Send>(&self, value: T) -> T {
        self.log.record(format!("ask {value:?}"));
        tokio::task::yield_now().await;
        value
    }

    fn note(&self, value: u32) -> u32 {
        value + 1
    }
}

fn world(log: &EffectLog, resources: &mut Resources) {
    resources.insert(World { log: log.clone() });
}

#[workflow]
async fn shadows(world: &World, n: u32) -> String {
    let x = n;
    let mut text = String::new();
    for i in 0..=2u32 {
        let x = x + i;
        let asked: u32 = world.ask(x).await;
        let x = format!("{x}/{asked}");
        if i == 1 {
            text += "|";
            continue;
        }
        text += &x;
    }
    format!("{x}: {text}")
}

#[workflow]
async fn conditions(world: &World, n: u32) -> u32 {
    let mut left = n;
    #[at(Left)]
    while world.ask(left).await > 3 {
        left -= 1;
    }
    #[at(First)]
    let Some(first) = world.ask(if n > 100 { None } else { Some(left) }).await else {
        return 0;
    };
    let doubled = 'found: {
        if first == 3 {
            #[at(Doubled)]
            break 'found world.ask(first * 2).await;
        }
        first
    };
    doubled + first
}

#[workflow]
async fn operands(world: &World, n: u32) -> Vec<u32> {
    let mut sums: Vec<u32> = Vec::new();
    #[at(Sum)]
    sums.push(world.note(n) + world.ask(n * 10).await);
    let pair = (
        world.note(1),
        #[at(Second)]
        world.ask(2u32).await,
    );
    sums.push(pair.0 + pair.1);
    sums
}

#[workflow]
async fn question_marks(world: &World, words: Vec<String>) -> Option<u32> {
    let mut total = 0;
    'words: for word in words {
        let length: Option<u32> = world.ask(word.len().try_into().ok()).await;
        let length = length?;
        match length {
            0 => return None,
            5.. => continue 'words,
            _ => total += length,
        }
    }
    sleep(Duration::from_secs(3600)).await;
    (total > 0).then_some(total)
}

#[tokio::test]
async fn shadowed_locals_in_a_loop_over_an_inclusive_range() {
    let report = CrashTest::<shadows>::new(world).run(shadows::input(7)).await;
    assert_eq!(report.output, "7: 7/7|9/9");
}

#[tokio::test]
async fn awaits_in_conditions_and_blocks_with_values() {
    let report = CrashTest::<conditions>::new(world).run(conditions::input(5)).await;
    assert_eq!(report.output, 9);
    let report = CrashTest::<conditions>::new(world).run(conditions::input(102)).await;
    assert_eq!(report.output, 0);
}

#[tokio::test]
async fn operands_around_an_await() {
    let report = CrashTest::<operands>::new(world).run(operands::input(4)).await;
    assert_eq!(report.output, [45, 4]);
}

#[tokio::test]
async fn question_marks_on_options_and_labelled_continues() {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let all = words(&["one", "three", "four"]);
    let report = CrashTest::<question_marks>::new(world).run(question_marks::input(all)).await;
    assert_eq!(report.output, Some(7));
    let empty = words(&["one", "", "four"]);
    let report = CrashTest::<question_marks>::new(world).run(question_marks::input(empty)).await;
    assert_eq!(report.output, None);
    assert_eq!(report.effects.len(), 2);
}
