//! Parks: timers, deadlines that stand, and wakes that are not lost.

use super::{
    failure::{Checked, check, check_eq},
    scenario::{Hold, SECOND, Scenario},
    subject::Subject,
};
use durable_core::store::{FrameWrite, Next, Park, Status};
use std::time::Duration;

pub(super) async fn park_without_a_wake_sleeps(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    hold.park(&s, None, Some("x")).await?;
    let record = s.record("a").await?;
    check_eq!((record.status, record.wake), (Status::Parked, None), "status and wake");
    check_eq!(record.frames[0].event.as_deref(), Some("x"), "event waited for");
    check_eq!(record.frames[0].visit, 1, "visit");
    let claims = s.claim(10).await?;
    check_eq!((claims.claimed.len(), claims.next_wake), (0, None), "claimed, next wake");
    Ok(())
}

pub(super) async fn yield_is_due_at_once_and_has_not_begun(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    hold.run(&s).await?;
    let root = FrameWrite { due: Some(Duration::ZERO), ..hold.write() };
    hold.apply(&s, hold.commit(Some(root), Next::Yield)).await?;
    let record = s.record("a").await?;
    check_eq!((record.status, record.crashes), (Status::Ready, 0), "status and crashes");
    let hold = s.claim_one().await?;
    check!(hold.claimed.frames[0].due.is_some(), "the frame does not show that its operation has not begun");
    check_eq!((hold.claimed.fence, hold.claimed.crashes), (2, 0), "fence and crashes");
    Ok(())
}

pub(super) async fn timer_is_due_at_its_time_and_not_before(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    let before = s.now().await?;
    hold.park(&s, Some(2 * SECOND), None).await?;
    let after = s.now().await?;
    let record = s.record("a").await?;
    for due in [record.wake, record.frames[0].due] {
        let range = before + 2000..=after + 2000;
        check!(due.is_some_and(|due| range.contains(&due)), "due at {due:?}, expected {range:?}");
    }
    let next_wake = s.claim(10).await?.next_wake;
    check!(
        next_wake.is_some_and(|wake| wake > Duration::ZERO && wake <= 2 * SECOND),
        "next wake is {next_wake:?}, expected at most 2 s"
    );
    s.subject.advance(SECOND).await?;
    s.check_nothing_due("one second before the timer").await?;
    s.subject.advance(SECOND).await?;
    let hold = s.claim_one().await?;
    let (due, now) = (hold.claimed.frames[0].due, hold.claimed.now);
    check!(due.is_some_and(|due| due <= now), "claimed at {now} before its deadline {due:?}");
    check_eq!((hold.claimed.fence, hold.claimed.crashes), (2, 0), "fence and crashes");
    Ok(())
}

pub(super) async fn parts_of_a_millisecond_are_never_early(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    let before = s.now().await?;
    hold.park(&s, Some(Duration::from_nanos(1_500_000_001)), None).await?;
    let record = s.record("a").await?;
    for due in [record.wake, record.frames[0].due] {
        check!(
            due.is_some_and(|due| due > before + 1500),
            "due at {due:?}, less than 1500.000001 ms after {before}"
        );
    }
    Ok(())
}

pub(super) async fn endless_timer_neither_wraps_nor_fires(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    for (name, due) in
        [("a", Duration::MAX), ("b", Duration::from_millis(u64::MAX)), ("c", Duration::from_secs(1 << 40))]
    {
        let mut hold = s.started(name).await?;
        hold.park(&s, Some(due), None).await?;
        s.check_nothing_due("after parking for ages").await?;
    }
    Ok(())
}

pub(super) async fn timer_of_zero_is_due_at_once(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    hold.park(&s, Some(Duration::ZERO), None).await?;
    check_eq!(s.claim_one().await?.claimed.fence, 2, "fence");
    Ok(())
}

