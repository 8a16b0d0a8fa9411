//! Virtual time: the store's clock follows tokio's paused one.

use durable_core::{
    memory::{Clock, MemoryStore},
    sleep,
};
use durable_macros::workflow;
use durable_runtime::{Client, Worker};
use durable_test::VirtualClock;
use std::{sync::Arc, time::Duration};

const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);

#[tokio::test(start_paused = true)]
async fn a_month_passes_at_once() {
    let real = std::time::Instant::now();
    let clock = VirtualClock::starting_at(1_000);
    tokio::time::sleep(MONTH).await;
    assert_eq!(clock.now(), 1_000 + 30 * 24 * 3600 * 1_000);
    assert!(real.elapsed() < Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn threads_outside_the_runtime_read_the_same_time() {
    let clock = VirtualClock::new();
    tokio::time::sleep(MONTH).await;
    let elsewhere = clock.clone();
    let read = std::thread::spawn(move || elsewhere.now()).join().unwrap();
    assert_eq!(read, clock.now());
}

#[tokio::test(start_paused = true)]
async fn it_stands_still_while_no_one_waits() {
    let clock = VirtualClock::new();
    let before = clock.now();
    tokio::task::yield_now().await;
    assert_eq!(clock.now(), before);
    tokio::time::advance(Duration::from_millis(5)).await;
    assert_eq!(clock.now(), before + 5);
}

#[workflow]
async fn wait_a_month(n: u32) -> u32 {
    sleep(MONTH).await;
    n + 1
}

/// No longer than the machine needs to do nothing, though the store's clock shows a month more.
#[tokio::test(start_paused = true)]
async fn a_worker_sleeps_a_month_at_once() {
    let real = std::time::Instant::now();
    let clock = Arc::new(VirtualClock::new());
    let store = MemoryStore::new(clock.clone());
    let before = clock.now();
    let worker = Worker::builder(&store).register::<wait_a_month>().start().await.unwrap();
    let client = Client::new(&store);
    let handle = client.start("month", wait_a_month::input(1)).await.unwrap();
    assert_eq!(handle.result().await.unwrap(), 2);
    assert!(clock.now() - before >= 30 * 24 * 3600 * 1_000);
    assert!(real.elapsed() < Duration::from_secs(60), "{:?}", real.elapsed());
    drop(worker);
}
