//! What people ask of executions that have stopped.

use super::{ExecutionId, Status, StoreError};

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
