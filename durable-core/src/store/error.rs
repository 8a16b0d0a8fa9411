//! The one error of all stores.

use super::ExecutionId;
use crate::Fingerprint;

/// What went wrong in a store. Each says what and where; [`StoreError::is_transient`] says whether to try again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It could not be opened: `location` is the file or server.
    #[error("cannot open the store `{location}`: {reason}")]
    Open {
        /// The file or server.
        location: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The store was written by a newer version of this library.
    #[error(
        "the store `{location}` has schema version {found}, but this program knows only up to {newest}: use a newer version of durable to open it"
    )]
    NewerVersion {
        /// The file or server.
        location: String,
        /// Its version.
        found: u32,
        /// The newest version this build knows.
        newest: u32,
    },
    /// The disk, or the store's size limit, is full. Nothing was written; what is committed stays. Free some space: work
    /// goes on by itself.
    #[error(
        "the store `{location}` is full: {reason}; free some space or raise its limit, and work goes on by itself"
    )]
    Full {
        /// The file or server.
        location: String,
        /// In the store's words.
        reason: String,
    },
    /// Another process holds the store's lock for too long, or the queue of writes is full (G3).
    #[error(
        "the store `{location}` is busy: {reason}; try again, and if that stays so, look for what keeps it locked"
    )]
    Busy {
        /// The file or server.
        location: String,
        /// In the store's words.
        reason: String,
    },
    /// Reading or writing failed.
    #[error(
        "the store `{location}` failed: {reason}; check that it can be reached, read and written{}",
        if *outcome_unknown { " (whether this write happened is not known)" } else { "" }
    )]
    Io {
        /// The file or server.
        location: String,
        /// In the store's words.
        reason: String,
        /// Whether the write may have happened all the same.
        outcome_unknown: bool,
    },
    /// The stored data is damaged.
    #[error(
        "the store `{location}` is damaged: {reason}; stop its workers, keep a copy of it, and restore a backup"
    )]
    Corrupt {
        /// The file or server.
        location: String,
        /// What was found where.
        reason: String,
    },
    /// A value could not be encoded.
    #[error("{what} cannot be encoded: {reason}")]
    Encode {
        /// What it is.
        what: String,
        /// In the codec's words.
        reason: String,
    },
    /// A payload is larger than the store takes.
    #[error(
        "{what} is {bytes} bytes, more than the limit of {max} bytes: make it smaller (`payload_bytes_max` of the store and of \
         the worker limits values)"
    )]
    PayloadTooLarge {
        /// What it is: a snapshot, an event, an output.
        what: String,
        /// Its size.
        bytes: u64,
        /// The limit.
        max: u64,
    },
    /// Two different schemas claim the same fingerprint.
    #[error(
        "await point `{point}` of workflow `{workflow}` is registered with fingerprint {fingerprint}, but the store has another schema under it: its row was changed or damaged, so restore a backup"
    )]
    SchemaConflict {
        /// The workflow.
        workflow: String,
        /// The await point.
        point: String,
        /// The fingerprint.
        fingerprint: Fingerprint,
    },
    /// No execution has this id.
    #[error("no execution `{0}`: start it first, or look at the id")]
    UnknownExecution(ExecutionId),
    /// This worker was taken for dead and its executions were given to others (K4).
    #[error("this worker did not beat in time and was given up; its executions belong to others now")]
    WorkerLost,
    /// The store is closed.
    #[error("the store `{location}` is closed: open it again")]
    Closed {
        /// The file or server.
        location: String,
    },
}

impl StoreError {
    /// Trying again later may succeed without anyone changing anything but the surroundings (space, locks, network).
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Busy { .. } | Self::Io { .. })
    }

    /// The write may have happened (C4).
    pub fn outcome_unknown(&self) -> bool {
        matches!(self, Self::Io { outcome_unknown: true, .. })
    }
}
