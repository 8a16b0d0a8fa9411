//! What one build could not go on from, another tries once, when it starts (Versions).

use crate::{
    script::{Op, script, step},
    surroundings::{Surroundings, count, parked, until},
};
use durable_core::store::{ExecutionRecord, Filter, HistoryKind, Status};
use durable_runtime::{ClientError, Handle, StartError, Worker};

fn build(record: &ExecutionRecord) -> Option<&str> {
    record.set_aside_by.as_ref().map(|build| build.as_str())
}

async fn worker(all: &Surroundings, build: &str) -> Worker {
    all.builder().build_id(build).start().await.unwrap()
}

/// Waits for an event whose value is of another type than was sent.
async fn set_aside(all: &Surroundings, id: &str) -> Handle<script> {
    let handle = all.client.start(id, script::input(&[step("one"), Op::Event("go".into())])).await.unwrap();
    parked(&handle).await;
    handle.send("go", &7u64).await.unwrap();
    until(&handle, |record| record.status == Status::SetAside).await;
    handle
}

#[tokio::test(start_paused = true)]
async fn another_build_tries_once_and_the_same_build_does_not() {
    let all = Surroundings::new();
    let first = worker(&all, "1").await;
    let handle = set_aside(&all, "a").await;
    let record = handle.record().await.unwrap();
    assert_eq!(build(&record), Some("1"));
    assert!(record.error.is_some_and(|reason| reason.contains("go")), "the reason is there to be read");
    let listed = Filter { status: Some(Status::SetAside), ..Filter::default() };
    assert_eq!(all.client.list(listed).await.unwrap().len(), 1);
    first.shutdown().await.unwrap();

    let again = worker(&all, "1").await;
    // What a worker does as it starts is done before a start of its own has ended.
    all.client.start("b", script::input(&[step("one")])).await.unwrap().result().await.unwrap().unwrap();
    again.shutdown().await.unwrap();
    assert_eq!(count(&handle, HistoryKind::Reconsidered).await, 0);

    let second = worker(&all, "2").await;
    let record = until(&handle, |record| build(record) == Some("2")).await;
    assert_eq!(record.status, Status::SetAside);
    assert_eq!(count(&handle, HistoryKind::Reconsidered).await, 1);
    assert_eq!(count(&handle, HistoryKind::Finished).await, 2);
    assert_eq!(all.lab.runs("one"), 2, "one for each execution");
    assert!(matches!(handle.result().await.unwrap_err(), ClientError::SetAside { .. }));
    second.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_thousand_are_tried_in_groups() {
    let all = Surroundings::new();
    let first = worker(&all, "1").await;
    let mut handles = Vec::new();
    for number in 0..1_100 {
        handles.push(set_aside(&all, &format!("{number}")).await);
    }
    first.shutdown().await.unwrap();
    let second = worker(&all, "2").await;
    for handle in &handles {
        until(handle, |record| build(record) == Some("2")).await;
    }
    assert_eq!(second.stats().set_aside, 1_100);
    second.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_old_build_beside_the_new_one_does_not_set_aside_what_that_one_is_to_try() {
    let all = Surroundings::new();
    let old = worker(&all, "1").await;
    let handle = set_aside(&all, "a").await;
    let _new = worker(&all, "2").await;
    until(&handle, |record| build(record) == Some("2")).await;
    assert_eq!(old.stats().set_aside, 1, "only what it set aside at first");
}

#[tokio::test(start_paused = true)]
async fn a_build_has_an_id_of_its_own_accord() {
    let all = Surroundings::new();
    let (one, two) = (all.worker().await, all.worker().await);
    assert_eq!(one.build_id(), two.build_id());
    assert_eq!(one.build_id().as_str().len(), 32);
    let fewer = Worker::builder(&all.store).resource(all.lab.clone()).register::<script>();
    let fewer = fewer.start().await.unwrap();
    assert_ne!(fewer.build_id(), one.build_id(), "other workflows, another build");
    let error = all.builder().build_id("").start().await.unwrap_err();
    assert!(matches!(error, StartError::Option { option: "build_id", .. }), "{error}");
}
