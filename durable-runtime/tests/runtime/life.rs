//! Workers' lives: graceful ends, takeovers, crash limits, and places.

use crate::{
    faulty::Faulty,
    script::{Op, script, step},
    surroundings::{Surroundings, count, idle, parked, until},
};
use durable_core::store::{HistoryKind, Status};
use durable_runtime::{ClientError, Handle, Worker};
use std::time::Duration;
use tokio::time::Instant;

/// The process of a worker dies: it keeps what it owns, and another one's beat finds out.
fn kill(all: &Surroundings, worker: Worker) {
    all.store.kill(worker.id());
    worker.crash();
    all.store.reap();
}

#[tokio::test(start_paused = true)]
async fn shutdown_lets_running_operations_end_and_another_worker_goes_on() {
    let all = Surroundings::new();
    let worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[step("gate:1"), step("two")])).await.unwrap();
    all.lab.ran("gate:1", 1).await;
    let shutdown = tokio::spawn(worker.shutdown());
    tokio::task::yield_now().await;
    all.lab.open("gate:1");
    shutdown.await.unwrap().unwrap();
    let record = handle.record().await.unwrap();
    assert_eq!((record.status, record.crashes), (Status::Ready, 0));
    assert_eq!(all.lab.runs("two"), 0, "its await point is committed, its operation did not begin");

    let _worker = all.worker().await;
    handle.result().await.unwrap().unwrap();
    assert_eq!((all.lab.runs("gate:1"), all.lab.runs("two")), (1, 1));
    assert_eq!(all.lab.attempts("two"), [1], "a clean release counts no crash");
}

#[tokio::test(start_paused = true)]
async fn shutdown_drops_what_outlasts_the_grace_period() {
    let all = Surroundings::new();
    let worker = all.builder().grace(Duration::from_secs(3)).start().await.unwrap();
    let handle = all.client.start("a", script::input(&[step("gate:1")])).await.unwrap();
    all.lab.ran("gate:1", 1).await;
    let began = Instant::now();
    worker.shutdown().await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(3));
    assert_eq!(handle.status().await.unwrap(), Status::Ready);
    all.lab.open("gate:1");
    let _worker = all.worker().await;
    handle.result().await.unwrap().unwrap();
    assert_eq!(all.lab.attempts("gate:1"), [1, 1], "interrupted cleanly: the same attempt, again");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_worker_gives_everything_back() {
    let all = Surroundings::new();
    let worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[step("gate:1")])).await.unwrap();
    all.lab.ran("gate:1", 1).await;
    drop(worker);
    until(&handle, |record| record.status == Status::Ready).await;
    all.lab.open("gate:1");
    let _worker = all.worker().await;
    handle.result().await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_killed_workers_executions_are_taken_over_from_the_last_commit() {
    let all = Surroundings::new();
    let first = all.worker().await;
    let handle =
        all.client.start("a", script::input(&[step("one"), step("gate:1"), step("two")])).await.unwrap();
    all.lab.ran("gate:1", 1).await;
    kill(&all, first);
    let second = all.worker().await;
    all.lab.ran("gate:1", 2).await;
    all.lab.open("gate:1");
    handle.result().await.unwrap().unwrap();
    assert_eq!(all.lab.runs("one"), 1, "what was committed is not run again");
    assert_eq!(all.lab.attempts("gate:1"), [1, 2], "the crash counts as an attempt (A1)");
    let keys = all.lab.keys("gate:1");
    assert_eq!(keys[0], keys[1]);
    assert_eq!(count(&handle, HistoryKind::TakenOver).await, 1);
    assert_eq!(second.stats().claimed, 1);
}

