//! Versions of a workflow side by side: what a newer one takes from an older one's queue, and what it leaves there.

use super::{
    failure::{Checked, check, check_eq},
    scenario::{Hold, SECOND, Scenario, id, point, points, registration, versioned},
    subject::Subject,
};
use durable_core::{
    Schema,
    store::{ClaimRequest, Commit, FrameWrite, Next, Registered, Status, StoreError},
};
use std::time::Duration;

/// The scenario's workflow with another `Charge`.
async fn second(s: &Scenario) -> Checked<Registered> {
    let mut next = points();
    next[1] = point("Charge", &[("order", Schema::String), ("total", Schema::U128)]);
    Ok(s.store.register(registration("orders", next)).await?)
}

pub(super) async fn all_versions_are_listed_the_oldest_first(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    check!(s.store.versions("refunds").await?.is_empty(), "versions of a workflow that was never registered");
    let second = second(&s).await?;
    let other = s.store.register(registration("refunds", points())).await?;
    // Registered again, it is as old as it was.
    s.store.register(registration("orders", points())).await?;
    let versions = s.store.versions("orders").await?;
    let queues: Vec<_> = versions.iter().map(|version| version.queue).collect();
    check_eq!(queues, [s.queue, second.queue], "queues, the oldest first");
    check!(s.queue < second.queue && !queues.contains(&other.queue), "a later queue has a larger number");
    check_eq!(versions[0].fingerprint, registration("orders", points()).fingerprint, "fingerprint");
    for (at, schema) in s.schemas.iter().enumerate() {
        let found = versions[0].points.iter().find(|(found, _)| found == schema);
        check_eq!(found.map(|(_, point)| point), Some(&points()[at]), "await point {at}");
    }
    check_eq!(versions[1].points.len(), 3, "await points of the second version");
    Ok(())
}

pub(super) async fn versions_of_one_shape_have_queues_of_their_own_and_are_counted(
    subject: Subject,
) -> Checked {
    let s = Scenario::new(subject).await?;
    let second = s.store.register(versioned("orders", 2, points())).await?;
    check!(second.queue != s.queue, "two versions share a queue");
    check_eq!(second.schemas, s.schemas, "schema rows of await points that are alike");
    let versions = s.store.versions("orders").await?;
    let found: Vec<_> = versions.iter().map(|version| (version.queue, version.version)).collect();
    check_eq!(found, [(s.queue, 1), (second.queue, 2)], "queues with their versions");
    // Under the fingerprint of one version nothing else is registered.
    let mut other = versioned("orders", 2, points());
    other.version = 3;
    match s.store.register(other).await {
        Err(StoreError::SchemaConflict { workflow, .. }) => {
            check_eq!(workflow, "orders", "workflow in conflict")
        }
        answer => check!(false, "another version under the same fingerprint: found {answer:?}"),
    }

    check!(s.store.unfinished("orders").await?.is_empty(), "no execution was started");
    let mut hold = s.started("done").await?;
    s.start("waiting").await?;
    s.start("another").await?;
    check_eq!(s.store.unfinished("orders").await?, [(s.queue, 3)], "unfinished executions");
    hold.finish(&s, Status::Succeeded).await?;
    check_eq!(s.store.unfinished("orders").await?, [(s.queue, 2)], "after one has ended");
    let aside = s.claim(1).await?.claimed.remove(0);
    Hold::new(aside, s.schemas[1]).finish(&s, Status::SetAside).await?;
    check_eq!(s.store.unfinished("orders").await?, [(s.queue, 2)], "after one was set aside");
    check!(
        s.store.unfinished("refunds").await?.is_empty(),
        "executions of a workflow that was never registered"
    );
    Ok(())
}

pub(super) async fn what_stands_where_this_build_cannot_go_on_stays(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut holds = Vec::new();
    for (name, schema) in [("charge", s.schemas[1]), ("gateway", s.schemas[2])] {
        let mut hold = s.started(name).await?;
        hold.schema = schema;
        hold.run(&s).await?;
        holds.push(hold);
    }
    for hold in &holds {
        s.release(hold).await?;
    }
    s.start("start").await?;
    let request = ClaimRequest { unreadable: s.at(&[1]), ..s.claim_request(s.worker, 10) };
    let claims = s.store.claim(request.clone()).await?;
    let mut found: Vec<_> = claims.claimed.iter().map(|claimed| claimed.id.as_str()).collect();
    found.sort_unstable();
    check_eq!(found, ["gateway", "start"], "claimed");
    check_eq!(claims.next_wake, None, "next wake: what stays is no reason to ask again");
    let claims = s.store.claim(ClaimRequest { limit: 1, ..request }).await?;
    check_eq!(claims.claimed.len(), 0, "claimed by a second request");
    let hold = s.claim_one().await?;
    check_eq!(hold.claimed.id.as_str(), "charge", "a build that can read it claims it");
    check_eq!(hold.claimed.crashes, 0, "crashes of what only waited");
    Ok(())
}

