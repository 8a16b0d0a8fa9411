//! Payload caps: refused before anything is written, and exactly the cap is allowed.

use super::{
    failure::{Checked, check, check_eq},
    scenario::{Scenario, id},
    subject::Subject,
};
use durable_core::store::{
    Commit, CommitError, EditError, EditRequest, FrameWrite, Next, Outcome, SendError, SendRequest, Sent,
    StartRequest, Status, StoreError,
};

fn names_the_cap(error: &StoreError, max: usize) -> bool {
    matches!(error, StoreError::PayloadTooLarge { bytes, max: cap, .. }
        if *cap == max as u64 && *bytes == max as u64 + 1)
}

pub(super) async fn oversized_input_is_refused(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let max = s.subject.payload_max()?;
    let request = StartRequest { snapshot: vec![0; max + 1].into(), ..s.start_request("a")? };
    let answer = s.store.start(request).await;
    check!(
        matches!(&answer, Err(error) if names_the_cap(error, max)),
        "an oversized input was not refused so"
    );
    check!(s.store.execution(&id("a")?).await?.is_none(), "a refused start left an execution behind");
    let largest = StartRequest { snapshot: vec![7; max].into(), ..s.start_request("a")? };
    s.start_with(largest).await?;
    check_eq!(s.claim_one().await?.claimed.frames[0].snapshot.len(), max, "bytes of the largest input");
    Ok(())
}

pub(super) async fn oversized_snapshot_is_refused(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let max = s.subject.payload_max()?;
    let mut hold = s.started("a").await?;
    let snapshot = |bytes: usize| Some((s.schemas[1], vec![7; bytes].into()));
    let root = FrameWrite { snapshot: snapshot(max + 1), ..hold.write() };
    let child = FrameWrite { frame: 1, parent: Some(0), ..root.clone() };
    let with_child = Commit { frames: vec![child], next_frame: Some(2), ..hold.run_commit() };
    for commit in [hold.commit(Some(root), Next::Run), with_child] {
        let answer = s.commit(commit).await;
        check!(
            matches!(&answer, Err(CommitError::Store(error)) if names_the_cap(error, max)),
            "an oversized snapshot: found {answer:?}"
        );
        let record = s.record("a").await?;
        check_eq!((record.epoch, record.frames.len()), (0, 1), "epoch and frames after the refusal");
    }
    let root = FrameWrite { snapshot: snapshot(max), ..hold.write() };
    hold.apply(&s, hold.commit(Some(root), Next::Run)).await?;
    check_eq!(s.record("a").await?.frames[0].snapshot.len(), max, "bytes of the largest snapshot");
    Ok(())
}

pub(super) async fn oversized_output_is_refused(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let max = s.subject.payload_max()?;
    let mut hold = s.started("a").await?;
    let finish = |bytes: usize| {
        Next::Finish(Outcome { status: Status::Succeeded, output: Some(vec![7; bytes]), error: None })
    };
    let answer = s.commit(hold.commit(None, finish(max + 1))).await;
    check!(
        matches!(&answer, Err(CommitError::Store(error)) if names_the_cap(error, max)),
        "an oversized output: found {answer:?}"
    );
    check_eq!(s.store.outcome(&id("a")?).await?, None, "outcome after the refusal");
    hold.apply(&s, hold.commit(None, finish(max))).await?;
    let output = s.store.outcome(&id("a")?).await?.and_then(|outcome| outcome.output);
    check_eq!(output.map(|output| output.len()), Some(max), "bytes of the largest output");
    Ok(())
}

pub(super) async fn oversized_event_is_refused(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let max = s.subject.payload_max()?;
    s.start("a").await?;
    let send = |bytes: usize| -> Checked<SendRequest> {
        let payload = vec![7; bytes];
        Ok(SendRequest { execution: id("a")?, event_id: "e1".into(), name: "x".into(), payload })
    };
    let answer = s.store.send(send(max + 1)?).await;
    check!(
        matches!(&answer, Err(SendError::Store(error)) if names_the_cap(error, max)),
        "an oversized event: found {answer:?}"
    );
    check_eq!(
        s.store.send(send(max)?).await?,
        Sent::Accepted,
        "the largest event, under the id that was refused"
    );
    check_eq!(s.claim_one().await?.claimed.mail, 1, "mail");
    Ok(())
}

pub(super) async fn oversized_edit_is_refused(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let max = s.subject.payload_max()?;
    s.start("a").await?;
    let edit = |bytes: usize| -> Checked<EditRequest> {
        let frames = vec![(0, vec![7; bytes].into())];
        Ok(EditRequest { id: id("a")?, epoch: 0, frames, large: Vec::new(), note: "by ada".into() })
    };
    let answer = s.store.edit(edit(max + 1)?).await;
    check!(
        matches!(&answer, Err(EditError::Store(error)) if names_the_cap(error, max)),
        "an oversized edit: found {answer:?}"
    );
    check_eq!(s.record("a").await?.run, 0, "run after the refusal");
    s.store.edit(edit(max)?).await?;
    check_eq!(s.claim_one().await?.claimed.frames[0].snapshot.len(), max, "bytes of the largest edit");
    Ok(())
}