pub(super) async fn first_deadline_of_a_visit_stands(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    hold.park(&s, Some(2 * SECOND), Some("x")).await?;
    let due = s.record("a").await?.frames[0].due;
    s.check_accepted("a", "e1", "x").await?;
    s.subject.advance(SECOND).await?;
    // Once with the root written again, once without.
    for with_root in [true, false] {
        let mut hold = s.claim_one().await?;
        let root = FrameWrite {
            visit: hold.visit,
            snapshot: None,
            due: Some(600 * SECOND),
            event: Some("x".into()),
            ..hold.write()
        };
        let wake = Some(600 * SECOND);
        let park = Park { wake, mail: hold.claimed.mail, error: None, keep_due: true };
        hold.apply(&s, hold.commit(with_root.then_some(root), Next::Park(park))).await?;
        let record = s.record("a").await?;
        check_eq!((record.wake, record.frames[0].due), (due, due), "wake and deadline after parking again");
        check_eq!(record.frames[0].event.as_deref(), Some("x"), "event waited for");
        s.check_nothing_due("after parking again before the deadline").await?;
        if with_root {
            s.check_accepted("a", "e2", "x").await?;
        }
    }
    s.subject.advance(SECOND).await?;
    s.claim_one().await?;
    Ok(())
}

pub(super) async fn event_since_the_last_look_makes_a_park_due(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    let mail = hold.claimed.mail;
    // It comes between the worker's look at the mail and its park.
    s.check_accepted("a", "e1", "x").await?;
    hold.park_having_read(&s, None, Some("x"), mail).await?;
    let hold = s.claim_one().await?;
    check_eq!(hold.claimed.event.map(|event| event.seq), Some(1), "the event delivered");
    check_eq!(hold.claimed.mail, 1, "mail");
    Ok(())
}

pub(super) async fn mail_that_was_read_wakes_nobody(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let hold = s.started("a").await?;
    s.check_accepted("a", "e1", "y").await?;
    s.release(&hold).await?;
    let mut hold = s.claim_one().await?;
    check_eq!(hold.claimed.mail, 1, "mail");
    hold.park_having_read(&s, None, Some("x"), 1).await?;
    s.check_nothing_due("parked on `x` with only `y` in the mail, which was read").await
}

pub(super) async fn retry_far_away_parks_with_its_error(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    hold.run(&s).await?;
    let due = Some(2 * SECOND);
    let root = FrameWrite { visit: 1, failed: 1, snapshot: None, due, ..hold.write() };
    let park = Park { wake: due, mail: 0, error: Some("card declined".into()), keep_due: false };
    hold.apply(&s, hold.commit(Some(root), Next::Park(park))).await?;
    let frame = &s.record("a").await?.frames[0];
    check_eq!((frame.visit, frame.failed), (1, 1), "visit and failed attempts");
    check_eq!(frame.snapshot.to_vec(), b"`a` at visit 1".to_vec(), "snapshot");
    s.check_nothing_due("before the retry").await?;
    s.subject.advance(2 * SECOND).await?;
    let hold = s.claim_one().await?;
    check_eq!(hold.claimed.frames[0].failed, 1, "failed attempts after the claim");
    let history = s.store.history(&hold.claimed.id).await?;
    check!(
        history.iter().any(|entry| entry.detail.contains("card declined")),
        "the failure is not in the history: {history:?}"
    );
    Ok(())
}

pub(super) async fn deadline_of_a_running_frame_wakes_nobody(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    let root = FrameWrite { due: Some(SECOND), ..hold.write() };
    hold.apply(&s, hold.commit(Some(root), Next::Run)).await?;
    let record = s.record("a").await?;
    check!(record.frames[0].due.is_some(), "the frame's deadline is missing");
    check_eq!((record.status, record.wake), (Status::Running, None), "status and wake");
    s.subject.advance(2 * SECOND).await?;
    s.check_nothing_due("an owned execution whose frame's deadline has passed").await?;
    hold.run(&s).await?;
    check_eq!(s.record("a").await?.frames[0].due, None, "deadline at the next await point");
    Ok(())
}

pub(super) async fn next_wake_is_the_earliest_of_all(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut holds: Vec<Hold> = Vec::new();
    for (name, priority) in [("a", 0), ("b", 9), ("c", -9)] {
        let request = durable_core::store::StartRequest { priority, ..s.start_request(name)? };
        s.start_with(request).await?;
        holds.push(s.claim_one().await?);
    }
    for (hold, seconds) in holds.iter_mut().zip([300, 200, 100]) {
        hold.park(&s, Some(seconds * SECOND), None).await?;
    }
    let next_wake = s.claim(10).await?.next_wake;
    let expected = 90 * SECOND..=100 * SECOND;
    check!(
        next_wake.is_some_and(|wake| expected.contains(&wake)),
        "next wake {next_wake:?}, expected {expected:?}"
    );
    Ok(())
}
