//! Cancellation (X1): of what waits, of what runs, and of what has ended.

use crate::{
    script::{Op, script, step},
    surroundings::{Surroundings, idle, parked, until},
};
use durable_core::store::Status;
use durable_runtime::ClientError;
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn cancelling_a_parked_execution_ends_it_at_once() {
    let all = Surroundings::new();
    let worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[Op::Sleep(3_600_000), step("after")])).await.unwrap();
    parked(&handle).await;
    let began = Instant::now();
    assert!(handle.cancel().await.unwrap());
    let error = handle.result().await.unwrap_err();
    assert!(matches!(error, ClientError::Cancelled { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(all.lab.runs("after"), 0);
    idle(&worker).await;
    assert_eq!(worker.stats().finished, 1);
}

#[tokio::test(start_paused = true)]
async fn a_running_step_is_not_dropped_and_the_next_operation_does_not_run() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[step("gate:1"), step("next")])).await.unwrap();
    all.lab.ran("gate:1", 1).await;
    assert!(handle.cancel().await.unwrap());
    assert!(handle.cancel().await.unwrap(), "asking twice is asking");
    assert_eq!(handle.status().await.unwrap(), Status::Running);
    all.lab.open("gate:1");
    assert!(matches!(handle.result().await.unwrap_err(), ClientError::Cancelled { .. }));
    assert_eq!(all.lab.runs("next"), 0);
    // The next await point was committed, and the end: start, gate, next, cancelled.
    assert_eq!(handle.record().await.unwrap().epoch, 3);
}

#[tokio::test(start_paused = true)]
async fn a_finish_committed_first_wins() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[step("gate:1")])).await.unwrap();
    all.lab.ran("gate:1", 1).await;
    handle.cancel().await.unwrap();
    all.lab.open("gate:1");
    // The step's end is the workflow's: there is no await point left to act at.
    assert_eq!(handle.result().await.unwrap(), Ok(vec!["gate:1".into()]));
    assert!(!handle.cancel().await.unwrap());
    assert_eq!(handle.status().await.unwrap(), Status::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn cancelling_between_attempts_ends_the_retries() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[Op::Slow("err:x".into())])).await.unwrap();
    parked(&handle).await;
    handle.cancel().await.unwrap();
    assert!(matches!(handle.result().await.unwrap_err(), ClientError::Cancelled { .. }));
    assert_eq!(all.lab.runs("err:x"), 1);
}

#[tokio::test(start_paused = true)]
async fn cancelling_cuts_a_retry_delay_that_keeps_its_place() {
    let all = Surroundings::new();
    let worker = all.builder().park_after(Duration::from_secs(60)).start().await.unwrap();
    let handle = all.client.start("a", script::input(&[Op::Slow("err:x".into())])).await.unwrap();
    let other = all.client.start("b", script::input(&[Op::Slow("fail2:y".into())])).await.unwrap();
    until(&handle, |record| record.frames[0].failed == 1).await;
    let began = Instant::now();
    assert_eq!((handle.status().await.unwrap(), worker.stats().hot), (Status::Running, 2));
    assert!(handle.cancel().await.unwrap());
    assert!(matches!(handle.result().await.unwrap_err(), ClientError::Cancelled { .. }));
    assert!(began.elapsed() < Duration::from_secs(1), "not after the delay of 10 s");
    assert_eq!(all.lab.runs("err:x"), 1);
    // Start, await point, failed attempt, cancelled: nothing else was committed for it.
    assert_eq!(handle.record().await.unwrap().epoch, 3);
    assert_eq!(other.result().await.unwrap(), Ok(vec!["fail2:y".into()]), "it was not asked");
    assert!(began.elapsed() >= Duration::from_secs(19), "and has waited for its delays");
}

#[tokio::test(start_paused = true)]
async fn cancelling_cuts_a_later_retry_delay_too() {
    let all = Surroundings::new();
    let _worker = all.builder().park_after(Duration::from_secs(60)).start().await.unwrap();
    let handle = all.client.start("a", script::input(&[Op::Slow("err:x".into())])).await.unwrap();
    until(&handle, |record| record.frames[0].failed == 2).await;
    handle.cancel().await.unwrap();
    assert!(matches!(handle.result().await.unwrap_err(), ClientError::Cancelled { .. }));
    assert_eq!(all.lab.runs("err:x"), 2);
}

#[tokio::test(start_paused = true)]
async fn cancelling_cuts_a_retry_delay_that_was_taken_over() {
    let all = Surroundings::new();
    let patient = || all.builder().park_after(Duration::from_secs(60));
    let first = patient().start().await.unwrap();
    let handle = all.client.start("a", script::input(&[Op::Slow("err:x".into())])).await.unwrap();
    until(&handle, |record| record.frames[0].failed == 1).await;
    let dead = first.id();
    first.crash();
    all.store.kill(dead);
    let began = Instant::now();
    let _second = patient().start().await.unwrap();
    until(&handle, |record| record.fence == 2).await;
    handle.cancel().await.unwrap();
    assert!(matches!(handle.result().await.unwrap_err(), ClientError::Cancelled { .. }));
    assert!(began.elapsed() < Duration::from_secs(5), "not after the delay of 10 s");
    assert_eq!(all.lab.runs("err:x"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_waits_without_a_worker_is_cancelled_by_the_next_one() {
    let all = Surroundings::new();
    let handle = all.client.start("a", script::input(&[step("one")])).await.unwrap();
    handle.cancel().await.unwrap();
    let _worker = all.worker().await;
    assert!(matches!(handle.result().await.unwrap_err(), ClientError::Cancelled { .. }));
    assert_eq!(all.lab.runs("one"), 0);
}

#[tokio::test(start_paused = true)]
async fn event_against_timer_against_cancel_has_one_winner() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    for round in 0..50 {
        let handle =
            all.client.start(format!("{round}"), script::input(&[Op::Event("go".into())])).await.unwrap();
        parked(&handle).await;
        let text = "go".to_owned();
        let (sent, cancelled) = tokio::join!(handle.send("go", &text), handle.cancel());
        sent.unwrap();
        assert!(cancelled.unwrap());
        let record = until(&handle, |record| record.status.is_terminal()).await;
        assert!(matches!(record.status, Status::Cancelled | Status::Succeeded));
    }
}
