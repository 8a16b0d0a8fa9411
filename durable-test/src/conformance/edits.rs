//! Edits of what has been saved (X3).

use super::{
    failure::{Checked, check, check_eq, check_matches},
    scenario::{Hold, SECOND, Scenario, id},
    subject::Subject,
};
use durable_core::store::{Commit, EditError, EditRequest, FrameWrite, HistoryKind, Next, Status};

async fn request(s: &Scenario, execution: &str, frames: &[(u64, &[u8])]) -> Checked<EditRequest> {
    Ok(EditRequest {
        id: id(execution)?,
        epoch: s.record(execution).await?.epoch,
        frames: frames.iter().map(|(frame, bytes)| (*frame, (*bytes).into())).collect(),
        large: Vec::new(),
        note: "by ada: total".into(),
    })
}

async fn edit(s: &Scenario, execution: &str, bytes: &[u8]) -> Checked<Result<(), EditError>> {
    let request = request(s, execution, &[(0, bytes)]).await?;
    Ok(s.store.edit(request).await)
}

pub(super) async fn whatever_does_not_run_can_be_edited(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    s.start("ready").await?;
    let other = s.store.join("other").await?;
    let mut holds = Vec::new();
    for claimed in s.store.claim(s.claim_request(other, 10)).await?.claimed {
        holds.push(Hold::new(claimed, s.schemas[1]));
    }
    for hold in &holds {
        s.release(hold).await?;
    }
    let before = s.record("ready").await?;
    edit(&s, "ready", b"edited").await??;
    let after = s.record("ready").await?;
    check_eq!(after.status, before.status, "status of what is ready");
    s.claim_one().await?.finish(&s, Status::Succeeded).await?;

    s.started("parked").await?.park(&s, Some(3600 * SECOND), Some("x")).await?;
    for (name, status) in [("failed", Status::Failed), ("aside", Status::SetAside)] {
        let mut hold = s.started(name).await?;
        hold.run(&s).await?;
        hold.finish(&s, status).await?;
    }
    for name in ["parked", "failed", "aside"] {
        let before = s.record(name).await?;
        edit(&s, name, b"edited").await??;
        let after = s.record(name).await?;
        check_eq!(&*after.frames[0].snapshot, b"edited", "snapshot of what was {name}");
        check_eq!(
            (after.epoch, after.fence, after.run),
            (before.epoch + 1, before.fence + 1, before.run + 1),
            "epoch, fence and run of what was {name}"
        );
        check_eq!(
            (after.status, after.wake, after.finished, after.error, after.instance),
            (before.status, before.wake, before.finished, before.error, before.instance),
            "all else of what was {name}"
        );
        let stands = |frame: &durable_core::store::FrameRecord| {
            (frame.visit, frame.failed, frame.schema, frame.due, frame.event.clone())
        };
        check_eq!(stands(&after.frames[0]), stands(&before.frames[0]), "where {name} stands");
    }
    Ok(())
}

pub(super) async fn execution_goes_on_from_what_was_edited(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    s.started("a").await?.park(&s, None, Some("x")).await?;
    edit(&s, "a", b"once").await??;
    edit(&s, "a", b"twice").await??;
    s.check_nothing_due("an edit wakes nobody").await?;
    s.check_accepted("a", "1", "x").await?;
    let mut hold = s.claim_one().await?;
    check_eq!(&*hold.claimed.frames[0].snapshot, b"twice", "snapshot");
    check_eq!((hold.claimed.run, hold.visit), (2, 1), "run and visit");
    check!(hold.claimed.event.is_some(), "the event it waited for is not delivered");
    hold.run(&s).await?;
    hold.finish(&s, Status::Succeeded).await?;
    s.check_status("a", Status::Succeeded).await
}

pub(super) async fn input_is_compared_as_it_was_given(subject: Subject) -> Checked {
    use durable_core::store::Started;
    let s = Scenario::new(subject).await?;
    s.start("a").await?;
    edit(&s, "a", b"edited").await??;
    let again = s.store.start(s.start_request("a")?).await?;
    check!(
        matches!(&again, Started::Existing { input, .. } if input == b"input of a"),
        "second start: found {again:?}"
    );
    check_eq!(&*s.claim_one().await?.claimed.frames[0].snapshot, b"edited", "what it starts with");
    Ok(())
}

