//! Kept snapshots, and rewinds to them (X3).

use super::{
    failure::{Checked, Failure, check, check_eq, check_matches},
    scenario::{Hold, Scenario, id, point, points, versioned},
    subject::Subject,
};
use durable_core::{
    Schema,
    store::{
        ClaimRequest, Commit, Control, FrameWrite, HistoryKind, Kept, Next, Park, RewindError, RewindRequest,
        Status, StoreError,
    },
};

const HOUR: std::time::Duration = std::time::Duration::from_secs(3600);

fn kept(commit: Commit) -> Commit {
    Commit { keep: 3, ..commit }
}

/// Commits await points, each kept.
async fn runs(s: &Scenario, hold: &mut Hold, times: u32) -> Checked {
    for _ in 0..times {
        hold.apply(s, kept(hold.run_commit())).await?;
    }
    Ok(())
}

/// Waits, and is kept so.
async fn waits(
    s: &Scenario,
    hold: &mut Hold,
    due: Option<std::time::Duration>,
    event: Option<&str>,
) -> Checked {
    let root = FrameWrite { due, event: event.map(str::to_owned), ..hold.write() };
    let park = Park { wake: due, mail: hold.claimed.mail, error: None, keep_due: false };
    hold.apply(s, kept(hold.commit(Some(root), Next::Park(park)))).await?;
    Ok(())
}

async fn all(s: &Scenario, execution: &str) -> Checked<Vec<Kept>> {
    Ok(s.store.kept(&id(execution)?).await?)
}

async fn epochs(s: &Scenario, execution: &str) -> Checked<Vec<u64>> {
    Ok(all(s, execution).await?.iter().map(|kept| kept.epoch).collect())
}

async fn rewind(s: &Scenario, execution: &str, epoch: u64) -> Checked<Result<(), RewindError>> {
    let note = format!("by ada: to {epoch}");
    Ok(s.store.rewind(RewindRequest { id: id(execution)?, epoch, note }).await)
}

pub(super) async fn only_as_many_snapshots_are_kept_as_asked_for(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    hold.run(&s).await?;
    check_eq!(epochs(&s, "a").await?, Vec::<u64>::new(), "kept without having been asked for");
    let begun = s.now().await?;
    runs(&s, &mut hold, 5).await?;
    let mut other = s.started("b").await?;
    runs(&s, &mut other, 1).await?;
    let found = all(&s, "a").await?;
    let listed: Vec<_> = found.iter().map(|kept| (kept.epoch, kept.visit)).collect();
    check_eq!(listed, [(4, 4), (5, 5), (6, 6)], "epochs and visits, the oldest first");
    check_eq!(&*found[1].snapshot, b"`a` at visit 5", "snapshot");
    check_eq!((found[1].schema, found[1].queue), (s.schemas[1], s.queue), "where it stood");
    let (sorted, now) = (found.is_sorted_by_key(|kept| kept.at), s.now().await?);
    check!(sorted && found.iter().all(|kept| (begun..=now).contains(&kept.at)), "when: {found:?}");

    hold.run(&s).await?;
    hold.fail_attempt(&s, 1, None).await?;
    check_eq!(epochs(&s, "a").await?, [4, 5, 6], "what commits that keep nothing left");
    hold.apply(&s, Commit { keep: 1, ..hold.run_commit() }).await?;
    check_eq!(epochs(&s, "a").await?, [9], "with a smaller number");
    hold.finish(&s, Status::Succeeded).await?;
    check_eq!(epochs(&s, "a").await?, [9], "after the end");
    check_eq!(epochs(&s, "b").await?, [1], "of another execution");
    let nobody = s.store.kept(&id("nobody")?).await;
    check_matches!(nobody, Err(StoreError::UnknownExecution(_)), "snapshots of nobody");
    Ok(())
}

fn child(s: &Scenario, hold: &Hold) -> FrameWrite {
    let snapshot = Some((s.schemas[2], b"child".to_vec().into()));
    FrameWrite { frame: 1, parent: Some(0), visit: 1, snapshot, ..hold.write() }
}

pub(super) async fn what_is_saved_while_a_child_is_open_is_not_kept(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    runs(&s, &mut hold, 1).await?;
    let open = Commit { frames: vec![child(&s, &hold)], next_frame: Some(2), ..hold.commit(None, Next::Run) };
    hold.apply(&s, kept(open)).await?;
    runs(&s, &mut hold, 1).await?;
    check_eq!(epochs(&s, "a").await?, [1], "while a child is open");
    hold.apply(&s, kept(Commit { closed: vec![1], ..hold.run_commit() })).await?;
    check_eq!(epochs(&s, "a").await?, [1, 4], "with the commit that closes it");
    Ok(())
}

