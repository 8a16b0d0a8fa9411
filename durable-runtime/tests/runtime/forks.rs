//! Another execution begins where one stands, or has stood (F3).

use crate::{
    script::{Op, script, step},
    surroundings::{Surroundings, count, parked},
};
use durable_core::store::{HistoryKind, RewindError, Status};
use durable_runtime::ClientError;

#[tokio::test(start_paused = true)]
async fn a_fork_of_a_kept_snapshot_goes_its_own_way() {
    let all = Surroundings::new();
    let _worker = all.builder().keep_snapshots(8).start().await.unwrap();
    let ops = [step("one"), step("two"), Op::Event("go".into()), step("three")];
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    parked(&handle).await;
    let second = handle.snapshots().await.unwrap()[1].epoch;
    let fork = handle.fork(Some(second), "b", "ada").await.unwrap();
    let record = parked(&fork).await;
    assert_eq!((record.run, all.lab.runs("one"), all.lab.runs("two")), (0, 1, 2));
    let keys = all.lab.keys("two");
    assert_ne!(keys[0], keys[1], "F3");
    fork.send("go", &"to b".to_owned()).await.unwrap();
    assert_eq!(fork.result().await.unwrap().unwrap(), ["one", "two", "to b", "three"]);
    assert_eq!(handle.status().await.unwrap(), Status::Parked);
    handle.send("go", &"to a".to_owned()).await.unwrap();
    assert_eq!(handle.result().await.unwrap().unwrap(), ["one", "two", "to a", "three"]);

    // Also of what has succeeded; and the same again is the same fork.
    let again = handle.fork(Some(second), "b", "ada").await.unwrap();
    assert_eq!(again.status().await.unwrap(), Status::Succeeded);
    assert_eq!(count(&handle, HistoryKind::Forked).await, 1);
    let of_a = handle.history().await.unwrap();
    let of_a = of_a.iter().find(|entry| entry.kind == HistoryKind::Forked).unwrap();
    assert_eq!(of_a.detail, format!("by ada: to `b`, from epoch {second}, Step"));
    assert_eq!(fork.history().await.unwrap()[1].detail, format!("by ada: from `a` at epoch {second}, Step"));
    let later = handle.snapshots().await.unwrap()[2].epoch;
    let error = handle.fork(Some(later), "b", "ada").await.unwrap_err();
    assert!(matches!(error, ClientError::ForkConflict { .. }), "{error:?}");
    let error = all.client.start("b", script::input(&ops)).await.unwrap_err();
    assert!(matches!(error, ClientError::Conflict { .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn without_an_epoch_it_begins_where_the_other_stands() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[step("one"), Op::Event("go".into())])).await.unwrap();
    parked(&handle).await;
    let fork = handle.fork(None, "b", "ada").await.unwrap();
    parked(&fork).await;
    all.client.fork("a", None, "b", "ada").await.unwrap();
    fork.send("go", &"event".to_owned()).await.unwrap();
    assert_eq!(fork.result().await.unwrap().unwrap(), ["one", "event"]);
    assert_eq!(all.lab.runs("one"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_forked_says_so() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let ops = [Op::Child(vec![Op::Event("go".into())])];
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    parked(&handle).await;
    let error = handle.fork(None, "b", "ada").await.unwrap_err();
    assert!(matches!(error, ClientError::ForkInChild { .. }), "{error:?}");
    let error = handle.fork(Some(1), "b", "ada").await.unwrap_err();
    assert!(matches!(error, ClientError::NotRewound(RewindError::NotKept { .. })), "{error:?}");
    handle.send("go", &"event".to_owned()).await.unwrap();
    handle.result().await.unwrap().unwrap();
    let error = handle.fork(None, "b", "ada").await.unwrap_err();
    assert!(matches!(error, ClientError::Ended { .. }), "{error:?}");
    let error = all.client.fork("nobody", None, "b", "ada").await.unwrap_err();
    assert!(matches!(error, ClientError::UnknownExecution(_)), "{error:?}");
}
