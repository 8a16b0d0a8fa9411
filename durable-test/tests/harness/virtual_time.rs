//! Virtual time: the store's clock follows tokio's paused one.

use durable_core::memory::Clock;
use durable_test::VirtualClock;
use std::time::Duration;

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
