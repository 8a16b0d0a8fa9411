//! Crashes: counted on takeover, reset by progress, and fenced off from innocent neighbours.

use super::{
    failure::{Checked, check, check_eq},
    scenario::{Hold, Scenario},
    subject::Subject,
};
use durable_core::store::{ClaimRequest, HistoryKind, Next, Park, Status, WorkerId};

/// Claims the only execution that is due in a worker that is empty, as one with many crashes demands.
async fn claim_alone(s: &Scenario, worker: WorkerId) -> Checked<Hold> {
    let request = ClaimRequest { alone: true, ..s.claim_request(worker, 10) };
    let claims = s.store.claim(request).await?;
    check_eq!(claims.claimed.len(), 1, "executions claimed by an empty worker");
    Ok(Hold::new(claims.claimed[0].clone(), s.schemas[1]))
}

/// Starts an execution whose worker dies `crashes` times; the last takeover is not claimed yet.
async fn crashed(s: &Scenario, name: &str, crashes: u32) -> Checked {
    s.start(name).await?;
    for count in 0..crashes {
        let victim = s.store.join("victim").await?;
        let hold = claim_alone(s, victim).await?;
        check_eq!(
            (hold.claimed.id.as_str(), hold.claimed.crashes),
            (name, count),
            "execution and its crashes"
        );
        check_eq!(s.give_up(victim, s.worker).await?, 1, "executions taken over");
    }
    Ok(())
}

pub(super) async fn claim_from_a_dead_owner_counts_a_crash(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    crashed(&s, "a", 1).await?;
    let hold = s.claim_one().await?;
    check_eq!((hold.claimed.crashes, hold.claimed.fence, hold.epoch), (1, 2, 0), "crashes, fence, epoch");
    check_eq!(s.record("a").await?.crashes, 1, "crashes of the record");
    let taken_over = s.kinds("a").await?.into_iter().filter(|kind| *kind == HistoryKind::TakenOver).count();
    check_eq!(taken_over, 1, "takeovers in the history");
    s.release(&hold).await?;
    check_eq!(s.claim_one().await?.claimed.crashes, 1, "crashes after a clean release");
    Ok(())
}

pub(super) async fn progress_resets_crashes_and_failed_attempts_do_not(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    crashed(&s, "a", 2).await?;
    let mut hold = s.claim_one().await?;
    hold.fail_attempt(&s, 1, None).await?;
    check_eq!(s.record("a").await?.crashes, 2, "crashes after a failed attempt");
    let park =
        Park { wake: Some(std::time::Duration::ZERO), mail: 0, error: Some("x".into()), keep_due: false };
    hold.apply(&s, hold.commit(None, Next::Park(park))).await?;
    let mut hold = s.claim_one().await?;
    check_eq!(hold.claimed.crashes, 2, "crashes after a park with an error");
    hold.run(&s).await?;
    check_eq!(s.record("a").await?.crashes, 0, "crashes after an await-point commit");
    hold.finish(&s, Status::Succeeded).await?;

    crashed(&s, "b", 2).await?;
    let mut hold = s.claim_one().await?;
    hold.park(&s, None, Some("x")).await?;
    check_eq!(s.record("b").await?.crashes, 0, "crashes after a park without an error");
    Ok(())
}

pub(super) async fn two_crashes_need_a_fragile_place(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    // One after the other: the first is in a worker's hands while the second one crashes.
    crashed(&s, "a", 2).await?;
    let first = s.claim_one().await?;
    check_eq!(first.claimed.crashes, 2, "crashes");
    crashed(&s, "b", 2).await?;
    s.release(&first).await?;
    s.start("ordinary").await?;

    let ask = |limit, fragile| ClaimRequest { fragile, ..s.claim_request(s.worker, limit) };
    let claims = s.store.claim(ask(10, 0)).await?;
    check_eq!(claims.claimed.len(), 1, "claimed without a fragile place");
    check_eq!(claims.claimed[0].id.as_str(), "ordinary", "claimed without a fragile place");
    for _ in 0..2 {
        let claims = s.store.claim(ask(10, 1)).await?;
        check_eq!(claims.claimed.len(), 1, "claimed with one fragile place");
        check_eq!(claims.claimed[0].crashes, 2, "crashes");
    }
    check_eq!(s.store.claim(ask(10, 1)).await?.claimed.len(), 0, "claimed when nothing is due");
    Ok(())
}

pub(super) async fn three_crashes_are_claimed_alone(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    crashed(&s, "suspect", 3).await?;
    s.check_nothing_due("by a worker that runs others, an execution with 3 crashes").await?;
    s.start("ordinary").await?;
    let alone = ClaimRequest { alone: true, ..s.claim_request(s.worker, 10) };
    let claims = s.store.claim(alone.clone()).await?;
    let ids: Vec<_> = claims.claimed.iter().map(|claimed| claimed.id.as_str()).collect();
    check_eq!(ids, ["ordinary"], "claimed by an empty worker while something ordinary is due");
    let claims = s.store.claim(alone.clone()).await?;
    check_eq!(claims.claimed.len(), 1, "claimed by an empty worker while only the suspect is due");
    let suspect = &claims.claimed[0];
    check_eq!((suspect.id.as_str(), suspect.crashes), ("suspect", 3), "id and crashes");

    let mut hold = Hold::new(suspect.clone(), s.schemas[1]);
    hold.run(&s).await?;
    s.release(&hold).await?;
    check_eq!(s.claim_one().await?.claimed.crashes, 0, "crashes after it made progress");
    Ok(())
}

pub(super) async fn suspects_are_given_one_at_a_time(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    crashed(&s, "a", 3).await?;
    let first = claim_alone(&s, s.worker).await?;
    crashed(&s, "b", 4).await?;
    s.release(&first).await?;
    let other = s.store.join("other").await?;
    let one = claim_alone(&s, other).await?;
    let two = claim_alone(&s, s.worker).await?;
    check!(one.claimed.id != two.claimed.id, "one suspect was claimed twice");
    let mut crashes = [one.claimed.crashes, two.claimed.crashes];
    crashes.sort();
    check_eq!(crashes, [3, 4], "crashes of both");
    Ok(())
}
