//! The start of an execution, straight into a worker of this process where one has room (K2).

use crate::{error::ClientError, shared::Shared, trouble::Backoff};
use durable_core::store::{Ending, ExecutionId, Release, StartRequest, Started, Store, StoreError, ending};
use std::{cell::RefCell, sync::Arc};

/// Attempts of a client's own, before it reports a store that is busy or out of reach.
pub(crate) const ATTEMPTS: u32 = 5;

/// How many times 128 bits are asked of the operating system at once.
const RANDOM_POOL: usize = 64;

thread_local! {
    /// A call of the operating system for each start would cost as much as the start.
    static RANDOM: RefCell<Vec<[u8; 16]>> = const { RefCell::new(Vec::new()) };
}

/// 128 random bits of the operating system, given out once.
pub(crate) fn random_bits() -> Result<[u8; 16], ClientError> {
    os_random_bits().map_err(|error| ClientError::Randomness(error.to_string()))
}

/// The same, for those who are no client.
pub(crate) fn os_random_bits() -> Result<[u8; 16], getrandom::Error> {
    RANDOM.with_borrow_mut(|pool| {
        if let Some(bits) = pool.pop() {
            return Ok(bits);
        }
        let mut fresh = [[0; 16]; RANDOM_POOL];
        getrandom::fill(fresh.as_flattened_mut())?;
        pool.extend_from_slice(&fresh[1..]);
        Ok(fresh[0])
    })
}

/// Starts, and repeats while the store is in passing trouble: the id and the instance make it one start. With what
/// hears its end, if it went straight into a worker of this process.
pub(crate) async fn start(
    store: &Arc<dyn Store>,
    request: StartRequest,
) -> Result<(Started, Option<Ending>), StoreError> {
    let Some((worker, id)) = store.local().reserve(request.queue) else {
        return Ok((repeat(store, request).await?, None));
    };
    let (teller, ending) = ending();
    let started = worker.start(StartRequest { claim_for: Some(id), ..request }, teller).await?;
    Ok((started, Some(ending)))
}

/// Repeats a start that was to be claimed at once, after passing trouble: now it is for whoever claims it.
pub(crate) async fn repeat_claimed(
    store: &Arc<dyn Store>,
    request: StartRequest,
) -> Result<Started, StoreError> {
    let (id, instance) = (request.id.clone(), request.instance);
    let started = repeat(store, StartRequest { claim_for: None, ..request }).await?;
    // The first attempt may have happened.
    if let Started::Existing { .. } = started {
        release(store, &id, instance).await?;
    }
    Ok(started)
}

/// After a start that was refused for now: if it happened all the same, it is claimed, and while this worker lives nobody would ever
/// drive it. If the worker closes, leaving the store gives it to others.
pub(crate) async fn give_back(shared: &Shared, request: &StartRequest) {
    let release = || release(&shared.store, &request.id, request.instance);
    if let Err(error) = shared.until_closing(release).await {
        tracing::debug!(id = %request.id, %error, "a start could not be given back");
    }
}

/// Releases an execution that was started claimed and that nobody drives, if it is there.
async fn release(store: &Arc<dyn Store>, id: &ExecutionId, instance: [u8; 16]) -> Result<(), StoreError> {
    match store.execution(id).await? {
        Some(record) if record.instance == instance => {
            store.release(vec![Release { row: record.row, fence: 1 }]).await
        }
        _ => Ok(()),
    }
}

async fn repeat(store: &Arc<dyn Store>, request: StartRequest) -> Result<Started, StoreError> {
    let mut backoff = Backoff::default();
    for _ in 1..ATTEMPTS {
        match store.start(request.clone()).await {
            Err(error) if error.is_transient() => tokio::time::sleep(backoff.next()).await,
            answer => return answer,
        }
    }
    store.start(request).await
}
