//! An execution goes back to where it stood before (X3).

use crate::{
    script::{Op, script, step},
    surroundings::{Surroundings, count, parked, until},
};
use durable_core::store::{HistoryKind, RewindError, Status};
use durable_runtime::{ClientError, Handle, StartError, Worker};
use std::time::Duration;

async fn keeping(all: &Surroundings, snapshots: u32) -> Worker {
    all.builder().keep_snapshots(snapshots).start().await.unwrap()
}

async fn points(handle: &Handle<script>) -> Vec<String> {
    handle.snapshots().await.unwrap().into_iter().map(|kept| kept.point).collect()
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_unless_asked_for() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[step("one"), step("err:x")])).await.unwrap();
    assert!(handle.result().await.unwrap().is_err());
    assert_eq!(handle.snapshots().await.unwrap(), []);
    let error = handle.rewind(1, "ada").await.unwrap_err();
    assert!(matches!(&error, ClientError::NotRewound(RewindError::NotKept { epoch: 1, .. })), "{error:?}");
    assert!(error.to_string().contains("`keep_snapshots(n)`"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn as_many_snapshots_are_kept_as_the_worker_says_and_no_more_than_64() {
    let all = Surroundings::new();
    let error = all.builder().keep_snapshots(65).start().await.unwrap_err();
    assert!(matches!(error, StartError::Option { option: "keep_snapshots", .. }), "{error:?}");
    assert_eq!(error.to_string(), "the worker's keep_snapshots is 65: it must be at most 64");
    let _worker = keeping(&all, 2).await;
    let ops = [step("one"), step("two"), Op::Sleep(5), step("err:x")];
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    assert!(handle.result().await.unwrap().is_err());
    assert_eq!(points(&handle).await, ["Sleep", "Step"]);
    let found = handle.snapshots().await.unwrap();
    assert!(found[0].epoch < found[1].epoch && found[0].at < found[1].at, "{found:?}");
    assert_eq!(all.client.snapshots("a").await.unwrap(), found);
}

#[tokio::test(start_paused = true)]
async fn what_failed_goes_on_from_an_earlier_await_point_with_other_keys() {
    let all = Surroundings::new();
    let _worker = keeping(&all, 8).await;
    let ops = [step("one"), step("two"), step("err:x")];
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    assert!(handle.result().await.unwrap().is_err());
    assert_eq!(points(&handle).await, ["Step", "Step", "Step"]);
    let second = handle.snapshots().await.unwrap()[1].epoch;
    handle.rewind(second, "ada").await.unwrap();
    assert!(handle.result().await.unwrap().is_err());
    assert_eq!((all.lab.runs("one"), all.lab.runs("two"), all.lab.runs("err:x")), (1, 2, 2));
    let keys = all.lab.keys("two");
    assert_ne!(keys[0], keys[1], "F3");
    let history = handle.history().await.unwrap();
    let rewound = history.iter().find(|entry| entry.kind == HistoryKind::Rewound).unwrap();
    assert_eq!(rewound.detail, format!("by ada: to epoch {second}, Step"));
    assert_eq!(count(&handle, HistoryKind::Finished).await, 2);
    assert_eq!(handle.record().await.unwrap().run, 1);
}

#[tokio::test(start_paused = true)]
async fn a_rewound_state_can_be_edited_before_it_goes_on() {
    let all = Surroundings::new();
    let worker = keeping(&all, 8).await;
    let ops = [step("one"), step("two"), step("err:x")];
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    assert!(handle.result().await.unwrap().is_err());
    worker.shutdown().await.unwrap();
    let second = handle.snapshots().await.unwrap()[1].epoch;
    handle.rewind(second, "ada").await.unwrap();
    let mut state = handle.state_json().await.unwrap();
    assert_eq!(state["state"]["log"], serde_json::json!(["one"]));
    state["state"]["ops"][2] = serde_json::json!({ "Step": "three" });
    handle.edit_json(&state, "ada").await.unwrap();
    let _worker = keeping(&all, 8).await;
    assert_eq!(handle.result().await.unwrap().unwrap(), ["one", "two", "three"]);
}

#[tokio::test(start_paused = true)]
async fn an_event_is_waited_for_again_and_a_timer_that_was_due_is_over() {
    let all = Surroundings::new();
    let _worker = keeping(&all, 8).await;
    let ops = [Op::Event("go".into()), Op::Sleep(60_000), step("err:x")];
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    parked(&handle).await;
    handle.send("go", &"first".to_owned()).await.unwrap();
    assert!(handle.result().await.unwrap().is_err());
    assert_eq!(points(&handle).await, ["Event", "Sleep", "Step"]);
    let found = handle.snapshots().await.unwrap();

    let before = tokio::time::Instant::now();
    handle.rewind(found[1].epoch, "ada").await.unwrap();
    assert!(handle.result().await.unwrap().is_err());
    assert!(before.elapsed() < Duration::from_secs(60), "its timer stands: {:?}", before.elapsed());

    handle.rewind(found[0].epoch, "ada").await.unwrap();
    let waiting = parked(&handle).await;
    assert_eq!(waiting.frames[0].event.as_deref(), Some("go"));
    handle.send("go", &"second".to_owned()).await.unwrap();
    assert!(handle.result().await.unwrap().is_err());
    assert_eq!(all.lab.runs("err:x"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_child_is_called_again() {
    let all = Surroundings::new();
    let _worker = keeping(&all, 8).await;
    let ops = [step("one"), Op::Child(vec![step("inner"), Op::Event("go".into())]), step("end")];
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    parked(&handle).await;
    assert_eq!(points(&handle).await, ["Step", "Child"], "what a child saves is not kept");
    let found = handle.snapshots().await.unwrap();
    for (kept, inner, one) in [(&found[1], 2, 1), (&found[0], 3, 2)] {
        handle.rewind(kept.epoch, "ada").await.unwrap();
        until(&handle, |record| record.status == Status::Parked && record.frames.len() == 2).await;
        assert_eq!((all.lab.runs("inner"), all.lab.runs("one")), (inner, one));
    }
    handle.send("go", &"event".to_owned()).await.unwrap();
    assert_eq!(handle.result().await.unwrap().unwrap(), ["one", "inner", "event", "end"]);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_must_not_run_twice_is_interrupted_and_runs_when_it_comes_later() {
    let all = Surroundings::new();
    let _worker = keeping(&all, 8).await;
    let ops = [step("one"), Op::Once("pay".into()), step("err:x")];
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    assert!(handle.result().await.unwrap().is_err());
    let found = handle.snapshots().await.unwrap();
    handle.rewind(found[1].epoch, "ada").await.unwrap();
    let error = handle.result().await.unwrap().unwrap_err();
    assert_eq!(all.lab.runs("pay"), 1, "{error}");
    handle.rewind(found[0].epoch, "ada").await.unwrap();
    assert!(handle.result().await.unwrap().is_err());
    assert_eq!((all.lab.runs("one"), all.lab.runs("pay")), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn what_runs_or_has_ended_is_refused() {
    let all = Surroundings::new();
    let _worker = keeping(&all, 8).await;
    let handle = all.client.start("a", script::input(&[step("one"), step("gate:1")])).await.unwrap();
    all.lab.ran("gate:1", 1).await;
    let first = handle.snapshots().await.unwrap()[0].epoch;
    let error = handle.rewind(first, "ada").await.unwrap_err();
    assert!(matches!(error, ClientError::NotRewound(RewindError::Running { .. })), "{error:?}");
    all.lab.open("gate:1");
    handle.result().await.unwrap().unwrap();
    let error = handle.rewind(first, "ada").await.unwrap_err();
    assert!(matches!(error, ClientError::Ended { status: Status::Succeeded, .. }), "{error:?}");
    let error = all.client.rewind("nobody", 1, "ada").await.unwrap_err();
    assert!(matches!(error, ClientError::UnknownExecution(_)), "{error:?}");
}
