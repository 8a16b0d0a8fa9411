//! What failed or was set aside goes on, one by one and a thousand with one call (X4).

use crate::{
    counter::counter,
    faulty::Faulty,
    script::{Op, script, step},
    surroundings::{Surroundings, count, parked},
};
use durable_core::store::{Filter, HistoryKind, RedriveError, Status};
use durable_runtime::{Client, ClientError};
use std::{sync::atomic::Ordering::SeqCst, time::Duration};

#[tokio::test(start_paused = true)]
async fn a_failed_step_runs_again_under_the_same_key() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let ops = [step("one"), step("broken:x"), step("last")];
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    assert_eq!(handle.result().await.unwrap(), Err("broken:x failed".into()));
    assert_eq!(handle.status().await.unwrap(), Status::Failed);

    // What it failed of is still there.
    handle.redrive().await.unwrap();
    assert_eq!(handle.result().await.unwrap(), Err("broken:x failed".into()));

    all.lab.open("broken:x");
    handle.redrive().await.unwrap();
    let log = handle.result().await.unwrap().unwrap();
    assert_eq!(log, ["one", "broken:x", "last"]);
    assert_eq!((all.lab.runs("one"), all.lab.runs("last")), (1, 1));
    let keys = all.lab.keys("broken:x");
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    assert_eq!(count(&handle, HistoryKind::Redriven).await, 2);
    assert_eq!(count(&handle, HistoryKind::Finished).await, 3);
}

#[tokio::test(start_paused = true)]
async fn retries_are_counted_anew() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[Op::Slow("broken:x".into())])).await.unwrap();
    assert!(handle.result().await.unwrap().is_err());
    handle.redrive().await.unwrap();
    assert!(handle.result().await.unwrap().is_err());
    assert_eq!(all.lab.attempts("broken:x"), [1, 2, 3, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn an_event_whose_receiver_failed_is_received_again() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let ops = [Op::Event("go".into()), Op::Panic];
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    parked(&handle).await;
    handle.send("go", &"value".to_owned()).await.unwrap();
    assert!(matches!(handle.result().await.unwrap_err(), ClientError::Failed { .. }));
    handle.redrive().await.unwrap();
    // The same code panics at the same place, so the event was there.
    let error = handle.result().await.unwrap_err();
    assert!(matches!(&error, ClientError::Failed { reason, .. } if reason.contains("panic")), "{error}");
    assert_eq!(count(&handle, HistoryKind::Finished).await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_failed_goes_on_inside_its_parent() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let ops = [step("outer"), Op::Child(vec![step("inner"), step("broken:x"), step("tail")]), step("end")];
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    assert_eq!(handle.result().await.unwrap(), Err("broken:x failed".into()));
    let frames: Vec<_> = handle.record().await.unwrap().frames.iter().map(|frame| frame.frame).collect();
    assert_eq!(frames, [0, 1], "the child is where it was, though it returned its error");
    all.lab.open("broken:x");
    handle.redrive().await.unwrap();
    let log = handle.result().await.unwrap().unwrap();
    assert_eq!(log, ["outer", "inner", "broken:x", "tail", "end"]);
    for name in ["outer", "inner", "tail", "end"] {
        assert_eq!(all.lab.runs(name), 1, "{name}");
    }
    let keys = all.lab.keys("broken:x");
    assert_eq!(keys[0], keys[1]);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_may_run_once_does_not_run_again() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[Op::Once("broken:x".into())])).await.unwrap();
    assert!(handle.result().await.unwrap().is_err());
    all.lab.open("broken:x");
    handle.redrive().await.unwrap();
    let error = handle.result().await.unwrap().unwrap_err();
    assert!(error.contains("interrupted"), "{error}");
    assert_eq!(all.lab.runs("broken:x"), 1, "A5");
}