pub(super) async fn what_another_version_saved_in_that_shape_is_claimed(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let second = s.second_version_of_one_shape().await?;
    for (scenario, name) in [(&s, "of the first"), (&second, "of the second")] {
        let mut hold = scenario.started(name).await?;
        hold.run(scenario).await?;
        scenario.release(&hold).await?;
    }
    // The list may have a queue in it that is not asked for.
    let elsewhere = ClaimRequest { unreadable: second.at(&[0, 1, 2]), ..s.claim_request(s.worker, 10) };
    let hold = s.store.claim(elsewhere).await?.claimed.pop();
    check_eq!(hold.as_ref().map(|one| one.id.as_str()), Some("of the first"), "of the first version alone");
    if let Some(claimed) = hold {
        s.release(&Hold::new(claimed, s.schemas[1])).await?;
    }
    for (unreadable, expected) in [(s.at(&[1]), "of the second"), (second.at(&[1]), "of the first")] {
        let queues = vec![s.queue, second.queue];
        let request = ClaimRequest { queues, unreadable, ..s.claim_request(s.worker, 10) };
        let claimed = s.store.claim(request).await?.claimed;
        let found: Vec<_> = claimed.iter().map(|claimed| claimed.id.as_str()).collect();
        check_eq!(found, [expected], "claimed, though another version cannot be read there");
    }
    Ok(())
}

pub(super) async fn child_frame_that_cannot_be_read_keeps_its_execution_where_it_is(
    subject: Subject,
) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    let child = FrameWrite {
        frame: 1,
        parent: Some(0),
        visit: 1,
        snapshot: Some((s.schemas[2], b"child".to_vec().into())),
        ..hold.write()
    };
    let open = Commit { frames: vec![child], next_frame: Some(2), ..hold.run_commit() };
    hold.apply(&s, open).await?;
    s.release(&hold).await?;
    let request = ClaimRequest { unreadable: s.at(&[2]), ..s.claim_request(s.worker, 10) };
    check_eq!(s.store.claim(request).await?.claimed.len(), 0, "claimed though its child cannot be read");
    check_eq!(s.claim(10).await?.claimed.len(), 1, "claimed by a build that can read it");
    Ok(())
}

pub(super) async fn execution_moves_to_the_queue_of_the_version_that_saves_it(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let second = second(&s).await?;
    let request = ClaimRequest { queues: vec![second.queue, s.queue], ..s.claim_request(s.worker, 10) };
    s.start("a").await?;
    let claimed = s.store.claim(request).await?.claimed;
    check_eq!(claimed.len(), 1, "claimed from the older queue");
    check_eq!(claimed[0].queue, s.queue, "the queue it was claimed from");
    let mut hold = Hold::new(claimed[0].clone(), second.schemas[1]);
    let root = FrameWrite { visit: hold.visit, failed: 1, snapshot: None, due: None, ..hold.write() };
    let failed = hold.commit(Some(root), Next::FailedAttempt { error: "once".into() });
    hold.apply(&s, failed).await?;
    check_eq!(s.record("a").await?.queue, s.queue, "its queue after an attempt that saved nothing");
    let moved = Commit { queue: Some(second.queue), ..hold.run_commit() };
    hold.apply(&s, moved).await?;
    check_eq!(s.record("a").await?.queue, second.queue, "its queue");

    let park = Commit { queue: Some(second.queue), ..hold.commit(Some(hold.write()), Next::Yield) };
    hold.apply(&s, park).await?;
    check_eq!(s.claim(10).await?.claimed.len(), 0, "claimed from the queue it left");
    let request = ClaimRequest { queues: vec![second.queue], ..s.claim_request(s.worker, 10) };
    check_eq!(s.store.claim(request).await?.claimed.len(), 1, "claimed from the queue it moved to");
    Ok(())
}

pub(super) async fn sleeper_of_an_older_version_is_woken_from_its_new_queue(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let second = second(&s).await?;
    let hold = s.started("a").await?;
    let root = FrameWrite { due: Some(SECOND), ..hold.write() };
    let park = durable_core::store::Park { wake: Some(SECOND), mail: 0, error: None, keep_due: false };
    let parked = Commit { queue: Some(second.queue), ..hold.commit(Some(root), Next::Park(park)) };
    s.commit(parked).await?;
    let older = s.claim(10).await?;
    check_eq!((older.claimed.len(), older.next_wake), (0, None), "the queue it left");
    let request = ClaimRequest { queues: vec![second.queue], ..s.claim_request(s.worker, 10) };
    let wake = s.store.claim(request).await?.next_wake;
    check!(
        wake.is_some_and(|wake| wake > Duration::ZERO && wake <= SECOND),
        "next wake of the queue it moved to: {wake:?}"
    );
    check_eq!(s.record("a").await?.id, id("a")?, "the execution");
    Ok(())
}
