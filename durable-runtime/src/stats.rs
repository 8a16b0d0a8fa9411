//! Counters of a worker.

use std::sync::atomic::AtomicU64;

/// What a worker has done since it was started, and has in hand. Cheap to ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Commits that are durable.
    pub commits: u64,
    /// Executions in memory now.
    pub hot: usize,
    /// Executions received: claimed, or started straight into this worker.
    pub claimed: u64,
    /// Executions that ended here, whatever their status.
    pub finished: u64,
    /// Executions that were set aside here.
    pub set_aside: u64,
    /// Attempts that failed and are tried again.
    pub failed_attempts: u64,
    /// Executions whose claim was lost to another worker.
    pub fenced: u64,
}

#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) claimed: AtomicU64,
    pub(crate) finished: AtomicU64,
    pub(crate) set_aside: AtomicU64,
    pub(crate) failed_attempts: AtomicU64,
    pub(crate) fenced: AtomicU64,
}
