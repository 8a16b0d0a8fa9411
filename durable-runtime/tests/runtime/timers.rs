//! Timers: they cost a row, never fire early, and survive a change of worker.

use crate::{
    script::{Op, script, step},
    surroundings::{Surroundings, count, idle, parked},
};
use durable_core::store::{HistoryKind, Store};
use std::time::Duration;
use tokio::time::Instant;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

#[tokio::test(start_paused = true)]
async fn a_sleep_of_thirty_days_ends_after_thirty_days() {
    let all = Surroundings::new();
    let worker = all.worker().await;
    let began = Instant::now();
    let ops = [step("before"), Op::Sleep(30 * DAY_MS), step("after")];
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    parked(&handle).await;
    assert_eq!(worker.stats().hot, 0);
    handle.result().await.unwrap().unwrap();
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(30 * DAY_MS), "fired after {took:?}");
    assert!(took < Duration::from_millis(30 * DAY_MS + 100), "fired after {took:?}");
    assert_eq!(all.lab.runs("before"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_nobody_waits_for_does_not_move_a_timer() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let began = Instant::now();
    let handle = all.client.start("a", script::input(&[step("gate:1"), Op::Sleep(10_000)])).await.unwrap();
    all.lab.ran("gate:1", 1).await;
    // Comes while the execution is hot, so that its park finds new mail (E2) and is looked at again.
    handle.send("x", &1u8).await.unwrap();
    all.lab.open("gate:1");
    parked(&handle).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    handle.send("x", &1u8).await.unwrap();
    handle.result().await.unwrap().unwrap();
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(10) && took < Duration::from_millis(10_100), "fired after {took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_timer_that_is_due_without_a_worker_fires_in_the_next_one() {
    let all = Surroundings::new();
    let worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[Op::Sleep(1_000)])).await.unwrap();
    parked(&handle).await;
    worker.shutdown().await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let _worker = all.worker().await;
    let began = Instant::now();
    handle.result().await.unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_millis(10));
    assert_eq!(count(&handle, HistoryKind::Parked).await, 1);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_timers_due_at_once_all_fire_once() {
    let all = Surroundings::new();
    let worker = all.builder().concurrency(500).start().await.unwrap();
    let mut handles = Vec::new();
    for i in 0..10_000 {
        let ops = [Op::Sleep(60_000), step("fired")];
        handles.push(all.client.start(format!("{i}"), script::input(&ops)).await.unwrap());
    }
    for handle in handles {
        handle.result().await.unwrap().unwrap();
    }
    assert_eq!(all.lab.runs("fired"), 10_000);
    assert!(all.store.now().await.unwrap() >= 1_700_000_060_000);
    idle(&worker).await;
    assert_eq!(worker.stats().finished, 10_000);
}

#[tokio::test(start_paused = true)]
async fn a_timer_fires_while_another_execution_runs() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let busy = all.client.start("busy", script::input(&[step("gate:1")])).await.unwrap();
    all.lab.ran("gate:1", 1).await;
    let handle = all.client.start("a", script::input(&[Op::Sleep(50), step("after")])).await.unwrap();
    let fired = tokio::time::timeout(Duration::from_secs(60), all.lab.ran("after", 1)).await;
    assert!(fired.is_ok(), "asleep for ever");
    handle.result().await.unwrap().unwrap();
    all.lab.open("gate:1");
    busy.result().await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_timer_fires_in_a_worker_that_had_nothing_to_do() {
    let all = Surroundings::new();
    let worker = all.worker().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(worker.stats().claimed, 0, "it has looked, and sleeps");
    let handle = all.client.start("a", script::input(&[Op::Sleep(50)])).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(60), handle.result()).await;
    ended.expect("asleep for ever").unwrap().unwrap();
}
