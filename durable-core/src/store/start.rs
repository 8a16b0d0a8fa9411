//! Starting executions and sending events.

use super::{Claimed, ExecutionId, LargeField, QueueId, SchemaId, Status, StoreError, WorkerId};
use std::sync::Arc;

/// A new execution.
#[derive(Clone, Debug)]
pub struct StartRequest {
    /// The user's id: the key of idempotency.
    pub id: ExecutionId,
    /// Workflow and fingerprint.
    pub queue: QueueId,
    /// Schema row of the `Start` point.
    pub schema: SchemaId,
    /// Random 128 bits (F3).
    pub instance: [u8; 16],
    /// Higher runs first among what is due.
    pub priority: i32,
    /// The `Start` snapshot (header and payload): the input.
    pub snapshot: Arc<[u8]>,
    /// The large fields that it refers to (S1).
    pub large: Vec<LargeField>,
    /// Insert it already claimed by this worker, fence 1 (K2).
    pub claim_for: Option<WorkerId>,
}

/// What a start found.
#[derive(Clone, Debug)]
pub enum Started {
    /// It is new. `Some` if it was inserted already claimed.
    New(Option<Box<Claimed>>),
    /// The id exists. The caller compares workflow and input: equal is the same start, anything else a conflict (E5).
    Existing {
        /// Name of its workflow.
        workflow: String,
        /// Its status.
        status: Status,
        /// Its `Start` snapshot as it was given, header included. Large fields are with its row, as long as it has one.
        input: Vec<u8>,
        /// Schema row of that snapshot.
        schema: SchemaId,
    },
}

/// An event for an execution.
#[derive(Clone, Debug)]
pub struct SendRequest {
    /// To whom.
    pub execution: ExecutionId,
    /// The event's own id, at most 256 bytes: a second send with the same id does nothing (E1, E4).
    pub event_id: String,
    /// The name `event::<T>(name)` waits for.
    pub name: String,
    /// Fingerprint and encoded value.
    pub payload: Vec<u8>,
}

/// An event that is durable now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It was inserted.
    Accepted,
    /// An event with this id was sent before; nothing was written.
    Duplicate,
}

/// Why an event was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// No execution has this id.
    #[error("no execution `{0}`: start it first, or look at the id")]
    UnknownExecution(ExecutionId),
    /// It has ended; nobody will receive the event.
    #[error("execution `{id}` has already ended ({status}): it receives nothing more")]
    Finished {
        /// To whom it was sent.
        id: ExecutionId,
        /// How it ended.
        status: Status,
    },
    /// Too many events wait for this execution.
    #[error("execution `{id}` has {waiting} events waiting, which is the quota; they must be received first")]
    OverQuota {
        /// To whom it was sent.
        id: ExecutionId,
        /// How many wait.
        waiting: u64,
    },
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}
