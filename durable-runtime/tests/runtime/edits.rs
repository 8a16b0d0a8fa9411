//! What an execution has saved is edited as JSON, and it goes on from that (X3).

use crate::{
    script::{Op, script, step},
    surroundings::{Surroundings, count, parked, until},
};
use durable_core::{
    snapshot::PAYLOAD_BYTES_MAX,
    store::{EditError, EditRequest, HistoryKind, Status, Store, StoreError},
};
use durable_runtime::{ClientError, EditProblem};
use serde_json::json;

fn problems(error: &ClientError) -> Vec<String> {
    match error {
        ClientError::Edit { problems, .. } => problems.iter().map(EditProblem::to_string).collect(),
        other => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_execution_goes_on_with_what_was_put_in_its_place() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let ops = [step("one"), step("err:x"), step("last")];
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    assert!(handle.result().await.unwrap().is_err());
    let before = handle.record().await.unwrap();

    let mut state = handle.state_json().await.unwrap();
    assert!(!handle.edit_json(&state, "ada").await.unwrap(), "that is what is saved already");
    assert_eq!(handle.record().await.unwrap().epoch, before.epoch);
    state["state"]["ops"][1] = json!({ "Step": "fine" });
    state["state"]["log"] = json!(["zero", "one"]);
    assert!(handle.edit_json(&state, "ada").await.unwrap());
    assert_eq!(handle.state_json().await.unwrap(), state);
    let after = handle.record().await.unwrap();
    assert_eq!((after.status, after.run, after.epoch), (Status::Failed, 1, before.epoch + 1));
    let history = handle.history().await.unwrap();
    let last = history.last().unwrap();
    assert_eq!((last.kind, last.detail.as_str()), (HistoryKind::Edited, "by ada: state.ops, state.log"));

    handle.redrive().await.unwrap();
    assert_eq!(handle.result().await.unwrap().unwrap(), ["zero", "one", "fine", "last"]);
    assert_eq!(count(&handle, HistoryKind::Finished).await, 2);
}

#[tokio::test(start_paused = true)]
async fn operations_have_other_keys_after_an_edit() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[step("err:x")])).await.unwrap();
    assert!(handle.result().await.unwrap().is_err());
    let mut state = handle.state_json().await.unwrap();
    state["state"]["log"] = json!(["new"]);
    handle.edit_json(&state, "ada").await.unwrap();
    handle.redrive().await.unwrap();
    assert!(handle.result().await.unwrap().is_err());
    let keys = all.lab.keys("err:x");
    assert_ne!(keys[0], keys[1], "F3");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_waits_is_edited_inside_its_parent_and_goes_on_waiting() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let ops = [Op::Child(vec![step("inner"), Op::Event("go".into())]), step("end")];
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    parked(&handle).await;
    let mut state = handle.state_json().await.unwrap();
    state["child"]["state"]["log"] = json!(["other"]);
    assert!(all.client.edit_json("a", &state, "ada").await.unwrap());
    assert_eq!(handle.status().await.unwrap(), Status::Parked);
    let history = handle.history().await.unwrap();
    assert_eq!(history.last().unwrap().detail, "by ada: child.state.log");
    handle.send("go", &"event".to_owned()).await.unwrap();
    assert_eq!(handle.result().await.unwrap().unwrap(), ["other", "event", "end"]);
    assert_eq!(all.lab.runs("inner"), 1);
}

