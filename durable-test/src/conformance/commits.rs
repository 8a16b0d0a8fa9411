//! Commits: a compare-and-swap on epoch and fence, all or nothing, and how executions end.

use super::{
    failure::{Checked, check, check_eq},
    scenario::{Hold, Scenario, id},
    subject::Subject,
};
use durable_core::store::{Commit, Committed, ExecutionRecord, FrameWrite, Next, Outcome, Park, Status};
use std::time::Duration;

pub(super) async fn run_moves_the_epoch_and_replaces_the_root(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    for visit in 1..=3 {
        let write = hold.write();
        check_eq!(hold.run(&s).await?, Committed { control: None }, "answer to commit {visit}");
        let record = s.record("a").await?;
        check_eq!((record.epoch, record.fence), (visit, 1), "epoch and fence");
        check_eq!(
            (record.status, record.wake),
            (Status::Running, None),
            "status and wake of a running execution"
        );
        let root = &record.frames[0];
        check_eq!((root.visit, root.failed), (visit, 0), "visit and failed attempts");
        check_eq!(Some((root.schema, root.snapshot.clone())), write.snapshot, "schema and snapshot");
    }
    s.check_nothing_due("while the execution runs").await
}

pub(super) async fn commit_without_the_root_keeps_it(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    hold.run(&s).await?;
    let before = s.record("a").await?;
    hold.apply(&s, hold.commit(None, Next::Run)).await?;
    let after = s.record("a").await?;
    check_eq!(after.epoch, before.epoch + 1, "epoch");
    check_eq!(after.frames[0].snapshot, before.frames[0].snapshot, "snapshot");
    check_eq!(after.frames[0].visit, before.frames[0].visit, "visit");
    Ok(())
}

pub(super) async fn another_epoch_is_fenced_and_writes_nothing(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    hold.run(&s).await?;
    hold.run(&s).await?;
    s.check_accepted("a", "e1", "x").await?;
    let before = s.record("a").await?;
    for epoch in [0, 1, 3, u32::MAX.into()] {
        for commit in every_kind(&Hold { epoch, ..hold.clone() }) {
            s.check_fenced(commit, "a commit whose epoch is not the row's").await?;
        }
    }
    check_same(&before, &s.record("a").await?)?;
    hold.park(&s, None, Some("x")).await?;
    check!(s.claim_one().await?.claimed.event.is_some(), "a fenced commit consumed an event");
    Ok(())
}

pub(super) async fn another_fence_is_fenced_and_writes_nothing(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let stale = s.started("a").await?;
    s.release(&stale).await?;
    let other = s.store.join("second").await?;
    let mut hold = s.claim_one_as(other).await?;
    check_eq!((hold.epoch, hold.claimed.fence), (stale.epoch, 2), "epoch and fence of the second claim");
    let before = s.record("a").await?;
    for commit in every_kind(&stale) {
        s.check_fenced(commit, "a commit with the fence of an older claim").await?;
    }
    check_same(&before, &s.record("a").await?)?;
    hold.run(&s).await?;
    for commit in every_kind(&Hold { epoch: hold.epoch, ..stale }) {
        s.check_fenced(commit, "a commit with the right epoch and an older fence").await?;
    }
    Ok(())
}

/// One commit of each kind, each with everything a commit can write.
fn every_kind(hold: &Hold) -> Vec<Commit> {
    let park = Park { wake: Some(Duration::ZERO), mail: 7, error: Some("parked".into()), keep_due: false };
    let outcome = Outcome { status: Status::Succeeded, output: Some(vec![1]), error: None };
    let nexts = [
        Next::Run,
        Next::Yield,
        Next::Park(park),
        Next::FailedAttempt { error: "x".into() },
        Next::Finish(outcome),
    ];
    let frame = FrameWrite { frame: 1, parent: Some(0), ..hold.write() };
    let with_all = |next| Commit {
        frames: vec![frame.clone()],
        next_frame: Some(2),
        consumed: vec![1],
        ..hold.commit(Some(hold.write()), next)
    };
    nexts.into_iter().map(with_all).collect()
}

fn check_same(before: &ExecutionRecord, after: &ExecutionRecord) -> Checked {
    check_eq!(format!("{after:?}"), format!("{before:?}"), "the row after a commit that must write nothing");
    Ok(())
}

pub(super) async fn unknown_row_is_fenced(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let hold = s.started("a").await?;
    for row in [hold.claimed.row + 1000, 0, -1, i64::MAX] {
        s.check_fenced(Commit { row, ..hold.run_commit() }, "a commit of a row that does not exist").await?;
    }
    Ok(())
}

