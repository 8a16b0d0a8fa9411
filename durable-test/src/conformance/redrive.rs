//! What stopped goes on from its last committed await point (X4).

use super::{
    failure::{Checked, Failure, check, check_eq, check_matches},
    scenario::{Hold, SECOND, Scenario, id},
    subject::Subject,
};
use durable_core::store::{
    Claimed, Commit, Control, Filter, FrameWrite, HistoryKind, Next, RedriveError, Status,
};

async fn redrive(s: &Scenario, execution: &str) -> Checked<Result<(), RedriveError>> {
    let mut answers = s.store.redrive(vec![id(execution)?]).await?;
    check_eq!(answers.len(), 1, "answers for one member");
    answers.pop().ok_or_else(|| Failure::Violated("no answer".into()))
}

async fn redriven(s: &Scenario, execution: &str) -> Checked {
    Ok(redrive(s, execution).await??)
}

/// Ends it, redrives it, and claims it again.
async fn again(s: &Scenario, mut hold: Hold, status: Status) -> Checked<Hold> {
    let execution = hold.claimed.id.as_str().to_owned();
    hold.finish(s, status).await?;
    s.check_nothing_due("after the end").await?;
    redriven(s, &execution).await?;
    s.claim_one().await
}

pub(super) async fn what_stopped_goes_on_from_its_last_await_point(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    for (name, status) in [("a", Status::Failed), ("b", Status::SetAside)] {
        let mut hold = s.started(name).await?;
        hold.run(&s).await?;
        hold.run(&s).await?;
        hold.fail_attempt(&s, 2, Some(3600 * SECOND)).await?;
        let before = s.record(name).await?;
        let next = again(&s, hold, status).await?;
        let Claimed { epoch, fence, run, crashes, instance, ref frames, control, .. } = next.claimed;
        // The end, and the redrive.
        check_eq!(
            (epoch, fence),
            (before.epoch + 2, before.fence + 2),
            "epoch and fence of what is {status}"
        );
        check_eq!((instance, run), (before.instance, before.run), "what its keys are made of");
        check_eq!((crashes, control), (0, None), "crashes and request");
        check_eq!(frames.len(), 1, "frames");
        check_eq!((frames[0].visit, frames[0].failed, frames[0].due), (2, 0, None), "visit and counts");
        check_eq!(frames[0].snapshot, before.frames[0].snapshot, "snapshot");
        check_eq!(s.store.outcome(&id(name)?).await?, None, "outcome of what goes on");
        check_eq!(s.record(name).await?.finished, None, "when it ended");
    }
    Ok(())
}

pub(super) async fn redriven_execution_ends_anew(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    hold.run(&s).await?;
    let mut hold = again(&s, hold, Status::Failed).await?;
    hold.run(&s).await?;
    let mut hold = again(&s, hold, Status::Failed).await?;
    check_eq!(hold.visit, 2, "visit after the second redrive");
    hold.finish(&s, Status::Succeeded).await?;
    let outcome = s.store.outcome(&id("a")?).await?;
    check_eq!(outcome.map(|outcome| outcome.status), Some(Status::Succeeded), "outcome");
    check_eq!(s.record("a").await?.frames.len(), 0, "frames after success");
    Ok(())
}

pub(super) async fn what_failed_before_its_first_commit_starts_again(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let hold = s.started("a").await?;
    let input = hold.claimed.frames[0].clone();
    let hold = again(&s, hold, Status::Failed).await?;
    let root = &hold.claimed.frames[0];
    check_eq!((root.visit, root.schema), (0, input.schema), "where it stands");
    check_eq!(root.snapshot, input.snapshot, "its input");
    Ok(())
}

pub(super) async fn deadlines_and_events_stand(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    hold.park(&s, Some(3600 * SECOND), Some("paid")).await?;
    let due = s.record("a").await?.frames[0].due;
    s.check_accepted("a", "1", "paid").await?;
    let hold = s.claim_one().await?;
    let hold = again(&s, hold, Status::Failed).await?;
    check_eq!(hold.claimed.frames[0].due, due, "deadline");
    check_eq!(hold.claimed.frames[0].event.as_deref(), Some("paid"), "event it waits for");
    check_eq!(hold.claimed.event.map(|event| event.seq), Some(1), "the event that brought it to its end");
    Ok(())
}

pub(super) async fn children_go_on_with_their_parents(subject: Subject) -> Checked {
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
    let open = Commit { frames: vec![child.clone()], next_frame: Some(2), ..hold.commit(None, Next::Run) };
    hold.apply(&s, open).await?;
    let failed = FrameWrite { failed: 4, snapshot: None, due: Some(3600 * SECOND), ..child };
    let failed = Commit {
        frames: vec![failed],
        ..hold.commit(None, Next::FailedAttempt { error: "the child's".into() })
    };
    hold.apply(&s, failed).await?;
    let hold = again(&s, hold, Status::Failed).await?;
    check_eq!(hold.claimed.next_frame, 2, "number of the next frame");
    let frames: Vec<_> = hold.claimed.frames.iter().map(|f| (f.frame, f.visit, f.failed, f.due)).collect();
    check_eq!(frames, [(0, 1, 0, None), (1, 1, 0, None)], "frames with visits and counts");
    check_eq!(&*hold.claimed.frames[1].snapshot, b"child", "snapshot of the child");
    Ok(())
}