#[tokio::test(start_paused = true)]
async fn whatever_does_not_fit_is_named_and_nothing_is_written() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[Op::Event("go".into())])).await.unwrap();
    let before = parked(&handle).await;
    let wrong = json!({
        "workflow": "script",
        "point": "Step",
        "state": { "ops": [{ "Step": 7 }, "Fly"], "op_at": -1, "count": 1 },
        "child": {},
        "by": "ada",
    });
    let error = handle.edit_json(&wrong, "ada").await.unwrap_err();
    let found = problems(&error);
    let expected = [
        "`point` is \"Step\", and the execution stands at \"Event\": read it again",
        "`by` is unknown",
        "`child` is unknown: no child workflow runs here",
        "`state.ops[0].Step` must be a string, and is 7",
        "`state.ops[1]` must be a variant of `Op`",
        "`state.log` is missing",
        "`state.op_at` must be an integer that fits u64, and is -1",
        "`state.count` is unknown: await point `Event` saves no such local",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}, not {expected}");
    }
    let text = error.to_string();
    assert!(text.contains("execution `a` cannot be edited so: `point`") && text.contains("op_at"), "{text}");
    let found = problems(&handle.edit_json(&json!(7), "ada").await.unwrap_err());
    assert_eq!(found, ["`the state` must be an object with `workflow`, `point` and `state`"]);
    let after = handle.record().await.unwrap();
    assert_eq!((after.epoch, after.run), (before.epoch, 0));
}

#[tokio::test(start_paused = true)]
async fn what_runs_or_has_ended_is_refused() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[step("gate:1")])).await.unwrap();
    all.lab.ran("gate:1", 1).await;
    let mut state = handle.state_json().await.unwrap();
    state["state"]["log"] = json!(["edited"]);
    let error = handle.edit_json(&state, "ada").await.unwrap_err();
    assert!(
        matches!(error, ClientError::NotEdited(EditError::Running { status: Status::Running, .. })),
        "{error}"
    );
    all.lab.open("gate:1");
    assert_eq!(handle.result().await.unwrap().unwrap(), ["gate:1"], "the step ran on");
    let error = handle.edit_json(&state, "ada").await.unwrap_err();
    assert!(matches!(error, ClientError::Ended { status: Status::Succeeded, .. }), "{error}");
    let nobody = all.client.edit_json("nobody", &state, "ada").await.unwrap_err();
    assert!(matches!(nobody, ClientError::UnknownExecution(_)), "{nobody}");
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_read_again_is_refused_however_well_it_compresses() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[Op::Event("go".into())])).await.unwrap();
    let before = parked(&handle).await;
    let mut state = handle.state_json().await.unwrap();
    state["state"]["log"] = json!(["a".repeat(PAYLOAD_BYTES_MAX)]);
    let error = handle.edit_json(&state, "ada").await.unwrap_err();
    assert!(matches!(error, ClientError::Store(StoreError::PayloadTooLarge { .. })), "{error}");
    assert_eq!(handle.record().await.unwrap().epoch, before.epoch);
    state["state"]["log"] = json!(["a".repeat(PAYLOAD_BYTES_MAX - 1_000)]);
    assert!(handle.edit_json(&state, "ada").await.unwrap());
    assert_eq!(handle.state_json().await.unwrap(), state);
}

#[tokio::test(start_paused = true)]
async fn a_damaged_snapshot_is_replaced_by_hand() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let handle = all.client.start("a", script::input(&[step("one"), Op::Event("go".into())])).await.unwrap();
    let record = parked(&handle).await;
    let state = handle.state_json().await.unwrap();
    let mut damaged = record.frames[0].snapshot.to_vec();
    damaged[30] ^= 1;
    let request = EditRequest {
        id: record.id,
        epoch: record.epoch,
        frames: vec![(0, damaged.into())],
        large: Vec::new(),
        note: "a bit".into(),
    };
    all.store.edit(request).await.unwrap();
    handle.send("go", &"event".to_owned()).await.unwrap();
    until(&handle, |record| record.status == Status::SetAside).await;
    assert!(handle.state_json().await.is_err());

    assert!(handle.edit_json(&state, "ada").await.unwrap());
    assert_eq!(handle.status().await.unwrap(), Status::SetAside, "an edit is no redrive");
    handle.redrive().await.unwrap();
    assert_eq!(handle.result().await.unwrap().unwrap(), ["one", "event"]);
    assert_eq!(all.lab.runs("one"), 1);
}
