//! What one build has set aside, another may try (Versions).

use super::{
    failure::{Checked, check, check_eq, check_matches},
    scenario::{Hold, Scenario, id},
    subject::Subject,
};
use durable_core::store::{
    BuildId, ClaimRequest, Control, HistoryKind, Reconsider, Status, StoreError, WorkerId,
};

/// A scenario whose worker is of build `1`, and a worker of build `2`.
async fn two_builds(subject: Subject) -> Checked<(Scenario, WorkerId)> {
    let s = Scenario::new(subject).await?;
    let worker = s.store.join_as("of the first build", &BuildId::new("1")).await?;
    let other = s.store.join_as("of the second build", &BuildId::new("2")).await?;
    Ok((Scenario { worker, ..s }, other))
}

fn request(s: &Scenario, worker: WorkerId) -> Reconsider {
    Reconsider { worker, queues: vec![s.queue], unreadable: vec![], limit: 100 }
}

async fn reconsider(s: &Scenario, worker: WorkerId) -> Checked<u64> {
    Ok(s.store.reconsider(request(s, worker)).await?)
}

async fn set_aside(s: &Scenario, execution: &str) -> Checked<Hold> {
    let mut hold = s.started(execution).await?;
    hold.run(s).await?;
    hold.finish(s, Status::SetAside).await?;
    Ok(hold)
}

async fn set_aside_by(s: &Scenario, execution: &str) -> Checked<Option<String>> {
    Ok(s.record(execution).await?.set_aside_by.map(|build| build.to_string()))
}

pub(super) async fn another_build_tries_and_the_same_does_not(subject: Subject) -> Checked {
    let (s, other) = two_builds(subject).await?;
    set_aside(&s, "a").await?;
    check_eq!(set_aside_by(&s, "a").await?.as_deref(), Some("1"), "the build that set it aside");
    let before = s.record("a").await?;
    check_eq!(reconsider(&s, s.worker).await?, 0, "what the same build takes up");
    s.check_status("a", Status::SetAside).await?;

    check_eq!(reconsider(&s, other).await?, 1, "what another build takes up");
    check_eq!(reconsider(&s, other).await?, 0, "what it takes up the second time");
    let record = s.record("a").await?;
    check_eq!((record.status, record.finished), (Status::Ready, None), "status, and when it ended");
    check_eq!((record.epoch, record.fence), (before.epoch + 1, before.fence + 1), "epoch and fence");
    check_eq!(s.store.outcome(&id("a")?).await?, None, "outcome of what is tried again");
    s.check_nothing_due("for the build that set it aside").await?;
    check_eq!(
        s.claim(10).await?.next_wake,
        None,
        "next wake: what is left to others is no reason to ask again"
    );
    let hold = s.claim_one_as(other).await?;
    check_eq!((hold.visit, hold.claimed.crashes), (1, 0), "visit and crashes");
    check_eq!(hold.claimed.frames[0].snapshot, before.frames[0].snapshot, "snapshot");
    check_eq!(set_aside_by(&s, "a").await?, None, "the build that set it aside, while another has it");

    // Once another had it, it is like any other.
    s.release(&hold).await?;
    s.claim_one().await?;
    Ok(())
}

pub(super) async fn next_failure_is_of_the_build_that_tried(subject: Subject) -> Checked {
    let (s, other) = two_builds(subject).await?;
    set_aside(&s, "a").await?;
    reconsider(&s, other).await?;
    let mut hold = s.claim_one_as(other).await?;
    hold.finish(&s, Status::SetAside).await?;
    check_eq!(set_aside_by(&s, "a").await?.as_deref(), Some("2"), "the build that set it aside");
    check_eq!(reconsider(&s, other).await?, 0, "what it takes up of its own");
    check_eq!(reconsider(&s, s.worker).await?, 1, "what the first build takes up again");

    use HistoryKind::{Finished, Reconsidered, Started};
    let history = s.store.history(&id("a")?).await?;
    let kinds: Vec<_> = history.iter().map(|entry| entry.kind).collect();
    check_eq!(kinds, [Started, Finished, Reconsidered, Finished, Reconsidered], "history");
    check_eq!(history[2].detail, "2", "the build that tried");
    check!(history[1].detail.contains("ended: set aside"), "the reason is lost: {history:?}");
    Ok(())
}

