//! Claims what is due, in batches. Woken by the store's process-wide notices, by the next deadline, and by places that
//! become free for what was left out; nothing polls.

use crate::{
    build,
    guarded::guarded,
    places::{Ask, Place},
    shared::Shared,
    trouble::InTrouble,
};
use durable_core::store::{ClaimRequest, Claims, Release, StoreError};
use std::{future::pending, sync::Arc, time::Duration};

/// A store that says "more is due" and then gives nothing is asked again after this long, not at once.
const EMPTY_HANDED: Duration = Duration::from_millis(100);

/// Runs until the worker closes.
pub(crate) async fn run(shared: Arc<Shared>) {
    let tried = guarded(build::reconsider(&shared));
    if let (Err(panic), ()) = tokio::join!(tried, claim_in_turns(&shared)) {
        tracing::error!(panic, "the store panicked as it was asked for what other builds have set aside");
    }
}

async fn claim_in_turns(shared: &Arc<Shared>) {
    let mut round = 0;
    loop {
        let next_wake = claim_all(shared, &mut round).await;
        tokio::select! {
            () = shared.places.look.notified() => {}
            () = sleep(next_wake) => {}
            () = shared.closing() => {}
        }
        if shared.is_closing() {
            return;
        }
    }
}

/// Claims until nothing more is due or no place is free. How long until something is due.
async fn claim_all(shared: &Arc<Shared>, round: &mut usize) -> Option<Duration> {
    let mut fragile_only = false;
    let mut trouble: Option<InTrouble<'_>> = None;
    loop {
        // Whoever is in trouble itself is the one who tries.
        if trouble.is_none() {
            tokio::select! {
                () = shared.trouble.over() => {}
                () = shared.closing() => {}
            }
        }
        tokio::select! {
            () = shared.others_first() => {}
            () = shared.closing() => {}
        }
        if shared.is_closing() {
            return None;
        }
        // A place that becomes free wakes the loop.
        let ask = shared.places.ask(fragile_only)?;
        let left_out_fragile = ask.fragile == 0 && !fragile_only;
        *round = round.wrapping_add(1);
        let request = ClaimRequest {
            worker: shared.worker(),
            queues: shared.registry.queues(*round),
            unreadable: shared.registry.unreadable(),
            limit: ask.limit,
            fragile: ask.fragile,
            alone: ask.alone,
        };
        let Claims { claimed, next_wake } = match claim(shared, request).await {
            Ok(claims) => claims,
            Err(error) => {
                shared.places.settle(ask, &[]);
                if is_for_others(&error) {
                    return None;
                }
                trouble.get_or_insert_with(|| shared.trouble.begin(&error)).pause().await;
                continue;
            }
        };
        trouble = None;
        if !claimed.is_empty() {
            tracing::debug!(claimed = claimed.len(), "claimed");
        }
        let none = claimed.is_empty();
        seat(shared, ask, claimed).await;
        fragile_only = none && left_out_fragile;
        match next_wake {
            _ if fragile_only => {}
            Some(Duration::ZERO) if none => return Some(EMPTY_HANDED),
            Some(Duration::ZERO) => {}
            next_wake => return next_wake,
        }
    }
}

/// A store that panics has failed like any other, and is asked again.
async fn claim(shared: &Shared, request: ClaimRequest) -> Result<Claims, StoreError> {
    let claimed = guarded(async { shared.store.claim(request).await }).await;
    claimed.unwrap_or_else(|panic| {
        let (location, reason) = (shared.store.describe(), format!("it panicked: {panic}"));
        Err(StoreError::Io { location, reason, outcome_unknown: true })
    })
}

/// Runs what was claimed; gives back what came too late.
async fn seat(shared: &Arc<Shared>, ask: Ask, claimed: Vec<durable_core::store::Claimed>) {
    let crashes: Vec<u32> = claimed.iter().map(|claimed| claimed.crashes).collect();
    let mut places: Vec<Place> = shared.places.settle(ask, &crashes);
    if places.is_empty() {
        let late: Vec<_> =
            claimed.iter().map(|claimed| Release { row: claimed.row, fence: claimed.fence }).collect();
        if !late.is_empty() {
            give_back(shared, late).await;
        }
        return;
    }
    for (claimed, place) in claimed.into_iter().zip(places.drain(..)) {
        shared.run(claimed, place);
    }
}

/// While this worker lives, nobody else would ever drive these. If it closes, leaving the store gives them to others.
async fn give_back(shared: &Shared, late: Vec<Release>) {
    if let Err(error) = shared.until_closing(|| shared.store.release(late.clone())).await {
        tracing::debug!(%error, "claims that came too late could not be released");
    }
}

/// Whether somebody else ends the trouble, and wakes this loop.
fn is_for_others(error: &StoreError) -> bool {
    match error {
        // The beat finds out, and joins again.
        StoreError::WorkerLost => true,
        StoreError::Closed { .. } => {
            tracing::error!(%error, "the store is closed; this worker claims nothing more");
            true
        }
        _ => false,
    }
}

async fn sleep(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => pending().await,
    }
}