pub(super) async fn what_does_not_run_goes_back_to_a_kept_snapshot(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    for (name, status) in [("failed", Status::Failed), ("aside", Status::SetAside)] {
        let mut hold = s.started(name).await?;
        runs(&s, &mut hold, 3).await?;
        hold.fail_attempt(&s, 2, Some(HOUR)).await?;
        hold.finish(&s, status).await?;
        let before = s.record(name).await?;
        rewind(&s, name, 2).await??;
        let after = s.record(name).await?;
        check_eq!((after.status, after.finished), (Status::Ready, None), "what was {status}");
        check_eq!(s.store.outcome(&id(name)?).await?, None, "outcome of what goes on");
        check_eq!(
            (after.epoch, after.fence, after.run, after.instance),
            (before.epoch + 1, before.fence + 1, before.run + 1, before.instance),
            "epoch, fence, run and instance"
        );
        let mut hold = s.claim_one().await?;
        let root = &hold.claimed.frames[0];
        check_eq!((root.visit, root.failed, root.due), (2, 0, None), "visit and counts");
        check_eq!(root.snapshot.to_vec(), format!("`{name}` at visit 2").into_bytes(), "snapshot");
        check_eq!((hold.claimed.run, hold.claimed.crashes), (1, 0), "run and crashes");
        check_eq!(epochs(&s, name).await?, [1, 2, 3], "what is kept");
        runs(&s, &mut hold, 1).await?;
        check_eq!(epochs(&s, name).await?, [2, 3, before.epoch + 2], "with what came after");
        hold.finish(&s, Status::Succeeded).await?;
        s.check_status(name, Status::Succeeded).await?;
    }

    // Again and again, and forward.
    let mut hold = s.started("ready").await?;
    runs(&s, &mut hold, 2).await?;
    s.release(&hold).await?;
    rewind(&s, "ready", 1).await??;
    rewind(&s, "ready", 2).await??;
    let hold = s.claim_one().await?;
    check_eq!((hold.claimed.frames[0].visit, hold.claimed.run), (2, 2), "visit and run of the second rewind");
    Ok(())
}

pub(super) async fn rewound_wait_stands_as_it_stood(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    waits(&s, &mut hold, Some(HOUR), Some("paid")).await?;
    let due = s.record("a").await?.frames[0].due;
    s.check_accepted("a", "1", "paid").await?;
    let mut hold = s.claim_one().await?;
    hold.apply(&s, kept(Commit { consumed: vec![1], ..hold.run_commit() })).await?;
    hold.finish(&s, Status::Failed).await?;
    rewind(&s, "a", 1).await??;
    let mut hold = s.claim_one().await?;
    let root = &hold.claimed.frames[0];
    check!(due.is_some() && root.due == due, "deadline {:?}, not {due:?}", root.due);
    check_eq!(root.event.as_deref(), Some("paid"), "the event it waits for");
    check!(hold.claimed.event.is_none(), "an event that was received comes again");
    // Woken for nothing, as far as the deadline goes.
    let park = Park { wake: None, mail: hold.claimed.mail, error: None, keep_due: true };
    hold.apply(&s, hold.commit(None, Next::Park(park))).await?;
    check_eq!(s.record("a").await?.wake, due, "when it is due");
    s.check_nothing_due("it waits").await
}

pub(super) async fn received_events_do_not_come_again(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    waits(&s, &mut hold, None, Some("x")).await?;
    s.check_accepted("a", "1", "x").await?;
    s.check_accepted("a", "2", "x").await?;
    let mut hold = s.claim_one().await?;
    hold.apply(&s, kept(Commit { consumed: vec![1], ..hold.run_commit() })).await?;
    hold.finish(&s, Status::Failed).await?;
    rewind(&s, "a", 1).await??;
    let hold = s.claim_one().await?;
    check_eq!(hold.claimed.event.map(|event| event.seq), Some(2), "the event that waits");
    let again = s.send("a", "1", "x").await??;
    check_eq!(again, durable_core::store::Sent::Duplicate, "a late repeat of what was received");
    Ok(())
}

pub(super) async fn children_are_forgotten(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    runs(&s, &mut hold, 1).await?;
    let waiting = FrameWrite { event: Some("x".into()), due: Some(HOUR), ..child(&s, &hold) };
    let park = Park { wake: Some(HOUR), mail: 0, error: None, keep_due: false };
    let open = Commit { frames: vec![waiting], next_frame: Some(2), ..hold.commit(None, Next::Park(park)) };
    hold.apply(&s, kept(open)).await?;
    rewind(&s, "a", 1).await??;
    let mut hold = s.claim_one().await?;
    check_eq!(hold.claimed.frames.len(), 1, "frames");
    check_eq!(hold.claimed.next_frame, 2, "numbers are not given again");
    hold.finish(&s, Status::Succeeded).await?;
    check_eq!(s.record("a").await?.frames.len(), 0, "frames after the end");
    Ok(())
}

