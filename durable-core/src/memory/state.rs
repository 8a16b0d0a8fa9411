//! Everything a memory store holds, and the notices an operation leaves behind for after the lock.

use super::{Limits, due::DueIndex, execution::Execution, registry::Registry, workers::Workers};
use crate::store::{ExecutionId, Local, Millis, Row, StoreError};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

/// What [`crate::Store::describe`] says, and errors name.
pub(super) const LOCATION: &str = "memory";

pub(super) struct State {
    pub(super) limits: Limits,
    pub(super) registry: Registry,
    pub(super) executions: HashMap<Row, Execution>,
    pub(super) by_id: BTreeMap<ExecutionId, Row>,
    pub(super) due: DueIndex,
    pub(super) workers: Workers,
    /// The clock as the operation began; the whole operation happens at this moment.
    pub(super) now: Millis,
    pub(super) notices: Notices,
}

/// What the process is told once the lock is free.
#[derive(Default)]
pub(super) struct Notices {
    pub(super) work_ready: bool,
    pub(super) finished: Vec<ExecutionId>,
    pub(super) requested: Vec<ExecutionId>,
}

impl State {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            registry: Registry::default(),
            executions: HashMap::new(),
            by_id: BTreeMap::new(),
            due: DueIndex::default(),
            workers: Workers::default(),
            now: 0,
            notices: Notices::default(),
        }
    }

    pub(super) fn find(&self, id: &ExecutionId) -> Option<&Execution> {
        self.executions.get(self.by_id.get(id)?)
    }

    /// Refuses what is larger than the cap before anything is written.
    pub(super) fn check_size(&self, what: impl FnOnce() -> String, bytes: usize) -> Result<(), StoreError> {
        let (bytes, max) = (bytes as u64, self.limits.payload_bytes_max);
        if bytes > max { Err(StoreError::PayloadTooLarge { what: what(), bytes, max }) } else { Ok(()) }
    }
}

impl Notices {
    pub(super) fn deliver(self, local: &Local) {
        self.finished.iter().for_each(|id| local.finished(id));
        self.requested.iter().for_each(|id| local.requested(id));
        if self.work_ready {
            local.work_ready();
        }
    }
}

/// A duration from now, rounded up to the next millisecond: a timer never fires early (guarantee 6).
pub(super) fn later(now: Millis, by: Duration) -> Millis {
    let millis = by.as_nanos().div_ceil(1_000_000);
    now.saturating_add(Millis::try_from(millis).unwrap_or(Millis::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_millisecond_round_up_and_the_end_of_time_is_kept() {
        assert_eq!(later(10, Duration::from_millis(5)), 15);
        assert_eq!(later(10, Duration::from_nanos(1)), 11);
        assert_eq!(later(10, Duration::ZERO), 10);
        assert_eq!(later(10, Duration::MAX), Millis::MAX);
    }
}
