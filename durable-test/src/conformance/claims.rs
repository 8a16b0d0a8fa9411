//! Claims and releases: order, fairness, limits, and a clean way back.

use super::{
    failure::{Checked, check, check_eq},
    scenario::{Hold, SECOND, Scenario, point, registration},
    subject::Subject,
};
use durable_core::{
    Schema,
    store::{ClaimRequest, Claims, FrameWrite, Next, Registered, Release, StartRequest, Status},
};
use std::time::Duration;

fn ids(claims: &Claims) -> Vec<&str> {
    claims.claimed.iter().map(|claimed| claimed.id.as_str()).collect()
}

pub(super) async fn claim_takes_ownership_and_leaves_the_epoch(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    hold.run(&s).await?;
    for fence in 2..=4 {
        s.release(&hold).await?;
        hold = s.claim_one().await?;
        check_eq!((hold.claimed.fence, hold.claimed.epoch), (fence, 1), "fence and epoch");
        let record = s.record("a").await?;
        check_eq!(
            (record.status, record.wake, record.fence),
            (Status::Running, None, fence),
            "status, wake, fence"
        );
        s.check_nothing_due("while a worker owns it").await?;
    }
    Ok(())
}

pub(super) async fn claim_gives_the_last_committed_frame(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    let write = hold.write();
    hold.run(&s).await?;
    s.release(&hold).await?;
    let hold = s.claim_one().await?;
    let root = &hold.claimed.frames[0];
    check_eq!(Some((root.schema, root.snapshot.clone())), write.snapshot, "schema and snapshot");
    check_eq!((root.visit, root.failed, root.parent), (1, 0, None), "visit, failed attempts, parent");
    Ok(())
}

pub(super) async fn higher_priority_is_claimed_first(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    for (name, priority) in
        [("low", -5), ("middle", 0), ("high", 7), ("lowest", i32::MIN), ("highest", i32::MAX)]
    {
        s.start_with(StartRequest { priority, ..s.start_request(name)? }).await?;
    }
    for expected in ["highest", "high", "middle", "low", "lowest"] {
        check_eq!(ids(&s.claim(1).await?), [expected], "next by priority");
    }
    Ok(())
}

pub(super) async fn longest_due_is_claimed_first_within_a_priority(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    for (name, seconds) in [("third", 3), ("first", 1), ("second", 2)] {
        s.started(name).await?.park(&s, Some(seconds * SECOND), None).await?;
    }
    s.subject.advance(4 * SECOND).await?;
    for expected in ["first", "second", "third"] {
        check_eq!(ids(&s.claim(1).await?), [expected], "next by wake");
    }
    Ok(())
}

pub(super) async fn sleeper_of_high_priority_hides_nobody(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    s.start_with(StartRequest { priority: 9, ..s.start_request("sleeper")? }).await?;
    s.claim_one().await?.park(&s, Some(3600 * SECOND), None).await?;
    s.start("due").await?;
    check_eq!(ids(&s.claim(10).await?), ["due"], "claimed");
    Ok(())
}

pub(super) async fn queues_take_turns(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let (registered, request) = second_queue(&s).await?;
    for at in 0..6 {
        s.start(&format!("order-{at}")).await?;
    }
    for at in 0..2 {
        let start = s.start_request(&format!("refund-{at}"))?;
        s.start_with(StartRequest { queue: registered.queue, schema: registered.schemas[0], ..start })
            .await?;
    }
    let claims = s.store.claim(ClaimRequest { limit: 4, ..request.clone() }).await?;
    let refunds = claims.claimed.iter().filter(|claimed| claimed.queue == registered.queue).count();
    check_eq!((claims.claimed.len(), refunds), (4, 2), "claimed, and those of the shorter queue");
    let claims = s.store.claim(ClaimRequest { limit: 10, ..request }).await?;
    check_eq!(claims.claimed.len(), 4, "the rest comes from the longer queue");
    Ok(())
}