pub(super) async fn execution_is_rewound_to_the_queue_it_was_in(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut later = points();
    later.push(point("Ship", &[("to", Schema::String)]));
    let second = s.store.register(versioned("orders", 1, later)).await?;
    let mut hold = s.started("a").await?;
    runs(&s, &mut hold, 1).await?;
    hold.apply(&s, kept(Commit { queue: Some(second.queue), ..hold.run_commit() })).await?;
    hold.finish(&s, Status::Failed).await?;
    check_eq!(s.record("a").await?.queue, second.queue, "queue of the end");
    let queues: Vec<_> = all(&s, "a").await?.iter().map(|kept| kept.queue).collect();
    check_eq!(queues, [s.queue, second.queue], "queues of what is kept");
    rewind(&s, "a", 1).await??;
    let elsewhere = ClaimRequest { queues: vec![second.queue], ..s.claim_request(s.worker, 10) };
    check!(
        s.store.claim(elsewhere).await?.claimed.is_empty(),
        "claimed from the queue it was rewound out of"
    );
    check_eq!(s.claim_one().await?.claimed.queue, s.queue, "queue");
    Ok(())
}

pub(super) async fn requests_stand_unless_they_came_too_late(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    waits(&s, &mut hold, None, Some("x")).await?;
    s.store.cancel(&id("a")?).await?;
    rewind(&s, "a", 1).await??;
    let mut hold = s.claim_one().await?;
    check_eq!(hold.claimed.control, Some(Control::Cancel), "request to what waits");
    hold.finish(&s, Status::Cancelled).await?;

    let mut hold = s.started("b").await?;
    runs(&s, &mut hold, 1).await?;
    s.store.cancel(&id("b")?).await?;
    hold.finish(&s, Status::Failed).await?;
    rewind(&s, "b", 1).await??;
    check_eq!(s.claim_one().await?.claimed.control, None, "request that came too late");
    Ok(())
}

pub(super) async fn what_runs_has_ended_or_was_not_kept_is_refused(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    runs(&s, &mut hold, 2).await?;
    let before = s.record("a").await?;
    let answer = rewind(&s, "a", 1).await?;
    check_matches!(answer, Err(RewindError::Running { status: Status::Running, .. }), "rewind of what runs");
    s.release(&hold).await?;
    for epoch in [0, 3, u64::MAX] {
        let answer = rewind(&s, "a", epoch).await?;
        check!(
            matches!(&answer, Err(RewindError::NotKept { epoch: found, .. }) if *found == epoch),
            "rewind to epoch {epoch}: {answer:?}"
        );
    }
    let after = s.record("a").await?;
    check_eq!((after.epoch, after.run), (before.epoch, before.run), "epoch and run after refused rewinds");
    s.claim_one().await?.finish(&s, Status::Succeeded).await?;

    let mut hold = s.started("cancelled").await?;
    runs(&s, &mut hold, 1).await?;
    hold.finish(&s, Status::Cancelled).await?;
    for name in ["a", "cancelled"] {
        check_matches!(
            rewind(&s, name, 1).await?,
            Err(RewindError::Ended { .. }),
            "rewind of what has ended"
        );
    }
    let nobody = rewind(&s, "nobody", 1).await?;
    check_matches!(nobody, Err(RewindError::UnknownExecution(_)), "rewind of nobody");
    s.check_nothing_due("refused rewinds wake nobody").await
}

pub(super) async fn whoever_had_it_is_fenced(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    runs(&s, &mut hold, 2).await?;
    let other = s.store.join("other").await?;
    // Stalled, and due for others: nobody runs it.
    s.give_up(s.worker, other).await?;
    rewind(&s, "a", 1).await??;
    s.check_fenced(hold.run_commit(), "a commit of the epoch before").await?;
    let guess = Commit { epoch: hold.epoch + 1, ..hold.run_commit() };
    s.check_fenced(guess, "a commit with the fence before").await?;
    let hold = s.claim_one_as(other).await?;
    check_eq!((hold.claimed.crashes, hold.visit), (0, 1), "crashes and visit");
    Ok(())
}

pub(super) async fn history_keeps_the_end_that_was_none(subject: Subject) -> Checked {
    use HistoryKind::{Finished, Rewound, Started};
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    runs(&s, &mut hold, 1).await?;
    hold.finish(&s, Status::Failed).await?;
    rewind(&s, "a", 1).await??;
    s.claim_one().await?.finish(&s, Status::Failed).await?;
    check_eq!(s.kinds("a").await?, [Started, Finished, Rewound, Finished], "kinds");
    let history = s.store.history(&id("a")?).await?;
    check_eq!(history[2].detail.as_str(), "by ada: to 1", "who and where to");
    check!(history.is_sorted_by_key(|entry| entry.epoch), "the epochs go backwards: {history:?}");
    let last = history.last().ok_or_else(|| Failure::Violated("no history".into()))?;
    check!(last.detail.contains("failed"), "the last end: {last:?}");
    Ok(())
}
