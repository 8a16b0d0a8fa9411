//! Kept snapshots: where an execution has stood, and the way back there (X3).

use super::{ExecutionId, Millis, QueueId, SchemaId, Status, StoreError};
use std::sync::Arc;

/// A snapshot of an execution's root that was kept beside the one it goes on from; see [`Commit::keep`](super::Commit::keep).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The epoch that its commit led to.
    pub epoch: u64,
    /// The queue the execution was in.
    pub queue: QueueId,
    /// Where it stood.
    pub schema: SchemaId,
    /// The root's visit (F2).
    pub visit: u64,
    /// The snapshot, header included.
    pub snapshot: Arc<[u8]>,
    /// The root's deadline.
    pub due: Option<Millis>,
    /// The event the root waited for.
    pub event: Option<String>,
    /// When it was committed.
    pub at: Millis,
}

/// Sends an execution that does not run back to where it has stood.
#[derive(Clone, Debug)]
pub struct RewindRequest {
    /// Which one.
    pub id: ExecutionId,
    /// Which of its kept snapshots.
    pub epoch: u64,
    /// For history: who, and to where.
    pub note: String,
}

/// Why an execution was not rewound.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RewindError {
    /// No execution has this id.
    #[error("no execution `{0}`: start it first, or look at the id")]
    UnknownExecution(ExecutionId),
    /// A worker has it.
    #[error(
        "execution `{id}` is {status}: its worker would not see that it was rewound; try again when it waits, or after it has failed"
    )]
    Running {
        /// Which one.
        id: ExecutionId,
        /// Where it is in its life.
        status: Status,
    },
    /// It succeeded or was cancelled: others have been told so.
    #[error("execution `{id}` has ended ({status}), which is not undone: start another one")]
    Ended {
        /// Which one.
        id: ExecutionId,
        /// How it ended.
        status: Status,
    },
    /// It has no kept snapshot of this epoch.
    #[error(
        "execution `{id}` has no kept snapshot of epoch {epoch}: `snapshots` lists those there are, and workers keep the last n with \
         `keep_snapshots(n)`"
    )]
    NotKept {
        /// Which one.
        id: ExecutionId,
        /// The epoch that was asked for.
        epoch: u64,
    },
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}
