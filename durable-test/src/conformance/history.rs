//! Life-cycle history: what people read about an execution.

use super::{
    failure::{Checked, check, check_eq},
    scenario::{Scenario, id},
    subject::Subject,
};
use durable_core::store::{HistoryKind, Status, StoreError};
use std::time::Duration;

pub(super) async fn life_cycle_is_told_in_order(subject: Subject) -> Checked {
    use HistoryKind::{CancelRequested, FailedAttempt, Finished, Parked, Started};
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    check_eq!(s.kinds("a").await?, [Started], "history after the start");
    hold.run(&s).await?;
    hold.fail_attempt(&s, 1, None).await?;
    hold.park(&s, Some(Duration::ZERO), None).await?;
    s.store.cancel(&id("a")?).await?;
    let mut hold = s.claim_one().await?;
    hold.finish(&s, Status::Failed).await?;

    let history = s.store.history(&id("a")?).await?;
    let kinds: Vec<_> = history.iter().map(|entry| entry.kind).collect();
    check_eq!(kinds, [Started, FailedAttempt, Parked, CancelRequested, Finished], "history");
    check!(history.is_sorted_by_key(|entry| entry.at), "the times go backwards: {history:?}");
    check!(history.is_sorted_by_key(|entry| entry.epoch), "the epochs go backwards: {history:?}");
    let (first, last) = (&history[0], &history[4]);
    let record = s.record("a").await?;
    check_eq!((first.at, first.epoch), (record.created, 0), "time and epoch of the start");
    check_eq!((Some(last.at), last.epoch), (record.finished, record.epoch), "time and epoch of the end");
    check!(
        history[1].detail.contains("failure 1"),
        "the failed attempt does not tell its error: {history:?}"
    );
    check!(
        last.detail.contains("failed") && last.detail.contains("ended: failed"),
        "the end tells neither status nor error: {history:?}"
    );
    Ok(())
}

pub(super) async fn steps_leave_no_trace(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    for _ in 0..20 {
        hold.run(&s).await?;
    }
    check_eq!(s.kinds("a").await?, [HistoryKind::Started], "history after 20 await points");
    Ok(())
}

pub(super) async fn unknown_execution_has_none(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let answer = s.store.history(&id("nobody")?).await;
    check!(matches!(answer, Err(StoreError::UnknownExecution(_))), "history of nobody: found {answer:?}");
    Ok(())
}