pub(super) async fn what_this_build_cannot_read_stays_set_aside(subject: Subject) -> Checked {
    let (s, other) = two_builds(subject).await?;
    set_aside(&s, "a").await?;
    let unreadable = Reconsider { unreadable: s.at(&[1]), ..request(&s, other) };
    check_eq!(s.store.reconsider(unreadable).await?, 0, "what stands where the build cannot go on");
    let elsewhere = Reconsider { queues: vec![], ..request(&s, other) };
    check_eq!(s.store.reconsider(elsewhere).await?, 0, "what is in queues that it does not accept");
    s.check_status("a", Status::SetAside).await?;
    let readable = Reconsider { unreadable: s.at(&[0, 2]), ..request(&s, other) };
    check_eq!(s.store.reconsider(readable).await?, 1, "what stands where the build can go on");
    Ok(())
}

pub(super) async fn what_another_version_saved_in_that_shape_is_tried(subject: Subject) -> Checked {
    let (s, other) = two_builds(subject).await?;
    set_aside(&s, "of the first").await?;
    let second = s.second_version_of_one_shape().await?;
    set_aside(&second, "of the second").await?;
    let both =
        Reconsider { queues: vec![s.queue, second.queue], unreadable: s.at(&[1]), ..request(&s, other) };
    check_eq!(s.store.reconsider(both.clone()).await?, 1, "executions that are tried");
    s.check_status("of the first", Status::SetAside).await?;
    s.check_status("of the second", Status::Ready).await?;
    let neither = Reconsider { unreadable: [s.at(&[1]), second.at(&[1])].concat(), ..both };
    check_eq!(s.store.reconsider(neither).await?, 0, "where neither is read");
    Ok(())
}

pub(super) async fn only_what_was_set_aside_is_tried_and_in_groups(subject: Subject) -> Checked {
    let (s, other) = two_builds(subject).await?;
    s.started("failed").await?.finish(&s, Status::Failed).await?;
    s.started("parked").await?.park(&s, None, Some("x")).await?;
    for name in ["a", "b", "c"] {
        set_aside(&s, name).await?;
    }
    let two = Reconsider { limit: 2, ..request(&s, other) };
    let mut found = Vec::new();
    for _ in 0..3 {
        found.push(s.store.reconsider(two.clone()).await?);
    }
    check_eq!(found, [2, 1, 0], "groups");
    s.check_status("failed", Status::Failed).await?;
    s.check_status("parked", Status::Parked).await?;
    let claims = s.store.claim(ClaimRequest { limit: 2, ..s.claim_request(other, 10) }).await?;
    check_eq!(claims.claimed.len(), 2, "claimed with a limit of 2");
    check_eq!(s.store.claim(s.claim_request(other, 10)).await?.claimed.len(), 1, "claimed after that");
    Ok(())
}

pub(super) async fn redrive_is_for_any_build(subject: Subject) -> Checked {
    let (s, other) = two_builds(subject).await?;
    set_aside(&s, "a").await?;
    s.store.redrive(vec![id("a")?]).await?.pop().transpose()?;
    check_eq!(reconsider(&s, other).await?, 0, "what was redriven");
    s.claim_one().await?;
    check_eq!(set_aside_by(&s, "a").await?, None, "the build that set it aside");
    Ok(())
}

pub(super) async fn what_is_to_be_cancelled_is_for_any_build(subject: Subject) -> Checked {
    let (s, other) = two_builds(subject).await?;
    set_aside(&s, "a").await?;
    s.store.cancel(&id("a")?).await?;
    check_eq!(reconsider(&s, other).await?, 0, "what waits to be cancelled");
    let mut hold = s.claim_one().await?;
    check_eq!(hold.claimed.control, Some(Control::Cancel), "request");
    hold.finish(&s, Status::Cancelled).await?;

    set_aside(&s, "b").await?;
    reconsider(&s, other).await?;
    s.check_nothing_due("for the build that set it aside").await?;
    s.store.cancel(&id("b")?).await?;
    check_eq!(s.claim_one().await?.claimed.control, Some(Control::Cancel), "request");
    Ok(())
}

pub(super) async fn given_up_worker_tries_nothing(subject: Subject) -> Checked {
    let (s, other) = two_builds(subject).await?;
    set_aside(&s, "a").await?;
    s.give_up(other, s.worker).await?;
    let answer = s.store.reconsider(request(&s, other)).await;
    check_matches!(answer, Err(StoreError::WorkerLost), "a worker that was given up");
    s.check_status("a", Status::SetAside).await
}
