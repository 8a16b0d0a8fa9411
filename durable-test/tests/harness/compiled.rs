//! The crash test on workflows that the compiler made.

use durable_core::{attempt, event, sleep};
use durable_macros::{step, workflow};
use durable_test::{CrashTest, EffectLog};
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, fmt, time::Duration};

pub struct Store {
    log: EffectLog,
}

#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct Basket {
    owner: String,
    lines: Vec<Line>,
}

#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct Line {
    name: String,
    count: u32,
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
pub struct Receipt {
    holds: Vec<String>,
    approved: bool,
    counts: Vec<(String, u32)>,
    checked: u32,
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
pub enum Refused {
    Empty,
    SoldOut(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl Store {
    async fn reserve(&self, line: &Line) -> Result<String, Refused> {
        self.log.record(format!("reserve {}", line.name));
        tokio::task::yield_now().await;
        if line.count > 9 {
            Err(Refused::SoldOut(line.name.clone()))
        } else {
            Ok(format!("hold {}", line.name))
        }
    }

    async fn release(&self, hold: &str) {
        self.log.record(format!("release {hold}"));
    }
}

#[step(retry(attempts = 3, initial = "1s", jitter = "none"))]
async fn notify(store: &Store, owner: &str) -> Result<u32, String> {
    let number = attempt().number;
    store.log.record(format!("notify {owner}"));
    Ok(number)
}

#[workflow]
async fn check(store: &Store, rounds: u32) -> u32 {
    let mut done = 0;
    while done < rounds {
        store.log.record("between awaits");
        notify(store, "auditor").await.ok();
        done += 1;
    }
    done
}

#[workflow]
async fn buy(store: &Store, basket: Basket) -> Result<Receipt, Refused> {
    if basket.lines.is_empty() {
        return Err(Refused::Empty);
    }
    let mut holds: Vec<String> = Vec::new();
    for line in &basket.lines {
        match store.reserve(line).await {
            Ok(hold) => holds.push(hold),
            Err(refused) => {
                for hold in &holds {
                    store.release(hold).await;
                }
                return Err(refused);
            }
        }
    }
    let mut counts: HashMap<String, u32> = HashMap::new();
    for line in &basket.lines {
        *counts.entry(line.name.clone()).or_default() += line.count;
    }
    let checked = check(store, 2).await;
    let approved: bool = event("approval").await;
    sleep(Duration::from_secs(30 * 24 * 3600)).await;
    notify(store, &basket.owner).await.ok();
    let mut counts: Vec<(String, u32)> = counts.into_iter().collect();
    counts.sort();
    Ok(Receipt { holds, approved, counts, checked })
}

fn store(log: &EffectLog, resources: &mut durable_core::Resources) {
    resources.insert(Store { log: log.clone() });
}

fn basket(lines: &[(&str, u32)]) -> Basket {
    let lines = lines.iter().map(|(name, count)| Line { name: (*name).into(), count: *count }).collect();
    Basket { owner: "ada".into(), lines }
}

#[tokio::test]
async fn a_compiled_workflow_survives_a_crash_everywhere() {
    let basket = basket(&[("pear", 1), ("plum", 2), ("pear", 3)]);
    let report = CrashTest::<buy>::new(store).event("approval", &true).run(buy::input(basket)).await;
    let expected = Receipt {
        holds: vec!["hold pear".into(), "hold plum".into(), "hold pear".into()],
        approved: true,
        counts: vec![("pear".into(), 4), ("plum".into(), 2)],
        checked: 2,
    };
    assert_eq!(report.output, Ok(expected));
    assert_eq!(report.effects.len(), 3 + 2 * 2 + 1);
}

#[tokio::test]
async fn a_compiled_workflow_that_undoes_its_work_survives_a_crash_everywhere() {
    let basket = basket(&[("pear", 1), ("plum", 2), ("fig", 10)]);
    let report = CrashTest::<buy>::new(store).run(buy::input(basket)).await;
    assert_eq!(report.output, Err(Refused::SoldOut("fig".into())));
    assert_eq!(report.effects.len(), 3 + 2);
}