#[tokio::test(start_paused = true)]
async fn a_sleep_before_the_failure_is_not_slept_again() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let ops = [Op::Sleep(3_600_000), Op::Fail("too late".into())];
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    assert!(handle.result().await.unwrap().is_err());
    let began = tokio::time::Instant::now();
    handle.redrive().await.unwrap();
    assert_eq!(handle.result().await.unwrap(), Err("too late".into()));
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn what_has_not_failed_is_refused_in_words() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let parks = all.client.start("parks", script::input(&[Op::Event("go".into())])).await.unwrap();
    parked(&parks).await;
    let succeeds = all.client.start("succeeds", counter::input(1)).await.unwrap();
    succeeds.result().await.unwrap();
    let refused = |error: ClientError, expected: Status| {
        assert!(
            matches!(error, ClientError::NotRedriven(RedriveError::NotStopped { status, .. }) if status == expected),
            "{error}"
        );
        error.to_string()
    };
    let text = refused(parks.redrive().await.unwrap_err(), Status::Parked);
    assert!(text.contains("execution `parks` is parked: it goes on by itself"), "{text}");
    let text = refused(succeeds.redrive().await.unwrap_err(), Status::Succeeded);
    assert!(text.contains("nothing left to do"), "{text}");
    parks.cancel().await.unwrap();
    parks.result().await.unwrap_err();
    let text = refused(parks.redrive().await.unwrap_err(), Status::Cancelled);
    assert!(text.contains("was cancelled"), "{text}");
    let nobody = all.client.handle::<script>("nobody").unwrap();
    assert!(matches!(nobody.redrive().await.unwrap_err(), ClientError::UnknownExecution(_)));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_are_redriven_with_one_call() {
    let all = Surroundings::new();
    let worker = all.worker().await;
    let mut handles = Vec::new();
    for number in 0..1_200 {
        let input = script::input(&[step("one"), step("broken:all")]);
        handles.push(all.client.start(format!("{number:04}"), input).await.unwrap());
    }
    let other = all.client.start("other", counter::input(3)).await.unwrap();
    other.result().await.unwrap();
    for handle in &handles {
        assert!(handle.result().await.unwrap().is_err());
    }
    all.lab.open("broken:all");
    let some = Filter { workflow: Some("script".into()), limit: 7, ..Filter::default() };
    assert_eq!(all.client.redrive_all(some).await.unwrap().redriven, 7);
    for handle in &handles[..7] {
        handle.result().await.unwrap().unwrap();
    }
    let done = all.client.redrive_all(Filter::default()).await.unwrap();
    assert_eq!((done.redriven, done.refused.len()), (1_193, 0));
    for handle in &handles {
        assert_eq!(handle.result().await.unwrap().unwrap(), ["one", "broken:all"]);
    }
    assert_eq!((all.lab.runs("one"), all.lab.runs("broken:all")), (1_200, 2_400));
    assert_eq!(all.client.redrive_all(Filter::default()).await.unwrap().redriven, 0);
    let parked = Filter { status: Some(Status::Parked), ..Filter::default() };
    let error = all.client.redrive_all(parked).await.unwrap_err();
    assert!(matches!(error, ClientError::CannotRedrive { status: Status::Parked }), "{error}");
    worker.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_redrive_waits_out_a_store_that_is_full_for_a_moment() {
    let all = Surroundings::new();
    let faulty = Faulty::new(&all.store);
    let worker = all.worker().await;
    let client = Client::new(&faulty);
    let handle = client.start("a", script::input(&[step("broken:x")])).await.unwrap();
    assert!(handle.result().await.unwrap().is_err());
    worker.shutdown().await.unwrap();

    faulty.faults.full.store(true, SeqCst);
    let error = handle.redrive().await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert_eq!(handle.status().await.unwrap(), Status::Failed);

    let faults = std::sync::Arc::clone(&faulty.faults);
    tokio::spawn(async move {
        while faults.refused.load(SeqCst) < 7 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        faults.full.store(false, SeqCst);
    });
    handle.redrive().await.unwrap();
    assert_eq!(handle.status().await.unwrap(), Status::Ready);
}

#[tokio::test(start_paused = true)]
async fn what_was_redriven_before_the_store_failed_is_told_with_the_error() {
    let all = Surroundings::new();
    let faulty = Faulty::new(&all.store);
    let worker = all.worker().await;
    let client = Client::new(&faulty);
    for number in 0..1_100 {
        let handle = client.start(format!("{number:04}"), script::input(&[step("broken:x")])).await.unwrap();
        assert!(handle.result().await.unwrap().is_err());
    }
    worker.shutdown().await.unwrap();

    faulty.faults.full_after_redrives.store(2, SeqCst);
    let error = client.redrive_all(Filter::default()).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    let text = error.to_string();
    assert!(text.starts_with("the store failed after 1000 executions were redriven: "), "{text}");
    let ClientError::RedriveStopped { done, .. } = error else { panic!("{error}") };
    assert_eq!((done.redriven, done.refused.len()), (1_000, 0));

    // And with nothing done, there is nothing to tell.
    let error = client.redrive_all(Filter::default()).await.unwrap_err();
    assert!(matches!(error, ClientError::Store(_)), "{error}");
    faulty.faults.full.store(false, SeqCst);
    assert_eq!(client.redrive_all(Filter::default()).await.unwrap().redriven, 100);
}