pub(super) async fn the_same_commit_again_is_fenced(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let hold = s.started("a").await?;
    hold.clone().apply(&s, hold.run_commit()).await?;
    s.check_fenced(hold.run_commit(), "the same commit for the second time").await?;
    check_eq!(s.record("a").await?.epoch, 1, "epoch");
    Ok(())
}

pub(super) async fn nothing_but_commits_moves_the_epoch(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    hold.run(&s).await?;
    s.check_accepted("a", "e1", "x").await?;
    s.store.beat(s.worker, super::scenario::LEASE).await?;
    s.release(&hold).await?;
    let mut hold = s.claim_one().await?;
    s.store.cancel(&id("a")?).await?;
    check_eq!(s.record("a").await?.epoch, 1, "epoch after send, beat, release, claim and cancel");
    hold.run(&s).await?;
    check_eq!(s.record("a").await?.epoch, 2, "epoch");
    Ok(())
}

pub(super) async fn failed_attempt_is_counted_and_keeps_the_snapshot(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    hold.run(&s).await?;
    let before = s.record("a").await?;
    for failed in 1..=3 {
        hold.fail_attempt(&s, failed, None).await?;
        let record = s.record("a").await?;
        check_eq!(
            (record.status, record.epoch),
            (Status::Running, 1 + u64::from(failed)),
            "status and epoch"
        );
        check_eq!(
            (record.frames[0].visit, record.frames[0].failed),
            (1, failed),
            "visit and failed attempts"
        );
        check_eq!(record.frames[0].snapshot, before.frames[0].snapshot, "snapshot");
        check_eq!(record.frames[0].schema, before.frames[0].schema, "schema");
    }
    s.check_nothing_due("after failed attempts of a running execution").await?;
    hold.run(&s).await?;
    check_eq!(s.record("a").await?.frames[0].failed, 0, "failed attempts at the next await point");
    Ok(())
}

pub(super) async fn success_keeps_the_output_and_drops_the_frames(subject: Subject) -> Checked {
    check_end(subject, Status::Succeeded, 0).await
}

pub(super) async fn cancelled_drops_the_frames(subject: Subject) -> Checked {
    check_end(subject, Status::Cancelled, 0).await
}

pub(super) async fn failure_keeps_the_last_snapshot(subject: Subject) -> Checked {
    check_end(subject, Status::Failed, 1).await
}

pub(super) async fn set_aside_keeps_the_last_snapshot(subject: Subject) -> Checked {
    check_end(subject, Status::SetAside, 1).await
}

async fn check_end(subject: Subject, status: Status, frames: usize) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    hold.run(&s).await?;
    check_eq!(s.store.outcome(&id("a")?).await?, None, "outcome of a running execution");
    let last = s.record("a").await?;
    hold.finish(&s, status).await?;
    let record = s.record("a").await?;
    check_eq!((record.status, record.epoch, record.wake), (status, 2, None), "status, epoch, wake");
    check!(record.finished.is_some_and(|at| at >= record.created), "finished at {:?}", record.finished);
    check_eq!(record.frames.len(), frames, "frames kept");
    for (kept, before) in record.frames.iter().zip(&last.frames) {
        check_eq!((kept.visit, &kept.snapshot), (before.visit, &before.snapshot), "the last frame");
    }
    let error = (status != Status::Succeeded).then(|| format!("ended: {status}"));
    check_eq!(record.error, error, "error of the record");
    let outcome = Outcome { status, output: Some(b"output".to_vec()), error };
    check_eq!(s.store.outcome(&id("a")?).await?, Some(outcome), "outcome");
    s.check_nothing_due("after the end").await
}

pub(super) async fn end_without_output_has_none(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let hold = s.started("a").await?;
    let outcome = Outcome { status: Status::Failed, output: None, error: Some("panicked".into()) };
    s.commit(hold.commit(None, Next::Finish(outcome.clone()))).await?;
    check_eq!(s.store.outcome(&id("a")?).await?, Some(outcome), "outcome");
    Ok(())
}

pub(super) async fn terminal_states_are_final(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    for (name, status) in [("a", Status::Succeeded), ("b", Status::Failed), ("c", Status::Cancelled)] {
        let mut hold = s.started(name).await?;
        hold.finish(&s, status).await?;
        let before = s.record(name).await?;
        // Epoch and fence are right; only the status forbids it.
        for commit in every_kind(&hold) {
            s.check_fenced(commit, "a commit after the end").await?;
        }
        s.release(&hold).await?;
        check_same(&before, &s.record(name).await?)?;
    }
    s.check_nothing_due("after the end").await
}
