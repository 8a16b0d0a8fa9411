//! Time travel: where an execution has stood, and back to there (X3).

use crate::{error::ClientError, schemas::Schemas, start::ATTEMPTS, trouble::Backoff};
use durable_core::{
    ExecutionId,
    store::{Millis, RewindError, RewindRequest, Store},
};

/// The most snapshots a worker keeps of one execution.
pub(crate) const KEPT_MAX: u32 = 64;

/// A snapshot that was kept; see [`WorkerBuilder::keep_snapshots`](crate::WorkerBuilder::keep_snapshots).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeptSnapshot {
    /// Its number: the count of transitions with the one that saved it. What [`Handle::rewind`](crate::Handle::rewind) takes.
    pub epoch: u64,
    /// The await point.
    pub point: String,
    /// When it was saved, in milliseconds since the Unix epoch, by the store's clock.
    pub at: Millis,
}

/// All of an execution, the oldest first.
pub(crate) async fn list(
    store: &dyn Store,
    schemas: &Schemas,
    id: &ExecutionId,
) -> Result<Vec<KeptSnapshot>, ClientError> {
    let mut snapshots = Vec::new();
    for kept in store.kept(id).await? {
        let known = schemas.existing_row(kept.schema).await?;
        snapshots.push(KeptSnapshot { epoch: kept.epoch, point: known.point.name.clone(), at: kept.at });
    }
    Ok(snapshots)
}

/// Sends it back. Repeated only where nothing was written for certain: a second rewind would be another run.
pub(crate) async fn rewind(
    store: &dyn Store,
    schemas: &Schemas,
    id: &ExecutionId,
    epoch: u64,
    by: &str,
) -> Result<(), ClientError> {
    let kept = list(store, schemas, id).await?;
    let Some(to) = kept.into_iter().find(|kept| kept.epoch == epoch) else {
        return Err(not_kept(id, epoch));
    };
    let note = format!("by {by}: to epoch {epoch}, {}", to.point);
    let request = RewindRequest { id: id.clone(), epoch, note };
    let mut backoff = Backoff::default();
    for _ in 1..ATTEMPTS {
        match store.rewind(request.clone()).await {
            Err(RewindError::Store(error)) if error.is_transient() && !error.outcome_unknown() => {
                tokio::time::sleep(backoff.next()).await;
            }
            answer => return Ok(answer?),
        }
    }
    Ok(store.rewind(request).await?)
}

pub(crate) fn not_kept(id: &ExecutionId, epoch: u64) -> ClientError {
    RewindError::NotKept { id: id.clone(), epoch }.into()
}

impl From<RewindError> for ClientError {
    fn from(error: RewindError) -> Self {
        match error {
            RewindError::UnknownExecution(id) => Self::UnknownExecution(id),
            RewindError::Ended { id, status } => Self::Ended { id, status },
            RewindError::Store(error) => error.into(),
            error => Self::NotRewound(error),
        }
    }
}
