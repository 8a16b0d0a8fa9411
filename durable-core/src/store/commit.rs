//! Commits: the only way an execution moves.

use super::{Control, LargeField, Outcome, QueueId, Row, SchemaId, StoreError};
use std::{sync::Arc, time::Duration};

/// One transition of one execution, fenced by epoch and claim (C1).
#[derive(Clone, Debug)]
pub struct Commit {
    /// The store's number of the execution.
    pub row: Row,
    /// The epoch the writer holds; the commit makes it `epoch + 1`.
    pub epoch: u64,
    /// The fence of the writer's claim.
    pub fence: u64,
    /// The root frame's write, if the root moved. Kept apart from `frames` because most commits have nothing else.
    pub root: Option<FrameWrite>,
    /// Writes of other frames, opened or moved.
    pub frames: Vec<FrameWrite>,
    /// Frames that ended: their rows go.
    pub closed: Vec<u64>,
    /// The execution's frame counter after this commit (F1); `None` if no frame was opened.
    pub next_frame: Option<u64>,
    /// Events consumed, by number: their rows go (E3).
    pub consumed: Vec<u64>,
    /// The queue of the writer's version, if the execution comes from another version's: from now on it is this one's (Versions).
    pub queue: Option<QueueId>,
    /// If this commit saves the root and no other frame is open then, its snapshot is kept beside the one that is gone on from, with
    /// those kept before: this many of the newest ([`Store::kept`](super::Store::kept)). 0: it is not, and those kept before stay.
    pub keep: u32,
    /// Large fields that the snapshots of this commit refer to, as far as the store may not have them yet. One that it has stays as it
    /// is (S1).
    pub large: Vec<LargeField>,
    /// With this commit a large field may be one that no snapshot refers to any more: if so, it goes. Snapshots are those of the
    /// frames as they stand then, the kept ones, and the start's.
    pub sweep: bool,
    /// What happens next.
    pub next: Next,
}

/// A frame as it shall stand. An await-point commit sets `failed` to 0 and brings a snapshot; a failed attempt keeps the
/// snapshot and raises `failed` (A1).
#[derive(Clone, Debug)]
pub struct FrameWrite {
    /// Its number.
    pub frame: u64,
    /// Its parent's number; `None` for the root.
    pub parent: Option<u64>,
    /// Its visit (F2).
    pub visit: u64,
    /// Failed attempts at this await point.
    pub failed: u32,
    /// New snapshot with its schema row; `None` keeps the one there.
    pub snapshot: Option<(SchemaId, Arc<[u8]>)>,
    /// Its timer or retry delay from now, or none. See [`Park::keep_due`] for a park that must not move a deadline.
    pub due: Option<Duration>,
    /// The event it waits for.
    pub event: Option<String>,
}

/// What happens to the execution with this commit.
#[derive(Clone, Debug)]
pub enum Next {
    /// An await point's operation runs now, in the worker that commits. The row's `crashes` becomes 0.
    Run,
    /// Memory is given up; the row waits (for the frames' deadlines and events).
    Park(Park),
    /// Others shall have the place: the await point is committed, and its operation runs with the next claim, due at once. The
    /// status is `Ready`, and history says nothing of it. The frame's `due` is zero, which tells the claim that the operation
    /// has not begun.
    Yield,
    /// An attempt failed and the worker keeps the execution for the next one (A1). `crashes` stays.
    FailedAttempt {
        /// The failure, for history.
        error: String,
    },
    /// The execution has ended, or was set aside.
    Finish(Outcome),
}

/// How an execution parks.
#[derive(Clone, Debug)]
pub struct Park {
    /// How long until it is due again: the earliest of its frames' deadlines; `None`: only an event or a request wakes it.
    pub wake: Option<Duration>,
    /// The `mail` the worker has read. If the row's own is not the same, an event came meanwhile: due at once (E2).
    pub mail: u64,
    /// A failure that is recorded with this park: a failed attempt whose retry is far away (A1). `crashes` stays then;
    /// else it becomes 0.
    pub error: Option<String>,
    /// This parks again at the same visit (it was woken for nothing): `due` of the rows stands, and wake is the earliest of
    /// them (W1: the first deadline of a visit stands). `wake` and the frames' `due` are ignored.
    pub keep_due: bool,
}

/// A commit that happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// A request that waits to be carried out (X1): act on it before the operation begins.
    pub control: Option<Control>,
}

/// Why a commit did not happen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// Another claim owns the execution now, or it moved on: the driver must be dropped. Nothing was written (C1).
    #[error("the claim on this execution is no longer valid; another worker has taken it over")]
    Fenced,
    /// The store could not do it. Unless [`StoreError::outcome_unknown`], nothing was written; repeating is safe either way,
    /// since the store resolves an unknown outcome itself (C4).
    #[error(transparent)]
    Store(#[from] StoreError),
}
