//! Dead workers, stalled workers, and workers that leave.

use super::{
    failure::{Checked, check, check_eq},
    scenario::{Hold, LEASE, SECOND, Scenario},
    subject::Subject,
};
use durable_core::store::{StartRequest, Started, Status, StoreError};

pub(super) async fn nothing_is_taken_from_the_living(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    let other = s.store.join("second").await?;
    for _ in 0..5 {
        check_eq!(s.store.beat(other, LEASE).await?.taken_over, 0, "taken over from a living worker");
        s.store.beat(s.worker, LEASE).await?;
    }
    check_eq!(
        s.store.claim(s.claim_request(other, 10)).await?.claimed.len(),
        0,
        "claimed from a living worker"
    );
    hold.run(&s).await?;
    Ok(())
}

pub(super) async fn workers_have_numbers_of_their_own(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let second = s.store.join("same name").await?;
    let third = s.store.join("same name").await?;
    check!(s.worker != second && second != third && s.worker != third, "two workers share a number");
    s.store.leave(third).await?;
    let fourth = s.store.join("same name").await?;
    check!(![s.worker, second, third].contains(&fourth), "the number of a worker that left was given again");
    Ok(())
}

pub(super) async fn what_the_dead_own_is_due_after_the_next_beat(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let victim = s.store.join("victim").await?;
    for name in ["a", "b", "c"] {
        s.start(name).await?;
    }
    let mut claimed = s.store.claim(s.claim_request(victim, 10)).await?.claimed;
    check_eq!(claimed.len(), 3, "claimed");
    // One of the three parks; it belongs to nobody when the worker dies.
    let mut parked = Hold::new(claimed.remove(0), s.schemas[1]);
    parked.park(&s, Some(3600 * SECOND), None).await?;
    check_eq!(s.give_up(victim, s.worker).await?, 2, "executions that became claimable with the beat");
    for taken in &claimed {
        s.check_status(taken.id.as_str(), Status::Ready).await?;
    }
    check_eq!(s.store.beat(s.worker, LEASE).await?.taken_over, 0, "taken over by the next beat");
    let claims = s.claim(10).await?;
    check_eq!(claims.claimed.len(), 2, "claimed from the dead worker");
    check!(claims.claimed.iter().all(|claimed| claimed.crashes == 1), "a takeover must count one crash");
    Ok(())
}

pub(super) async fn stalled_owner_may_commit_until_the_claim(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let victim = s.store.join("victim").await?;
    s.start("a").await?;
    let mut stalled = s.claim_one_as(victim).await?;
    s.give_up(victim, s.worker).await?;
    stalled.run(&s).await?;
    stalled.run(&s).await?;
    s.check_status("a", Status::Ready).await?;
    check_eq!(s.record("a").await?.epoch, 2, "epoch");
    let mut hold = s.claim_one().await?;
    check_eq!((hold.claimed.fence, hold.epoch, hold.visit), (2, 2, 2), "fence, epoch, visit");
    // The epoch is right; only the fence tells them apart.
    s.check_fenced(stalled.run_commit(), "the stalled owner after the claim").await?;
    hold.run(&s).await?;
    s.check_fenced(stalled.run_commit(), "the stalled owner after the new one moved on").await
}

pub(super) async fn stalled_owner_may_finish_until_the_claim(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let victim = s.store.join("victim").await?;
    s.start("a").await?;
    let mut stalled = s.claim_one_as(victim).await?;
    s.give_up(victim, s.worker).await?;
    stalled.finish(&s, Status::Succeeded).await?;
    s.check_nothing_due("after the stalled owner finished it").await?;
    s.check_status("a", Status::Succeeded).await
}

pub(super) async fn stalled_owner_may_park_until_the_claim(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let victim = s.store.join("victim").await?;
    s.start("a").await?;
    let mut stalled = s.claim_one_as(victim).await?;
    s.give_up(victim, s.worker).await?;
    stalled.park(&s, None, Some("x")).await?;
    s.check_nothing_due("after the stalled owner parked it").await?;
    s.check_accepted("a", "e1", "x").await?;
    check_eq!(s.claim_one().await?.claimed.crashes, 0, "crashes of an execution that was parked cleanly");
    Ok(())
}

pub(super) async fn given_up_worker_hears_it_on_its_beat(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let victim = s.store.join("victim").await?;
    s.start("a").await?;
    s.claim_one_as(victim).await?;
    s.give_up(victim, s.worker).await?;
    let beat = s.store.beat(victim, LEASE).await;
    check!(matches!(beat, Err(StoreError::WorkerLost)), "beat of a worker that was given up: found {beat:?}");
    s.store.beat(s.worker, LEASE).await?;
    Ok(())
}

pub(super) async fn given_up_worker_cannot_strand_an_execution(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let victim = s.store.join("victim").await?;
    s.give_up(victim, s.worker).await?;
    s.start("claimed by the dead").await?;
    // Whether the store refuses these or lets them pass, a living worker must get both executions in the end.
    let _ = s.store.claim(s.claim_request(victim, 10)).await;
    let request = StartRequest { claim_for: Some(victim), ..s.start_request("started for the dead")? };
    let started = s.store.start(request).await;
    s.store.beat(s.worker, LEASE).await?;
    let claimed = s.claim(10).await?.claimed.len();
    check_eq!(
        claimed,
        1 + usize::from(matches!(started, Ok(Started::New(_)))),
        "executions a living worker gets"
    );
    Ok(())
}

pub(super) async fn leaving_gives_everything_back_without_a_crash(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let leaver = s.store.join("leaver").await?;
    for name in ["a", "b"] {
        s.start(name).await?;
    }
    let stale = s.store.claim(s.claim_request(leaver, 10)).await?.claimed;
    check_eq!(stale.len(), 2, "claimed");
    s.store.leave(leaver).await?;
    let claims = s.claim(10).await?;
    check_eq!(claims.claimed.len(), 2, "claimed after the worker left");
    for claimed in &claims.claimed {
        check_eq!((claimed.crashes, claimed.fence), (0, 2), "crashes and fence");
    }
    for claimed in stale {
        s.check_fenced(Hold::new(claimed, s.schemas[1]).run_commit(), "a commit of the worker that left")
            .await?;
    }
    s.store.leave(leaver).await?;
    Ok(())
}
