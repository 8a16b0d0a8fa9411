//! Forks: another execution that begins where one has stood (F3).

use super::{ExecutionId, Millis, StartRequest};

/// A new execution that does not begin at its start.
#[derive(Clone, Debug)]
pub struct ForkRequest {
    /// The execution that has stood there.
    pub from: ExecutionId,
    /// The new one: its snapshot is bound to it, and is what a second fork or start with its id is compared with (E5). It is not
    /// claimed for anyone.
    pub start: StartRequest,
    /// The root's visit, which the snapshot is bound to.
    pub visit: u64,
    /// The root's deadline.
    pub due: Option<Millis>,
    /// The event the root waits for.
    pub event: Option<String>,
    /// For the history of the one it comes from: who, and to which.
    pub note: String,
    /// For the new one's: who, and from where.
    pub note_of_new: String,
}