#[tokio::test(start_paused = true)]
async fn the_beat_of_another_worker_finds_the_dead() {
    let all = Surroundings::new();
    let first = all.worker().await;
    let handle = all.client.start("a", script::input(&[step("gate:1")])).await.unwrap();
    all.lab.ran("gate:1", 1).await;
    let _second = all.builder().beat(Duration::from_millis(5)).start().await.unwrap();
    all.store.kill(first.id());
    first.crash();
    all.lab.open("gate:1");
    handle.result().await.unwrap().unwrap();
    assert_eq!(all.lab.attempts("gate:1"), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_was_given_up_drops_everything_and_joins_again() {
    let all = Surroundings::new();
    let worker = all.builder().beat(Duration::from_millis(5)).start().await.unwrap();
    let before = worker.id();
    let handle = all.client.start("a", script::input(&[step("gate:1")])).await.unwrap();
    all.lab.ran("gate:1", 1).await;
    all.store.kill(before);
    all.lab.ran("gate:1", 2).await;
    assert_ne!(worker.id(), before);
    all.lab.open("gate:1");
    handle.result().await.unwrap().unwrap();
    idle(&worker).await;
}

/// Lets an execution crash its worker so many times.
async fn crash(all: &Surroundings, handle: &Handle<script>, times: usize) {
    for _ in 0..times {
        let worker = all.worker().await;
        let runs = all.lab.runs("gate:poison");
        all.lab.ran("gate:poison", runs + 1).await;
        kill(all, worker);
    }
    assert_eq!(handle.status().await.unwrap(), Status::Ready, "for whoever takes over");
}

#[tokio::test(start_paused = true)]
async fn an_execution_fails_at_the_crash_limit_and_keeps_its_snapshot() {
    let all = Surroundings::new();
    let handle =
        all.client.start("poison", script::input(&[step("one"), step("gate:poison")])).await.unwrap();
    crash(&all, &handle, 5).await;
    let _worker = all.worker().await;
    let error = handle.result().await.unwrap_err();
    let ClientError::Failed { reason, .. } = error else { panic!("{error}") };
    assert_eq!(reason, "crashed 5 times at await point `Step`");
    assert_eq!(all.lab.attempts("gate:poison"), [1, 2, 3, 4, 5]);
    assert_eq!(handle.record().await.unwrap().frames.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_execution_with_three_crashes_runs_alone() {
    let all = Surroundings::new();
    let poison = all.client.start("poison", script::input(&[step("gate:poison")])).await.unwrap();
    crash(&all, &poison, 3).await;
    let other = all.client.start("b", script::input(&[step("gate:other")])).await.unwrap();
    let worker = all.worker().await;
    all.lab.ran("gate:other", 1).await;
    assert_eq!((worker.stats().hot, all.lab.runs("gate:poison")), (1, 3), "A2: not while others run");
    all.lab.open("gate:other");
    other.result().await.unwrap().unwrap();
    all.lab.ran("gate:poison", 4).await;
    let late = all.client.start("c", script::input(&[step("late")])).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!((worker.stats().hot, all.lab.runs("late")), (1, 0), "A2: nothing else runs beside it");
    all.lab.open("gate:poison");
    poison.result().await.unwrap().unwrap();
    late.result().await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn at_most_eight_with_two_crashes_run_at_once() {
    let all = Surroundings::new();
    let mut handles = Vec::new();
    for i in 0..20 {
        let ops = [step("gate:poison")];
        handles.push(all.client.start(format!("{i}"), script::input(&ops)).await.unwrap());
    }
    for round in 1..=2 {
        let worker = all.worker().await;
        all.lab.ran("gate:poison", 20 * round).await;
        kill(&all, worker);
    }
    let worker = all.worker().await;
    all.lab.ran("gate:poison", 48).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(worker.stats().hot, 8);
    all.lab.open("gate:poison");
    for handle in handles {
        handle.result().await.unwrap().unwrap();
    }
    assert_eq!(all.lab.runs("gate:poison"), 60);
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_places_are_hot() {
    let all = Surroundings::new();
    let worker = all.builder().concurrency(3).start().await.unwrap();
    let mut handles = Vec::new();
    for i in 0..10 {
        handles.push(all.client.start(format!("{i}"), script::input(&[step("gate:1")])).await.unwrap());
    }
    all.lab.ran("gate:1", 3).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!((worker.stats().hot, all.lab.runs("gate:1")), (3, 3));
    all.lab.open("gate:1");
    for handle in handles {
        handle.result().await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_worker_does_not_ask_the_store() {
    let all = Surroundings::new();
    let store = Faulty::new(&all.store);
    let _worker = all.builder_on(&store).start().await.unwrap();
    let handle = all.client.start("a", script::input(&[Op::Event("go".into())])).await.unwrap();
    parked(&handle).await;
    let before = store.faults.claims.lock().unwrap().len();
    tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
    assert_eq!(store.faults.claims.lock().unwrap().len(), before);
    handle.send("go", &"now".to_owned()).await.unwrap();
    handle.result().await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_long_execution_yields_its_place_to_those_who_wait() {
    let all = Surroundings::new();
    let _worker = all.builder().concurrency(1).start().await.unwrap();
    let long = all.client.start("long", crate::counter::counter::input(5_000)).await.unwrap();
    let short = all.client.start("short", script::input(&[step("one")])).await.unwrap();
    short.result().await.unwrap().unwrap();
    assert!(!long.status().await.unwrap().is_terminal(), "K1");
    assert_eq!(long.result().await.unwrap(), 5_000);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_is_given_up_is_a_drop() {
    let all = Surroundings::new();
    let worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[step("gate:1")])).await.unwrap();
    all.lab.ran("gate:1", 1).await;
    let shutdown = tokio::time::timeout(Duration::from_secs(1), worker.shutdown()).await;
    assert!(shutdown.is_err(), "the grace period is longer");
    let given_back = tokio::time::timeout(
        Duration::from_secs(3600),
        until(&handle, |record| record.status == Status::Ready),
    );
    given_back.await.expect("nothing is given back");
    all.lab.open("gate:1");
    let _worker = all.worker().await;
    handle.result().await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_got_past_its_crashes_holds_up_nobody() {
    let all = Surroundings::new();
    let ops = [step("gate:poison"), step("gate:long")];
    let poison = all.client.start("poison", script::input(&ops)).await.unwrap();
    crash(&all, &poison, 3).await;
    let _worker = all.worker().await;
    all.lab.ran("gate:poison", 4).await;
    all.lab.open("gate:poison");
    all.lab.ran("gate:long", 1).await;
    let other = all.client.start("other", script::input(&[step("other")])).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(60), other.result()).await;
    ended.expect("A2: its crashes are over with the next await point").unwrap().unwrap();
    all.lab.open("gate:long");
    poison.result().await.unwrap().unwrap();
}

#[test]
fn a_worker_whose_runtime_is_gone_gives_everything_back() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (first, second) = (runtime(), runtime());
    let (all, worker, handle) = first.block_on(async {
        let all = Surroundings::new();
        let worker = all.builder().beat(Duration::from_millis(5)).start().await.unwrap();
        let handle = all.client.start("a", script::input(&[step("gate:1")])).await.unwrap();
        all.lab.ran("gate:1", 1).await;
        (all, worker, handle)
    });
    drop(first);
    second.block_on(async {
        all.lab.open("gate:1");
        let _second = all.worker().await;
        let ended = tokio::time::timeout(Duration::from_secs(10), handle.result()).await;
        ended.expect("owned by a worker that nobody runs").unwrap().unwrap();
        let late = all.client.start("late", script::input(&[step("late")])).await.unwrap();
        late.result().await.unwrap().unwrap();
    });
    drop(worker);
}
