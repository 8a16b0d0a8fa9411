//! Executions that have stopped, and go on: because people ask for it, or because another build has come.

use super::{ExecutionId, QueueId, SchemaId, Status, StoreError, WorkerId};
use std::{fmt, sync::Arc};

/// Tells one build of a program from another. What one could not go on from, another may.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BuildId(Arc<str>);

impl BuildId {
    /// A build by its name: a release, a commit, a hash. The empty one is a build like any other.
    pub fn new(name: impl AsRef<str>) -> Self {
        Self(name.as_ref().into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for BuildId {
    fn default() -> Self {
        Self::new("")
    }
}

impl fmt::Display for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Asks a store to let what other builds have set aside be tried by this one (Versions).
#[derive(Clone, Debug)]
pub struct Reconsider {
    /// Who asks; it joined with its build.
    pub worker: WorkerId,
    /// The queues this build accepts.
    pub queues: Vec<QueueId>,
    /// Await points that it cannot go on from, each with the queue, as in a [`ClaimRequest`](super::ClaimRequest): what is in that queue
    /// and stands there stays set aside.
    pub unreadable: Vec<(QueueId, SchemaId)>,
    /// At most this many.
    pub limit: u32,
}

/// Why an execution was not redriven.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedriveError {
    /// No execution has this id.
    #[error("no execution `{0}`: start it first, or look at the id")]
    UnknownExecution(ExecutionId),
    /// It has not stopped, or it has ended for good.
    #[error("execution `{id}` {}", why_not_redriven(*status))]
    NotStopped {
        /// Which one.
        id: ExecutionId,
        /// Where it is in its life.
        status: Status,
    },
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn why_not_redriven(status: Status) -> String {
    match status {
        Status::Succeeded => "has succeeded: there is nothing left to do".to_owned(),
        Status::Cancelled => "was cancelled: what it stood at is not kept, so start a new one".to_owned(),
        status => {
            format!("is {status}: it goes on by itself; only what failed or was set aside can be redriven")
        }
    }
}
