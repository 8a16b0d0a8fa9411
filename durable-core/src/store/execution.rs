//! Executions as they stand in a store, for people and tools.

use super::{BuildId, Millis, QueueId, Row, SchemaId};
use std::{fmt, sync::Arc};

/// The user's id of an execution: 1 to 256 bytes of text. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExecutionId(Arc<str>);

impl ExecutionId {
    /// The longest id, in bytes.
    pub const BYTES_MAX: usize = 256;

    /// Checks the length.
    pub fn new(id: impl AsRef<str>) -> Result<Self, InvalidId> {
        let id = id.as_ref();
        match id.len() {
            0 => Err(InvalidId::Empty),
            1..=Self::BYTES_MAX => Ok(Self(id.into())),
            bytes => Err(InvalidId::TooLong { bytes }),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExecutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ExecutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// An id that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidId {
    /// It is empty.
    #[error("an execution id must not be empty: give it 1 to 256 bytes of text")]
    Empty,
    /// It is longer than [`ExecutionId::BYTES_MAX`].
    #[error(
        "an execution id of {bytes} bytes is longer than the limit of 256 bytes: give it a shorter one, a hash of it perhaps"
    )]
    TooLong {
        /// Its length.
        bytes: usize,
    },
}

/// Where an execution is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Status {
    /// Due; no worker has it.
    Ready,
    /// A worker has it.
    Running,
    /// It waits for a timer, an event or a retry, and costs a row.
    Parked,
    /// Paused on request.
    Paused,
    /// Being cancelled: undo runs.
    Cancelling,
    /// It could not go on (an unreadable value, a lost event type); its snapshot is kept and it can be redriven.
    SetAside,
    /// Ended with a value that is not an `Err`.
    Succeeded,
    /// Ended with an `Err`, a panic, or the crash limit. The last snapshot is kept.
    Failed,
    /// Cancelled.
    Cancelled,
}

impl Status {
    /// It will never move again by itself: succeeded, failed or cancelled.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }

    /// What it has saved may be changed from outside (X3): nobody runs it, and if it has ended, it can be redriven.
    pub fn is_at_rest(self) -> bool {
        matches!(self, Self::Ready | Self::Parked | Self::Paused | Self::SetAside | Self::Failed)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Parked => "parked",
            Self::Paused => "paused",
            Self::Cancelling => "cancelling",
            Self::SetAside => "set aside",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        })
    }
}

/// A request to an execution (X1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Control {
    /// Cancel it.
    Cancel,
}

/// How an execution ended, or that it was set aside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// `Succeeded`, `Failed`, `Cancelled` or `SetAside`.
    pub status: Status,
    /// The workflow's output, encoded as events are (its fingerprint and a checksum in front), if it returned one (an `Err` is one, too).
    pub output: Option<Vec<u8>>,
    /// Why it did not succeed, in words.
    pub error: Option<String>,
}

/// An execution as it stands.
#[derive(Clone, Debug)]
pub struct ExecutionRecord {
    /// The store's number.
    pub row: Row,
    /// The user's id.
    pub id: ExecutionId,
    /// Name of its workflow.
    pub workflow: String,
    /// Its queue.
    pub queue: QueueId,
    /// Where it is in its life.
    pub status: Status,
    /// Committed transitions.
    pub epoch: u64,
    /// Claims.
    pub fence: u64,
    /// Random 128 bits minted at start.
    pub instance: [u8; 16],
    /// Counts rewinds and edits.
    pub run: u32,
    /// Crashes since the last await-point commit.
    pub crashes: u32,
    /// What was asked of it, and is not carried out yet.
    pub control: Option<Control>,
    /// When it is due, if it waits.
    pub wake: Option<Millis>,
    /// When it was started.
    pub created: Millis,
    /// When it ended.
    pub finished: Option<Millis>,
    /// The last failure, in words.
    pub error: Option<String>,
    /// The build that set it aside; also while it is ready again, for another build to try. `None` if the store did: then only a
    /// redrive lets it go on.
    pub set_aside_by: Option<BuildId>,
    /// Its frames, the root first. An execution that succeeded or was cancelled has none.
    pub frames: Vec<FrameRecord>,
}

/// One frame of an execution.
#[derive(Clone, Debug)]
pub struct FrameRecord {
    /// Its number; the root is 0.
    pub frame: u64,
    /// Its parent.
    pub parent: Option<u64>,
    /// Await-point commits made.
    pub visit: u64,
    /// Failed attempts at this await point.
    pub failed: u32,
    /// Where it stands.
    pub schema: SchemaId,
    /// Its snapshot, header included.
    pub snapshot: Arc<[u8]>,
    /// Its deadline.
    pub due: Option<Millis>,
    /// The event it waits for.
    pub event: Option<String>,
}

/// Which executions to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this workflow.
    pub workflow: Option<String>,
    /// Only this status.
    pub status: Option<Status>,
    /// Only ids after this one: the last of the page before.
    pub after: Option<ExecutionId>,
    /// At most this many; 0 means 100.
    pub limit: u32,
}

/// One entry of life-cycle history (G6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When, by the store's clock.
    pub at: Millis,
    /// The epoch it stood at.
    pub epoch: u64,
    /// What happened.
    pub kind: HistoryKind,
    /// Await point, event name or error: what the kind calls for.
    pub detail: String,
}

/// What happened to an execution.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum HistoryKind {
    /// It was started.
    Started,
    /// It parked.
    Parked,
    /// An attempt failed; the detail is the error.
    FailedAttempt,
    /// It was taken over from a dead worker.
    TakenOver,
    /// Cancellation was asked for.
    CancelRequested,
    /// It ended or was set aside; the detail is the status and the error.
    Finished,
    /// It was redriven: it goes on from its last committed await point (X4).
    Redriven,
    /// It was set aside, and another build tries to go on from there; the detail is that build.
    Reconsidered,
    /// What it had saved was edited; the detail is who did it, and which locals.
    Edited,
    /// It was sent back to where it had stood; the detail is who did it, and to where.
    Rewound,
    /// Another execution was forked from it, or it from another; the detail is who did it, and which.
    Forked,
}
