//! Events: before and after the wait, duplicates, order, wrong types, and to whom they cannot be sent.

use crate::{
    script::{Op, script, step},
    surroundings::{Surroundings, parked, until},
};
use durable_core::store::{Sent, Status};
use durable_runtime::ClientError;

fn wait(name: &str) -> Op {
    Op::Event(name.into())
}

#[tokio::test(start_paused = true)]
async fn an_event_sent_after_the_wait_began_wakes_the_execution() {
    let all = Surroundings::new();
    let worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[wait("go")])).await.unwrap();
    parked(&handle).await;
    assert_eq!(worker.stats().hot, 0, "a parked execution costs a row");
    handle.send("go", &"now".to_owned()).await.unwrap();
    assert_eq!(handle.result().await.unwrap(), Ok(vec!["now".into()]));
}

#[tokio::test(start_paused = true)]
async fn events_sent_before_anyone_waits_are_kept_and_received_in_order() {
    let all = Surroundings::new();
    let handle = all.client.start("a", script::input(&[wait("x"), wait("y"), wait("x")])).await.unwrap();
    for (name, value) in [("x", "1"), ("x", "2"), ("y", "3")] {
        handle.send(name, &value.to_owned()).await.unwrap();
    }
    let _worker = all.worker().await;
    assert_eq!(handle.result().await.unwrap(), Ok(vec!["1".into(), "3".into(), "2".into()]));
}

#[tokio::test(start_paused = true)]
async fn an_event_sent_while_a_step_runs_is_received_afterwards() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[step("gate:1"), wait("go")])).await.unwrap();
    all.lab.ran("gate:1", 1).await;
    handle.send("go", &"early".to_owned()).await.unwrap();
    all.lab.open("gate:1");
    assert_eq!(handle.result().await.unwrap(), Ok(vec!["gate:1".into(), "early".into()]));
}

#[tokio::test(start_paused = true)]
async fn an_event_of_another_name_wakes_nobody_for_good() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[wait("x"), wait("y")])).await.unwrap();
    parked(&handle).await;
    handle.send("y", &"second".to_owned()).await.unwrap();
    handle.send("z", &"never".to_owned()).await.unwrap();
    handle.send("x", &"first".to_owned()).await.unwrap();
    assert_eq!(handle.result().await.unwrap(), Ok(vec!["first".into(), "second".into()]));
}

#[tokio::test(start_paused = true)]
async fn an_event_id_sent_ten_times_is_consumed_once() {
    let all = Surroundings::new();
    let worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[wait("x"), wait("x")])).await.unwrap();
    let sent = handle.send_with_id("id-1", "x", &"1".to_owned()).await.unwrap();
    assert_eq!(sent, Sent::Accepted);
    for _ in 0..4 {
        assert_eq!(handle.send_with_id("id-1", "x", &"again".to_owned()).await.unwrap(), Sent::Duplicate);
    }
    until(&handle, |record| record.frames[0].visit == 2 && record.status == Status::Parked).await;
    worker.shutdown().await.unwrap();
    let _worker = all.worker().await;
    for _ in 0..5 {
        // E4: known after consumption, too, and to another worker.
        assert_eq!(handle.send_with_id("id-1", "x", &"again".to_owned()).await.unwrap(), Sent::Duplicate);
    }
    handle.send("x", &"2".to_owned()).await.unwrap();
    assert_eq!(handle.result().await.unwrap(), Ok(vec!["1".into(), "2".into()]));
}

#[tokio::test(start_paused = true)]
async fn a_value_of_another_type_sets_the_execution_aside_and_keeps_the_event() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[wait("x")])).await.unwrap();
    let other = all.client.start("b", script::input(&[wait("x")])).await.unwrap();
    handle.send("x", &17u32).await.unwrap();
    let error = handle.result().await.unwrap_err();
    assert!(
        matches!(&error, ClientError::SetAside { reason, .. } if reason.contains("event `x`")),
        "{error}"
    );
    assert_eq!(handle.record().await.unwrap().frames.len(), 1);
    other.send("x", &"fine".to_owned()).await.unwrap();
    assert_eq!(other.result().await.unwrap(), Ok(vec!["fine".into()]));
}

#[tokio::test(start_paused = true)]
async fn nothing_can_be_sent_to_an_execution_that_has_ended() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[])).await.unwrap();
    handle.result().await.unwrap().unwrap();
    let error = handle.send("x", &1u8).await.unwrap_err();
    assert!(matches!(error, ClientError::Ended { status: Status::Succeeded, .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_event_whose_receiver_failed_stays_for_a_redrive() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let ops = [wait("x"), Op::Panic];
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    handle.send("x", &"1".to_owned()).await.unwrap();
    let error = handle.result().await.unwrap_err();
    assert!(
        matches!(&error, ClientError::Failed { reason, .. } if reason.contains("the script panics")),
        "{error}"
    );
    let record = handle.record().await.unwrap();
    assert_eq!(record.frames[0].event.as_deref(), Some("x"), "it stands where the event is received");
}
