//! Cancellation: asked for by clients, carried out by workers.

use super::{
    failure::{Checked, check, check_eq},
    scenario::{SECOND, Scenario, id},
    subject::Subject,
};
use durable_core::store::{Committed, Control, HistoryKind, Status, StoreError};

const CANCEL: Committed = Committed { control: Some(Control::Cancel) };

pub(super) async fn unknown_execution_cannot_be_cancelled(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let answer = s.store.cancel(&id("nobody")?).await;
    check!(
        matches!(&answer, Err(StoreError::UnknownExecution(id)) if id.as_str() == "nobody"),
        "cancel of an unknown execution: found {answer:?}"
    );
    Ok(())
}

pub(super) async fn finished_execution_says_so(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    for (name, status) in [("a", Status::Succeeded), ("b", Status::Failed), ("c", Status::Cancelled)] {
        s.started(name).await?.finish(&s, status).await?;
        check_eq!(s.store.cancel(&id(name)?).await?, false, "cancel of an execution that is {status}");
        s.check_status(name, status).await?;
    }
    s.check_nothing_due("after cancelling what has ended").await
}

pub(super) async fn ready_execution_is_claimed_with_the_request(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    s.start("a").await?;
    check_eq!(s.store.cancel(&id("a")?).await?, true, "cancel");
    let mut hold = s.claim_one().await?;
    check_eq!(hold.claimed.control, Some(Control::Cancel), "request of the claimed execution");
    hold.finish(&s, Status::Cancelled).await?;
    s.check_status("a", Status::Cancelled).await
}

pub(super) async fn parked_execution_is_due_at_once(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    for (name, due, event) in [("a", None, Some("x")), ("b", Some(3600 * SECOND), None)] {
        s.started(name).await?.park(&s, due, event).await?;
        s.check_nothing_due("before the request").await?;
        check_eq!(s.store.cancel(&id(name)?).await?, true, "cancel");
        let mut hold = s.claim_one().await?;
        check_eq!(hold.claimed.control, Some(Control::Cancel), "request of the claimed execution");
        check_eq!(hold.epoch, 1, "epoch");
        hold.finish(&s, Status::Cancelled).await?;
        s.check_status(name, Status::Cancelled).await?;
    }
    Ok(())
}

pub(super) async fn running_execution_hears_it_with_every_commit(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    check_eq!(hold.run(&s).await?, Committed::default(), "commit before the request");
    check_eq!(s.store.cancel(&id("a")?).await?, true, "cancel");
    s.check_status("a", Status::Running).await?;
    s.check_nothing_due("while its worker has it").await?;
    check_eq!(hold.run(&s).await?, CANCEL, "first commit after the request");
    check_eq!(hold.run(&s).await?, CANCEL, "second commit after the request");
    let record = s.record("a").await?;
    check_eq!((record.epoch, record.status), (3, Status::Running), "epoch and status");
    check_eq!(record.frames[0].visit, 3, "the commits that brought the request were written");
    Ok(())
}

pub(super) async fn park_after_the_request_is_due_at_once(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    s.store.cancel(&id("a")?).await?;
    hold.park(&s, Some(3600 * SECOND), None).await?;
    check_eq!(s.claim_one().await?.claimed.control, Some(Control::Cancel), "request");
    Ok(())
}

pub(super) async fn release_after_the_request_is_due_at_once(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    hold.fail_attempt(&s, 1, Some(3600 * SECOND)).await?;
    s.store.cancel(&id("a")?).await?;
    s.release(&hold).await?;
    check_eq!(s.claim_one().await?.claimed.control, Some(Control::Cancel), "request");
    Ok(())
}

pub(super) async fn asking_twice_is_asking_once(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    check_eq!(s.store.cancel(&id("a")?).await?, true, "first cancel");
    check_eq!(s.store.cancel(&id("a")?).await?, true, "second cancel");
    check_eq!(hold.run(&s).await?, CANCEL, "commit");
    let kinds = s.kinds("a").await?;
    check!(kinds.contains(&HistoryKind::CancelRequested), "the request is not in the history: {kinds:?}");
    Ok(())
}

pub(super) async fn end_committed_first_wins(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    s.store.cancel(&id("a")?).await?;
    hold.finish(&s, Status::Succeeded).await?;
    s.check_status("a", Status::Succeeded).await?;
    check_eq!(s.store.cancel(&id("a")?).await?, false, "cancel after the end");
    s.check_nothing_due("after the end").await
}

pub(super) async fn request_is_seen_until_it_is_carried_out(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    check_eq!(s.record("a").await?.control, None, "request before there is one");
    s.store.cancel(&id("a")?).await?;
    check_eq!(s.record("a").await?.control, Some(Control::Cancel), "request");
    hold.run(&s).await?;
    check_eq!(s.record("a").await?.control, Some(Control::Cancel), "request after a commit");
    hold.finish(&s, Status::Cancelled).await?;
    check_eq!(s.record("a").await?.control, None, "request that was carried out");
    Ok(())
}
