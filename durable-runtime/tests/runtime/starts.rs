//! Starts: idempotent by id, conflicts, results and typed states.

use crate::{
    counter::counter,
    script::{Op, ScriptState, script, step},
    surroundings::{Surroundings, idle, parked},
};
use durable_core::store::{Filter, Status};
use durable_runtime::{ClientError, StartOptions};
use std::collections::HashMap;

#[tokio::test(start_paused = true)]
async fn a_started_execution_runs_and_gives_its_result() {
    let all = Surroundings::new();
    let worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[step("one"), step("two")])).await.unwrap();
    assert_eq!(handle.result().await.unwrap(), Ok(vec!["one".into(), "two".into()]));
    assert_eq!(handle.status().await.unwrap(), Status::Succeeded);
    idle(&worker).await;
    // C5: start, two await points, finish; the start is not the worker's.
    assert_eq!(worker.stats().commits, 3);
    assert_eq!(handle.record().await.unwrap().epoch, 3);
}

#[tokio::test(start_paused = true)]
async fn an_execution_started_before_any_worker_waits_for_one() {
    let all = Surroundings::new();
    let handle = all.client.start("a", script::input(&[step("one")])).await.unwrap();
    assert_eq!(handle.status().await.unwrap(), Status::Ready);
    assert!(matches!(handle.state().await.unwrap(), ScriptState::Start { ops } if ops.len() == 1));
    let _worker = all.worker().await;
    assert_eq!(handle.result().await.unwrap(), Ok(vec!["one".into()]));
}

#[tokio::test(start_paused = true)]
async fn an_err_of_the_workflow_is_its_result() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[step("err:x")])).await.unwrap();
    assert_eq!(handle.result().await.unwrap(), Err("err:x failed".into()));
    let record = handle.record().await.unwrap();
    assert_eq!((record.status, record.error.as_deref()), (Status::Failed, Some("err:x failed")));
    assert_eq!(record.frames.len(), 1, "the last snapshot is kept");
}

#[tokio::test(start_paused = true)]
async fn the_same_start_twice_is_one_execution() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let ops = [step("one")];
    let first = all.client.start("a", script::input(&ops)).await.unwrap();
    first.result().await.unwrap().unwrap();
    let second = all.client.start("a", script::input(&ops)).await.unwrap();
    assert_eq!(second.result().await.unwrap(), Ok(vec!["one".into()]));
    assert_eq!(all.lab.runs("one"), 1);
}

#[tokio::test(start_paused = true)]
async fn racing_starts_of_one_id_are_one_execution() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let starts: Vec<_> = (0..20)
        .map(|_| {
            let client = all.client.clone();
            tokio::spawn(async move {
                client.start("a", script::input(&[step("one")])).await.unwrap().result().await
            })
        })
        .collect();
    for start in starts {
        assert_eq!(start.await.unwrap().unwrap(), Ok(vec!["one".into()]));
    }
    assert_eq!(all.lab.runs("one"), 1);
}

#[tokio::test(start_paused = true)]
async fn another_input_or_workflow_under_the_same_id_is_a_conflict() {
    let all = Surroundings::new();
    all.client.start("a", script::input(&[step("one")])).await.unwrap();
    let error = all.client.start("a", script::input(&[step("two")])).await.unwrap_err();
    assert!(matches!(&error, ClientError::Conflict { existing, .. } if existing == "script"), "{error}");
    let error = all.client.start("a", counter::input(1)).await.unwrap_err();
    let ClientError::Conflict { id, existing, requested, status } = error else { panic!("{error}") };
    assert_eq!(
        (id.as_str(), existing.as_str(), requested, status),
        ("a", "script", "counter", Status::Ready)
    );
}

#[tokio::test(start_paused = true)]
async fn equal_maps_in_another_order_are_the_same_input() {
    // E5. Two maps with their own random states iterate in different orders, sooner or later.
    let all = Surroundings::new();
    let labels = || (0..50).map(|i| (format!("label-{i}"), i)).collect::<HashMap<String, u64>>();
    all.client.start("a", counter::labelled(1, &labels())).await.unwrap();
    for _ in 0..5 {
        all.client.start("a", counter::labelled(1, &labels())).await.unwrap();
    }
    let mut other = labels();
    other.insert("label-0".into(), 7);
    let error = all.client.start("a", counter::labelled(1, &other)).await.unwrap_err();
    assert!(matches!(error, ClientError::Conflict { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn state_is_the_typed_variant_it_stands_at() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let ops = vec![step("one"), Op::Event("go".into())];
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    parked(&handle).await;
    let expected = ScriptState::Event { ops, log: vec!["one".into()], op_at: 1 };
    assert_eq!(handle.state().await.unwrap(), expected);
    handle.send("go", &"now".to_owned()).await.unwrap();
    handle.result().await.unwrap().unwrap();
    let error = handle.state().await.unwrap_err();
    assert!(matches!(error, ClientError::Ended { status: Status::Succeeded, .. }), "{error}");
    let error = handle.state_json().await.unwrap_err();
    assert!(matches!(error, ClientError::Ended { status: Status::Succeeded, .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn wrong_handles_and_ids_give_typed_errors() {
    let all = Surroundings::new();
    all.client.start("a", script::input(&[])).await.unwrap();
    let wrong = all.client.handle::<counter>("a").unwrap();
    assert!(matches!(wrong.state().await.unwrap_err(), ClientError::OtherWorkflow { .. }));
    let unknown = all.client.handle::<script>("b").unwrap();
    assert!(matches!(unknown.state().await.unwrap_err(), ClientError::UnknownExecution(_)));
    assert!(matches!(unknown.result().await.unwrap_err(), ClientError::UnknownExecution(_)));
    assert!(matches!(unknown.cancel().await.unwrap_err(), ClientError::UnknownExecution(_)));
    let sent = unknown.send("x", &1u32).await;
    assert!(matches!(sent.unwrap_err(), ClientError::UnknownExecution(_)));
    assert!(matches!(all.client.handle::<script>("").unwrap_err(), ClientError::InvalidId(_)));
    assert!(matches!(all.client.handle::<script>("x".repeat(257)).unwrap_err(), ClientError::InvalidId(_)));
}

#[tokio::test(start_paused = true)]
async fn higher_priority_runs_first_among_what_is_due() {
    let all = Surroundings::new();
    for (id, priority) in [("low", -1), ("middle", 0), ("high", 5)] {
        let options = StartOptions::new().priority(priority);
        all.client.start_with(id, script::input(&[step(id)]), options).await.unwrap();
    }
    let _worker = all.builder().concurrency(1).start().await.unwrap();
    let low = all.client.handle::<script>("low").unwrap();
    low.result().await.unwrap().unwrap();
    assert_eq!((all.lab.runs("high"), all.lab.runs("middle")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn lists_by_filter() {
    let all = Surroundings::new();
    for id in ["a", "b", "c"] {
        all.client.start(id, script::input(&[])).await.unwrap();
    }
    all.client.start("d", counter::input(1)).await.unwrap();
    let filter = Filter { workflow: Some("script".into()), limit: 2, ..Filter::default() };
    let ids: Vec<_> = all.client.list(filter).await.unwrap().into_iter().map(|r| r.id.to_string()).collect();
    assert_eq!(ids, ["a", "b"]);
}
