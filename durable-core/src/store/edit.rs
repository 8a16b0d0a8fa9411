//! Edits: what an execution has saved, replaced by people (X3).

use super::{ExecutionId, LargeField, Status, StoreError};
use std::sync::Arc;

/// Other snapshots for the frames of an execution that does not run.
#[derive(Clone, Debug)]
pub struct EditRequest {
    /// Which one.
    pub id: ExecutionId,
    /// The epoch it stood at when it was read: an edit of what has moved on since is refused.
    pub epoch: u64,
    /// Frames by number, each with its new snapshot, header and payload, at the same await point.
    pub frames: Vec<(u64, Arc<[u8]>)>,
    /// The large fields that these refer to. One that the store has is replaced: it may be the one that is damaged. Those that nothing
    /// refers to afterwards go (S1).
    pub large: Vec<LargeField>,
    /// For history: who, and what.
    pub note: String,
}

/// Why an execution was not edited.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// No execution has this id.
    #[error("no execution `{0}`: start it first, or look at the id")]
    UnknownExecution(ExecutionId),
    /// A worker has it.
    #[error(
        "execution `{id}` is {status}: its worker would not see the edit; try again when it waits, or after it has failed"
    )]
    Running {
        /// Which one.
        id: ExecutionId,
        /// Where it is in its life.
        status: Status,
    },
    /// It succeeded or was cancelled: nothing is saved any more.
    #[error("execution `{id}` has ended ({status}): nothing of it is saved any more")]
    Ended {
        /// Which one.
        id: ExecutionId,
        /// How it ended.
        status: Status,
    },
    /// It is not where it was when it was read.
    #[error("execution `{id}` has moved on since it was read: read it again, and edit that")]
    Moved {
        /// Which one.
        id: ExecutionId,
    },
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}
