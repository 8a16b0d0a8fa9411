//! Child workflows: frames of their own, restored in the middle.

use crate::{
    script::{Op, script, step},
    surroundings::{Surroundings, idle, parked, until},
};
use durable_core::store::Status;

fn child(ops: &[Op]) -> Op {
    Op::Child(ops.to_vec())
}

#[tokio::test(start_paused = true)]
async fn a_child_runs_inline_and_its_frame_goes_with_the_parents_next_commit() {
    let all = Surroundings::new();
    let worker = all.worker().await;
    let ops = [child(&[step("inner 1"), step("inner 2")]), step("gate:outer")];
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    all.lab.ran("gate:outer", 1).await;
    assert_eq!(handle.record().await.unwrap().frames.len(), 1, "F4");
    all.lab.open("gate:outer");
    let log = handle.result().await.unwrap().unwrap();
    assert_eq!(log, ["inner 1", "inner 2", "gate:outer"]);
    idle(&worker).await;
    // The parent's two await points, the child's two, the finish: no commit for the child's end.
    assert_eq!(worker.stats().commits, 5);
}

#[tokio::test(start_paused = true)]
async fn a_parked_grandchild_goes_on_in_another_worker() {
    let all = Surroundings::new();
    let worker = all.worker().await;
    let inner = child(&[step("inner"), child(&[step("innermost"), Op::Event("go".into()), step("tail")])]);
    let handle = all.client.start("a", script::input(&[step("outer"), inner, step("end")])).await.unwrap();
    let record = parked(&handle).await;
    let chain: Vec<_> = record.frames.iter().map(|frame| (frame.frame, frame.parent)).collect();
    assert_eq!(chain, [(0, None), (1, Some(0)), (2, Some(1))]);
    let json = all.client.state_json("a").await.unwrap();
    let innermost = &json["child"]["child"];
    assert_eq!([&json["point"], &json["child"]["point"]], ["Child", "Child"]);
    assert_eq!((&innermost["workflow"], &innermost["point"]), (&"script".into(), &"Event".into()));
    assert_eq!(innermost["state"]["log"], serde_json::json!(["innermost"]));
    assert!(innermost.get("child").is_none());
    worker.shutdown().await.unwrap();

    let _worker = all.worker().await;
    handle.send("go", &"event".to_owned()).await.unwrap();
    let log = handle.result().await.unwrap().unwrap();
    assert_eq!(log, ["outer", "inner", "innermost", "event", "tail", "end"]);
    for name in ["outer", "inner", "innermost", "tail", "end"] {
        assert_eq!(all.lab.runs(name), 1, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_child_that_sleeps_and_retries_keeps_its_own_counts() {
    let all = Surroundings::new();
    let worker = all.worker().await;
    let ops = [child(&[Op::Slow("fail2:x".into()), Op::Sleep(5_000), step("inner")])];
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    let record = until(&handle, |record| record.frames.len() == 2 && record.status == Status::Parked).await;
    assert_eq!((record.frames[0].failed, record.frames[1].failed), (0, 1));
    worker.shutdown().await.unwrap();
    let _worker = all.worker().await;
    assert_eq!(handle.result().await.unwrap(), Ok(vec!["fail2:x".into(), "inner".into()]));
    assert_eq!(all.lab.attempts("fail2:x"), [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn frame_numbers_are_never_used_twice() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let ops = [child(&[step("a")]), child(&[step("a"), Op::Event("go".into())])];
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    let record = parked(&handle).await;
    let numbers: Vec<_> = record.frames.iter().map(|frame| frame.frame).collect();
    assert_eq!(numbers, [0, 2], "F1");
    let keys = all.lab.keys("a");
    assert_ne!(keys[0], keys[1], "F3: another frame, another key");
}