pub(super) async fn crashes_are_forgotten(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let other = s.store.join("other").await?;
    s.started("a").await?;
    s.give_up(s.worker, other).await?;
    let hold = s.claim_one_as(other).await?;
    check_eq!(hold.claimed.crashes, 1, "crashes after the takeover");
    let s = Scenario { worker: other, ..s };
    let hold = again(&s, hold, Status::Failed).await?;
    check_eq!(hold.claimed.crashes, 0, "crashes after the redrive");
    Ok(())
}

pub(super) async fn what_goes_on_or_has_ended_for_good_is_refused(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    s.started("succeeded").await?.finish(&s, Status::Succeeded).await?;
    s.started("cancelled").await?.finish(&s, Status::Cancelled).await?;
    s.started("failed").await?.finish(&s, Status::Failed).await?;
    s.started("parked").await?.park(&s, None, Some("x")).await?;
    s.started("running").await?.run(&s).await?;
    s.start("ready").await?;
    let statuses = [Status::Succeeded, Status::Cancelled, Status::Parked, Status::Running, Status::Ready];
    let mut group: Vec<_> = ["succeeded", "cancelled", "parked", "running", "ready"]
        .map(id)
        .into_iter()
        .collect::<Checked<_>>()?;
    group.push(id("nobody")?);
    group.push(id("failed")?);
    let mut before = Vec::new();
    for id in &group[..5] {
        before.push(s.record(id.as_str()).await?);
    }
    let answers = s.store.redrive(group.clone()).await?;
    check_eq!(answers.len(), group.len(), "answers");
    for ((answer, member), expected) in answers.iter().zip(&group).zip(statuses) {
        check!(
            matches!(answer, Err(RedriveError::NotStopped { id, status }) if id == member && *status == expected),
            "redrive of what is {expected}: found {answer:?}"
        );
    }
    check_matches!(answers[5], Err(RedriveError::UnknownExecution(_)), "redrive of nobody");
    check_matches!(answers[6], Ok(()), "redrive of what failed, behind what was refused");
    for before in before {
        let after = s.record(before.id.as_str()).await?;
        let stands =
            |r: &durable_core::store::ExecutionRecord| (r.status, r.epoch, r.fence, r.wake, r.finished);
        check_eq!(stands(&after), stands(&before), "what was refused");
    }
    s.check_status("failed", Status::Ready).await?;
    check_matches!(redrive(&s, "failed").await?, Err(RedriveError::NotStopped { .. }), "a second redrive");
    Ok(())
}

pub(super) async fn request_that_came_too_late_is_forgotten(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let hold = s.started("a").await?;
    s.store.cancel(&id("a")?).await?;
    let hold = again(&s, hold, Status::Failed).await?;
    check_eq!(hold.claimed.control, None, "request to an execution that failed before it was carried out");
    let mut hold = s.started("b").await?;
    hold.finish(&s, Status::SetAside).await?;
    s.store.cancel(&id("b")?).await?;
    redriven(&s, "b").await?;
    let hold = s.claim_one().await?;
    check_eq!(hold.claimed.control, Some(Control::Cancel), "request to one that was set aside");
    Ok(())
}

pub(super) async fn whoever_ended_it_is_fenced(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    hold.finish(&s, Status::Failed).await?;
    redriven(&s, "a").await?;
    s.check_fenced(hold.run_commit(), "a commit of the epoch before").await?;
    let guess = Commit { epoch: hold.epoch + 1, ..hold.run_commit() };
    s.check_fenced(guess, "a commit with the fence before").await?;
    s.release(&hold).await?;
    s.check_status("a", Status::Ready).await
}

pub(super) async fn history_keeps_the_end_that_was_none(subject: Subject) -> Checked {
    use HistoryKind::{Finished, Redriven, Started};
    let s = Scenario::new(subject).await?;
    let hold = s.started("a").await?;
    let mut hold = again(&s, hold, Status::Failed).await?;
    check_eq!(s.kinds("a").await?, [Started, Finished, Redriven], "history after the redrive");
    hold.finish(&s, Status::Succeeded).await?;
    let history = s.store.history(&id("a")?).await?;
    let kinds: Vec<_> = history.iter().map(|entry| entry.kind).collect();
    check_eq!(kinds, [Started, Finished, Redriven, Finished], "history after the end");
    check!(history.is_sorted_by_key(|entry| entry.at), "the times go backwards: {history:?}");
    check_eq!(history.iter().map(|e| e.epoch).collect::<Vec<_>>(), [0, 1, 2, 3], "epochs");
    check!(history[1].detail.contains("ended: failed"), "the first end does not say why: {history:?}");
    check!(!history[3].detail.contains("failed"), "the second end tells of the first: {history:?}");
    Ok(())
}

pub(super) async fn ids_are_listed_like_records(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    for number in 0..6 {
        let status = if number % 2 == 0 { Status::Failed } else { Status::SetAside };
        s.started(&format!("{number}")).await?.finish(&s, status).await?;
    }
    let filter =
        Filter { status: Some(Status::Failed), after: Some(id("0")?), limit: 1, ..Filter::default() };
    for filter in [Filter { limit: 0, ..filter.clone() }, filter, Filter::default()] {
        let records = s.store.list(filter.clone()).await?.into_iter().map(|record| record.id);
        check_eq!(s.store.list_ids(filter.clone()).await?, records.collect::<Vec<_>>(), "ids of {filter:?}");
    }
    let none = Filter { workflow: Some("refunds".into()), ..Filter::default() };
    check_eq!(s.store.list_ids(none).await?.len(), 0, "ids of another workflow");
    Ok(())
}