pub(super) async fn queues_not_asked_for_are_left_alone(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let (registered, request) = second_queue(&s).await?;
    s.start("a").await?;
    let claims = s.store.claim(ClaimRequest { queues: vec![registered.queue], ..request.clone() }).await?;
    check_eq!((claims.claimed.len(), claims.next_wake), (0, None), "claimed from an empty queue, next wake");
    let claims = s.store.claim(ClaimRequest { queues: vec![], ..request.clone() }).await?;
    check_eq!((claims.claimed.len(), claims.next_wake), (0, None), "claimed from no queue, next wake");
    let claims = s.store.claim(ClaimRequest { queues: vec![s.queue, s.queue], ..request }).await?;
    check_eq!(ids(&claims), ["a"], "claimed from a queue that was named twice");
    Ok(())
}

async fn second_queue(s: &Scenario) -> Checked<(Registered, ClaimRequest)> {
    let points = vec![point("Start", &[("amount", Schema::U64)])];
    let registered = s.store.register(registration("refunds", points)).await?;
    let queues = vec![s.queue, registered.queue];
    let request = ClaimRequest { queues, ..s.claim_request(s.worker, 10) };
    Ok((registered, request))
}

pub(super) async fn limit_holds_and_tells_that_more_is_due(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    for at in 0..5 {
        s.start(&format!("a{at}")).await?;
    }
    let claims = s.claim(2).await?;
    check_eq!((claims.claimed.len(), claims.next_wake), (2, Some(Duration::ZERO)), "claimed, next wake");
    let claims = s.claim(3).await?;
    check_eq!((claims.claimed.len(), claims.next_wake), (3, None), "claimed, next wake");
    s.start("b").await?;
    check_eq!(s.claim(0).await?.claimed.len(), 0, "claimed with a limit of 0");
    check_eq!(ids(&s.claim(1).await?), ["b"], "claimed after a claim with a limit of 0");
    Ok(())
}

pub(super) async fn release_is_due_at_once_and_counts_no_crash(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    hold.run(&s).await?;
    s.release(&hold).await?;
    let status = s.record("a").await?.status;
    check!(status != Status::Running, "the status after a release is still `running`");
    let other = s.store.join("second").await?;
    let hold = s.claim_one_as(other).await?;
    check_eq!(
        (hold.claimed.crashes, hold.claimed.fence, hold.claimed.epoch),
        (0, 2, 1),
        "crashes, fence, epoch"
    );
    Ok(())
}

pub(super) async fn release_with_a_stale_fence_is_ignored(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let first = s.started("a").await?;
    s.release(&first).await?;
    let mut second = s.claim_one().await?;
    s.release(&first).await?;
    s.store.release(vec![Release { row: second.claimed.row, fence: 99 }]).await?;
    s.store.release(vec![Release { row: second.claimed.row + 1000, fence: 1 }]).await?;
    s.check_nothing_due("after a release with a stale fence").await?;
    second.run(&s).await?;
    Ok(())
}

pub(super) async fn release_after_a_park_does_not_wake(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    hold.park(&s, Some(3600 * SECOND), None).await?;
    s.release(&hold).await?;
    s.check_nothing_due("a release of what was parked already").await
}

pub(super) async fn release_keeps_the_deadline_of_a_retry(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    hold.run(&s).await?;
    hold.fail_attempt(&s, 1, Some(2 * SECOND)).await?;
    s.release(&hold).await?;
    s.check_nothing_due("a release before the retry is due").await?;
    let next_wake = s.claim(10).await?.next_wake;
    check!(next_wake.is_some_and(|wake| wake <= 2 * SECOND), "next wake {next_wake:?}, expected at most 2 s");
    s.subject.advance(2 * SECOND).await?;
    let hold = s.claim_one().await?;
    check_eq!((hold.claimed.crashes, hold.claimed.frames[0].failed), (0, 1), "crashes, failed attempts");
    Ok(())
}

pub(super) async fn release_loses_no_event_that_came_meanwhile(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    for (name, due) in [("a", None), ("b", Some(3600 * SECOND))] {
        // Its worker keeps it in memory while it waits.
        let mut hold = s.started(name).await?;
        let root = FrameWrite { due, event: Some("x".into()), ..hold.write() };
        hold.apply(&s, hold.commit(Some(root), Next::Run)).await?;
        s.check_accepted(name, "e1", "x").await?;
        s.check_nothing_due("an event for an execution that a living worker owns").await?;
        s.release(&hold).await?;
        let hold: Hold = s.claim_one().await?;
        check!(hold.claimed.event.is_some(), "the event sent while `{name}` was running is lost");
    }
    Ok(())
}
