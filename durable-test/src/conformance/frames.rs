//! Child frames: opened, moved and closed by commits.

use super::{
    failure::{Checked, check, check_eq},
    scenario::{Hold, Scenario},
    subject::Subject,
};
use durable_core::store::{Commit, FrameWrite, Next, Park, Status};
use std::time::Duration;

fn child(hold: &Hold, frame: u64, visit: u64, text: &str) -> FrameWrite {
    let snapshot = Some((hold.schema, text.as_bytes().into()));
    FrameWrite { frame, parent: Some(frame - 1), visit, snapshot, ..hold.write() }
}

pub(super) async fn children_are_opened_moved_and_closed(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    let frames = vec![child(&hold, 1, 1, "one"), child(&hold, 2, 1, "two")];
    let open = Commit { frames, next_frame: Some(3), ..hold.run_commit() };
    hold.apply(&s, open).await?;
    let frames = vec![child(&hold, 2, 2, "two moved")];
    hold.apply(&s, Commit { frames, ..hold.commit(None, Next::Run) }).await?;

    s.release(&hold).await?;
    let mut hold = s.claim_one().await?;
    check_eq!(hold.claimed.next_frame, 3, "next frame number");
    let found: Vec<_> =
        hold.claimed.frames.iter().map(|f| (f.frame, f.parent, f.visit, f.snapshot.to_vec())).collect();
    let root = b"`a` at visit 1".to_vec();
    let expected = vec![
        (0, None, 1, root.clone()),
        (1, Some(0), 1, b"one".to_vec()),
        (2, Some(1), 2, b"two moved".to_vec()),
    ];
    check_eq!(found, expected, "frames, the root first");
    check_eq!(s.record("a").await?.frames.len(), 3, "frames of the record");

    let close = Commit { closed: vec![2, 1], ..hold.run_commit() };
    hold.apply(&s, close).await?;
    s.release(&hold).await?;
    let hold = s.claim_one().await?;
    check_eq!(hold.claimed.frames.len(), 1, "frames after the children were closed");
    check_eq!(hold.claimed.next_frame, 3, "next frame number after the children were closed");
    Ok(())
}

pub(super) async fn failed_attempt_of_a_child_keeps_its_snapshot(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    let open = Commit { frames: vec![child(&hold, 1, 4, "one")], next_frame: Some(2), ..hold.run_commit() };
    hold.apply(&s, open).await?;
    let failed = FrameWrite { failed: 2, snapshot: None, ..child(&hold, 1, 4, "") };
    let next = Next::FailedAttempt { error: "x".into() };
    hold.apply(&s, Commit { frames: vec![failed], ..hold.commit(None, next) }).await?;
    let frames = s.record("a").await?.frames;
    check_eq!(frames.len(), 2, "frames");
    check_eq!((frames[0].failed, frames[1].failed, frames[1].visit), (0, 2, 4), "failed attempts, visit");
    check_eq!(frames[1].snapshot.to_vec(), b"one".to_vec(), "snapshot of the child");
    Ok(())
}

pub(super) async fn frame_opened_without_a_snapshot_is_refused_whole(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    let broken = FrameWrite { snapshot: None, ..child(&hold, 1, 1, "") };
    let answer = s.commit(Commit { frames: vec![broken], ..hold.run_commit() }).await;
    check!(answer.is_err(), "a frame without a snapshot was accepted: it could never be resumed");
    check_eq!(s.record("a").await?.epoch, 0, "epoch");
    hold.run(&s).await?;
    check_eq!(s.record("a").await?.frames.len(), 1, "frames");
    Ok(())
}

pub(super) async fn parked_child_waits_with_its_own_event_and_deadline(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    let due = Some(Duration::from_secs(3600));
    let waiting = FrameWrite { due, event: Some("x".into()), ..child(&hold, 1, 1, "one") };
    let park = Next::Park(Park { wake: due, mail: 0, error: None, keep_due: false });
    let commit =
        Commit { frames: vec![waiting], next_frame: Some(2), ..hold.commit(Some(hold.write()), park) };
    hold.apply(&s, commit).await?;
    s.check_nothing_due("while the child waits").await?;
    let frames = s.record("a").await?.frames;
    check_eq!(frames.len(), 2, "frames");
    check_eq!((&frames[0].event, frames[0].due), (&None, None), "waits of the root");
    check_eq!(frames[1].event.as_deref(), Some("x"), "event of the child");
    check!(frames[1].due.is_some(), "the child's deadline is missing");
    s.check_accepted("a", "e1", "x").await?;
    let hold = s.claim_one().await?;
    check_eq!(hold.claimed.event.map(|event| event.frame), Some(1), "the frame that gets the event");
    Ok(())
}

pub(super) async fn end_drops_or_keeps_children_with_the_root(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    for (name, status, kept) in
        [("a", Status::Succeeded, 0), ("b", Status::Failed, 2), ("c", Status::SetAside, 2)]
    {
        let mut hold = s.started(name).await?;
        let open =
            Commit { frames: vec![child(&hold, 1, 1, "one")], next_frame: Some(2), ..hold.run_commit() };
        hold.apply(&s, open).await?;
        hold.finish(&s, status).await?;
        check_eq!(s.record(name).await?.frames.len(), kept, "frames of an execution that is {status}");
    }
    Ok(())
}
