//! What the types of events and outputs look like: recorded once, before the first value, and looked at only where a value is of another
//! version (E5).

use crate::{
    faulty::Faulty,
    script::{Op, script, step},
    surroundings::{Surroundings, parked},
};
use durable_core::{
    schema::Shape,
    store::{Status, Store, StoreError},
};
use durable_runtime::{Client, ClientError, Worker};
use std::sync::atomic::Ordering::SeqCst;

fn wait(name: &str) -> Op {
    Op::Event(name.into())
}

/// On a store that counts, and fails.
async fn faulty() -> (Surroundings, Faulty, Client, Worker) {
    let all = Surroundings::new();
    let faulty = Faulty::new(&all.store);
    let client = Client::new(&faulty);
    let worker = Worker::builder(&faulty).resource(all.lab.clone()).register::<script>();
    let worker = worker.start().await.unwrap();
    (all, faulty, client, worker)
}

#[tokio::test(start_paused = true)]
async fn a_type_is_recorded_once_and_equal_ones_are_never_looked_at() {
    let (_all, faulty, client, _worker) = faulty().await;
    assert_eq!(faulty.faults.recorded_shapes.load(SeqCst), 1, "the output of `script`");
    let ops = [wait("x"), wait("x"), wait("x")];
    let handle = client.start("a", script::input(&ops)).await.unwrap();
    for _ in 0..3 {
        handle.send("x", &"hi".to_owned()).await.unwrap();
    }
    handle.result().await.unwrap().unwrap();
    client.clone().handle::<script>("a").unwrap().result().await.unwrap().unwrap();
    assert_eq!(faulty.faults.recorded_shapes.load(SeqCst), 2, "and the text that was sent");
    assert_eq!(faulty.faults.read_shapes.load(SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn another_type_is_looked_at_once_whatever_the_store_is_at() {
    let (_all, faulty, client, _worker) = faulty().await;
    faulty.faults.busy_shapes.store(3, SeqCst);
    for id in ["a", "b"] {
        let handle = client.start(id, script::input(&[wait("x")])).await.unwrap();
        handle.send("x", &'c').await.unwrap();
        assert_eq!(handle.result().await.unwrap(), Ok(vec!["c".into()]));
    }
    assert_eq!(faulty.faults.read_shapes.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_before_its_type_is_recorded() {
    let (_all, faulty, client, _worker) = faulty().await;
    let handle = client.start("a", script::input(&[wait("x")])).await.unwrap();
    parked(&handle).await;
    faulty.faults.full.store(true, SeqCst);
    let error = handle.send("x", &'c').await.unwrap_err();
    assert!(matches!(error, ClientError::Store(StoreError::Full { .. })), "{error}");
    assert_eq!(faulty.faults.recorded_shapes.load(SeqCst), 1, "only that of the output");
    faulty.faults.full.store(false, SeqCst);
    handle.send("x", &'c').await.unwrap();
    assert_eq!(handle.result().await.unwrap(), Ok(vec!["c".into()]));
}

#[tokio::test(start_paused = true)]
async fn what_was_written_before_types_were_recorded_is_read_by_its_own_type_alone() {
    let all = Surroundings::new();
    let faulty = Faulty::new(&all.store);
    faulty.faults.forget_shapes.store(true, SeqCst);
    let client = Client::new(&faulty);
    let _worker = all.builder_on(&faulty).start().await.unwrap();
    let handle = client.start("a", script::input(&[wait("x")])).await.unwrap();
    handle.send("x", &"c".to_owned()).await.unwrap();
    assert_eq!(handle.result().await.unwrap(), Ok(vec!["c".into()]));
    let error = handle.output_json().await.unwrap_err();
    assert!(matches!(error, ClientError::UnknownShape { .. }), "{error}");
    assert!(error.to_string().contains("output of execution `a`"), "{error}");

    let handle = client.start("b", script::input(&[wait("x")])).await.unwrap();
    handle.send("x", &'c').await.unwrap();
    let error = handle.result().await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, ClientError::SetAside { .. }), "{text}");
    assert!(text.contains("event `x`") && text.contains("another shape (fingerprint "), "{text}");
    // That there was none is not remembered.
    let shape = Shape::of::<char>().unwrap();
    all.store.record_shapes(vec![shape.schema().clone()]).await.unwrap();
    handle.redrive().await.unwrap();
    assert_eq!(handle.result().await.unwrap(), Ok(vec!["c".into()]));
}

#[tokio::test(start_paused = true)]
async fn an_output_is_shown_without_its_workflow() {
    let all = Surroundings::new();
    let worker = all.worker().await;
    let ended = all.client.start("a", script::input(&[step("one"), step("two")])).await.unwrap();
    ended.result().await.unwrap().unwrap();
    assert_eq!(ended.output_json().await.unwrap(), serde_json::json!({ "Ok": ["one", "two"] }));
    let failed = all.client.start("b", script::input(&[Op::Fail("it is late".into())])).await.unwrap();
    failed.result().await.unwrap().unwrap_err();
    worker.shutdown().await.unwrap();
    // By a program that has never seen the workflow.
    let other = Client::new(&all.store);
    assert_eq!(other.output_json("b").await.unwrap(), serde_json::json!({ "Err": "it is late" }));
}

#[tokio::test(start_paused = true)]
async fn what_has_no_output_says_why() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let json = async |id: &str| all.client.output_json(id).await.unwrap_err();
    assert!(matches!(json("nobody").await, ClientError::UnknownExecution(_)));
    let waits = all.client.start("waits", script::input(&[wait("x")])).await.unwrap();
    parked(&waits).await;
    let error = json("waits").await;
    assert!(matches!(error, ClientError::Unfinished { status: Status::Parked, .. }), "{error}");
    assert!(error.to_string().contains("`waits` has not ended (parked)"), "{error}");
    waits.cancel().await.unwrap();
    waits.result().await.unwrap_err();
    assert!(matches!(json("waits").await, ClientError::Cancelled { .. }));
    let panics = all.client.start("panics", script::input(&[Op::Panic])).await.unwrap();
    panics.result().await.unwrap_err();
    let error = json("panics").await;
    assert!(matches!(&error, ClientError::Failed { reason, .. } if reason.contains("panics")), "{error}");
    let aside = all.client.start("aside", script::input(&[wait("x")])).await.unwrap();
    aside.send("x", &7_u32).await.unwrap();
    aside.result().await.unwrap_err();
    assert!(matches!(json("aside").await, ClientError::SetAside { .. }));
}
