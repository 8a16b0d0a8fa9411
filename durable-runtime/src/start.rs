//! The start of an execution, straight into a worker of this process where one has room (K2).

use crate::{error::ClientError, trouble::Backoff};
use durable_core::store::{Admission, Release, StartRequest, Started, Store, StoreError, WorkerId};
use std::{panic::resume_unwind, sync::Arc};
use tokio::runtime::Handle;

/// Attempts of a client's own, before it reports a store that is busy or out of reach.
pub(crate) const ATTEMPTS: u32 = 5;

/// 128 random bits of the operating system.
pub(crate) fn random_bits() -> Result<[u8; 16], ClientError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|error| ClientError::Randomness(error.to_string()))?;
    Ok(bits)
}

/// Starts, and repeats while the store is in passing trouble: the id and the instance make it one start.
pub(crate) async fn start(store: &Arc<dyn Store>, request: StartRequest) -> Result<Started, StoreError> {
    let reserved = Handle::try_current().ok().and_then(|runtime| {
        let (worker, id) = store.local().reserve(request.queue)?;
        Some((runtime, Reserved { worker: Some(worker), id }))
    });
    let Some((runtime, reserved)) = reserved else { return repeat(store, request).await };
    // A task of its own: if the caller gives up in the middle, an execution that is claimed already must still reach its
    // worker.
    match runtime.spawn(start_claimed(Arc::clone(store), request, reserved)).await {
        Ok(started) => started,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_) => Err(StoreError::Io {
                location: store.describe(),
                reason: "the runtime shut down during a start".into(),
                outcome_unknown: true,
            }),
        },
    }
}

async fn start_claimed(
    store: Arc<dyn Store>,
    request: StartRequest,
    mut reserved: Reserved,
) -> Result<Started, StoreError> {
    match store.start(StartRequest { claim_for: Some(reserved.id), ..request.clone() }).await {
        Ok(Started::New(Some(claimed))) => {
            reserved.admit(*claimed);
            Ok(Started::New(None))
        }
        Err(error) if error.is_transient() => {
            let instance = request.instance;
            let id = request.id.clone();
            drop(reserved);
            let started = repeat(&store, request).await?;
            // The first attempt may have happened: then the execution is claimed, and nobody drives it.
            if let Started::Existing { .. } = started
                && let Some(record) = store.execution(&id).await?
                && record.instance == instance
            {
                store.release(vec![Release { row: record.row, fence: 1 }]).await?;
            }
            Ok(started)
        }
        answer => answer,
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

/// A place in a worker; given back unless it is used.
struct Reserved {
    worker: Option<Arc<dyn Admission>>,
    id: WorkerId,
}

impl Reserved {
    fn admit(&mut self, claimed: durable_core::store::Claimed) {
        if let Some(worker) = self.worker.take() {
            worker.admit(claimed);
        }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if let Some(worker) = self.worker.take() {
            worker.decline();
        }
    }
}