pub(super) async fn children_are_edited_with_their_parents(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    hold.run(&s).await?;
    let child = FrameWrite {
        frame: 1,
        parent: Some(0),
        visit: 1,
        snapshot: Some((s.schemas[2], b"child".to_vec().into())),
        ..hold.write()
    };
    let open = Commit { frames: vec![child], next_frame: Some(2), ..hold.commit(None, Next::Run) };
    hold.apply(&s, open).await?;
    hold.finish(&s, Status::Failed).await?;
    let both = request(&s, "a", &[(0, b"parent"), (1, b"other child")]).await?;
    s.store.edit(both).await?;
    let only = request(&s, "a", &[(1, b"third child")]).await?;
    s.store.edit(only).await?;
    let record = s.record("a").await?;
    let found: Vec<_> = record.frames.iter().map(|frame| frame.snapshot.to_vec()).collect();
    check_eq!(found, [b"parent".to_vec(), b"third child".to_vec()], "snapshots");

    let nowhere = request(&s, "a", &[(0, b"x"), (7, b"x")]).await?;
    let answer = s.store.edit(nowhere).await;
    check_matches!(answer, Err(EditError::Moved { .. }), "edit of a frame that is not there");
    check_eq!(&*s.record("a").await?.frames[0].snapshot, b"parent", "what a refused edit wrote");
    Ok(())
}

pub(super) async fn what_runs_moved_or_ended_is_refused(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    hold.run(&s).await?;
    let before = s.record("a").await?;
    let answer = edit(&s, "a", b"edited").await?;
    check_matches!(answer, Err(EditError::Running { status: Status::Running, .. }), "edit of what runs");
    let early = request(&s, "a", &[(0, b"edited")]).await?;
    hold.park(&s, None, None).await?;
    check_matches!(s.store.edit(early).await, Err(EditError::Moved { .. }), "edit of an earlier epoch");
    check_eq!(s.record("a").await?.epoch, before.epoch + 1, "epoch after refused edits");

    s.started("succeeded").await?.finish(&s, Status::Succeeded).await?;
    s.started("cancelled").await?.finish(&s, Status::Cancelled).await?;
    for name in ["succeeded", "cancelled"] {
        let answer = edit(&s, name, b"edited").await?;
        check_matches!(answer, Err(EditError::Ended { .. }), "edit of what has ended");
    }
    let nobody =
        EditRequest { id: id("nobody")?, epoch: 0, frames: vec![], large: vec![], note: String::new() };
    check_matches!(s.store.edit(nobody).await, Err(EditError::UnknownExecution(_)), "edit of nobody");
    Ok(())
}

pub(super) async fn whoever_had_it_is_fenced(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    hold.run(&s).await?;
    let other = s.store.join("other").await?;
    check_matches!(edit(&s, "a", b"edited").await?, Err(EditError::Running { .. }), "edit of what runs");
    // Stalled, and due for others: nobody runs it.
    s.give_up(s.worker, other).await?;
    s.check_status("a", Status::Ready).await?;
    edit(&s, "a", b"edited").await??;
    s.check_fenced(hold.run_commit(), "a commit of the epoch before").await?;
    let guess = Commit { epoch: hold.epoch + 1, ..hold.run_commit() };
    s.check_fenced(guess, "a commit with the fence before").await?;
    let hold = s.claim_one_as(other).await?;
    check_eq!(hold.claimed.crashes, 1, "crashes");
    Ok(())
}

pub(super) async fn history_tells_who_and_what(subject: Subject) -> Checked {
    use HistoryKind::{Edited, Finished, Started};
    let s = Scenario::new(subject).await?;
    s.started("a").await?.finish(&s, Status::Failed).await?;
    edit(&s, "a", b"edited").await??;
    let history = s.store.history(&id("a")?).await?;
    let kinds: Vec<_> = history.iter().map(|entry| entry.kind).collect();
    check_eq!(kinds.len(), 3, "entries: {kinds:?}");
    check!(kinds[0] == Started && kinds.contains(&Finished), "history: {kinds:?}");
    let edited = history.iter().find(|entry| entry.kind == Edited);
    check_eq!(edited.map(|entry| entry.detail.as_str()), Some("by ada: total"), "who and what");
    check!(history.is_sorted_by_key(|entry| entry.epoch), "the epochs go backwards: {history:?}");

    s.started("b").await?.finish(&s, Status::SetAside).await?;
    edit(&s, "b", b"edited").await??;
    s.store.cancel(&id("b")?).await?;
    s.claim_one().await?.finish(&s, Status::Cancelled).await?;
    let history = s.store.history(&id("b")?).await?;
    let ends: Vec<_> = history.iter().filter(|entry| entry.kind == Finished).collect();
    check!(
        ends.len() == 2 && ends[0].detail.contains("set aside") && ends[1].detail.contains("cancelled"),
        "both ends of what was edited between them: {history:?}"
    );
    check_eq!(history.last().map(|entry| entry.kind), Some(Finished), "the last entry");
    Ok(())
}
