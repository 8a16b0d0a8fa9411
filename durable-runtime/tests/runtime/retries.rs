//! Failed attempts: hot and parked, with exact counts, one key, and what ends them.

use crate::{
    script::{Op, ScriptState, script},
    surroundings::{Surroundings, count, idle, parked, until},
};
use durable_core::store::{HistoryKind, Status};
use durable_runtime::ClientError;
use std::time::Duration;
use tokio::time::Instant;

fn quick(name: &str) -> Op {
    Op::Quick(name.into())
}

fn slow(name: &str) -> Op {
    Op::Slow(name.into())
}

#[tokio::test(start_paused = true)]
async fn short_retries_happen_hot_with_one_commit_for_each_failure() {
    let all = Surroundings::new();
    let worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[quick("fail2:x")])).await.unwrap();
    assert_eq!(handle.result().await.unwrap(), Ok(vec!["fail2:x".into()]));
    assert_eq!(all.lab.attempts("fail2:x"), [1, 2, 3]);
    idle(&worker).await;
    // C5: one await point, two failed attempts, the finish.
    assert_eq!(worker.stats().commits, 4);
    assert_eq!(worker.stats().failed_attempts, 2);
    assert_eq!(worker.stats().claimed, 1, "it stayed in the worker");
    let keys = all.lab.keys("fail2:x");
    assert!(keys.iter().all(|key| *key == keys[0]), "every attempt has one idempotency key");
    assert_eq!(count(&handle, HistoryKind::FailedAttempt).await, 2);
}

#[tokio::test(start_paused = true)]
async fn long_retries_park_until_they_are_due() {
    let all = Surroundings::new();
    let worker = all.worker().await;
    let began = Instant::now();
    let handle = all.client.start("a", script::input(&[slow("fail2:x")])).await.unwrap();
    let record = parked(&handle).await;
    assert_eq!((record.frames[0].failed, record.error.as_deref()), (1, Some("fail2:x failed")));
    assert_eq!(worker.stats().hot, 0);
    assert!(matches!(handle.state().await.unwrap(), ScriptState::Slow { .. }));
    handle.result().await.unwrap().unwrap();
    assert_eq!(all.lab.attempts("fail2:x"), [1, 2, 3]);
    assert!(began.elapsed() >= Duration::from_secs(20), "after {:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn spent_retries_return_the_last_err() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[quick("err:x")])).await.unwrap();
    assert_eq!(handle.result().await.unwrap(), Err("err:x failed".into()));
    assert_eq!(all.lab.attempts("err:x"), [1, 2, 3]);
    assert_eq!(handle.status().await.unwrap(), Status::Failed);
}

#[tokio::test(start_paused = true)]
async fn a_plain_future_is_never_retried() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[Op::Step("err:x".into())])).await.unwrap();
    handle.result().await.unwrap().unwrap_err();
    assert_eq!(all.lab.runs("err:x"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_step_is_an_attempt_and_fails_the_execution_when_spent() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[quick("panic:x")])).await.unwrap();
    let other = all.client.start("b", script::input(&[quick("fine")])).await.unwrap();
    let error = handle.result().await.unwrap_err();
    assert!(
        matches!(&error, ClientError::Failed { reason, .. } if reason.contains("panic:x panicked")),
        "{error}"
    );
    assert_eq!(all.lab.attempts("panic:x"), [1, 2, 3]);
    assert_eq!(handle.record().await.unwrap().frames.len(), 1, "the last snapshot is kept");
    assert_eq!(other.result().await.unwrap(), Ok(vec!["fine".into()]));
}

#[tokio::test(start_paused = true)]
async fn a_panic_outside_a_step_is_no_attempt_and_fails_the_execution() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[quick("one"), Op::Panic])).await.unwrap();
    let error = handle.result().await.unwrap_err();
    assert!(
        matches!(&error, ClientError::Failed { reason, .. } if reason.contains("the script panics")),
        "{error}"
    );
    assert_eq!(all.lab.runs("one"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_takeover_in_a_parked_retry_keeps_count_and_delay() {
    let all = Surroundings::new();
    let worker = all.worker().await;
    let began = Instant::now();
    let handle = all.client.start("a", script::input(&[slow("fail2:x")])).await.unwrap();
    parked(&handle).await;
    worker.shutdown().await.unwrap();
    let _worker = all.worker().await;
    handle.result().await.unwrap().unwrap();
    assert_eq!(all.lab.attempts("fail2:x"), [1, 2, 3]);
    assert!(began.elapsed() >= Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn an_at_most_once_step_that_was_handed_over_before_it_began_runs_at_most_once() {
    for killed in [false, true] {
        let all = Surroundings::new();
        let first = all.worker().await;
        let ops = [Op::Step("gate:1".into()), Op::Once("gate:once".into())];
        let handle = all.client.start("a", script::input(&ops)).await.unwrap();
        all.lab.ran("gate:1", 1).await;
        let shutdown = tokio::spawn(first.shutdown());
        tokio::task::yield_now().await;
        all.lab.open("gate:1");
        shutdown.await.unwrap().unwrap();
        let record = until(&handle, |record| record.status == Status::Ready).await;
        assert_eq!((record.epoch, all.lab.runs("gate:once")), (2, 0), "committed, and not begun");

        let second = all.builder().grace(Duration::from_secs(1)).start().await.unwrap();
        all.lab.ran("gate:once", 1).await;
        if killed {
            all.store.kill(second.id());
            second.crash();
            all.store.reap();
        } else {
            second.shutdown().await.unwrap();
        }
        all.lab.open("gate:once");
        let _third = all.worker().await;
        let answer = handle.result().await.unwrap();
        assert_eq!(answer, Err("interrupted".into()), "A5: it may have happened");
        assert_eq!(all.lab.runs("gate:once"), 1);
    }
}
