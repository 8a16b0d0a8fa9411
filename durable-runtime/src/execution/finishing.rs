//! The end of an execution on its way to the store, and those in this process who wait for it.

use super::Driver;
use crate::shared::Shared;
use durable_core::{
    ExecutionId, Status,
    machine::Settled,
    store::{Commit, Next, Outcome},
};
use std::sync::{Arc, atomic::Ordering::Relaxed};

pub(super) struct Finishing {
    outcome: Outcome,
    settled: Settled,
    shared: Arc<Shared>,
    id: ExecutionId,
    /// Someone in this process waits, and must be told.
    announced: bool,
}

impl Finishing {
    pub(super) fn new(driver: &Driver, outcome: Outcome, settled: Settled) -> Self {
        let (shared, id) = (Arc::clone(&driver.shared), driver.id.clone());
        let announced = shared.store.local().announce(&id);
        Self { outcome, settled, shared, id, announced }
    }

    pub(super) fn commit(&self, driver: &Driver) -> Commit {
        driver.to_commit(None, self.settled.clone(), Next::Finish(self.outcome.clone()))
    }

    /// It is durable.
    pub(super) fn tell(mut self) {
        if std::mem::take(&mut self.announced) {
            self.shared.store.local().told(&self.id, Some(&self.outcome));
        }
        let counters = &self.shared.counters;
        let counter = match self.outcome.status {
            Status::SetAside => &counters.set_aside,
            _ => &counters.finished,
        };
        counter.fetch_add(1, Relaxed);
    }
}

impl Drop for Finishing {
    /// However it is given up, nobody waits in vain.
    fn drop(&mut self) {
        if self.announced {
            self.shared.store.local().told(&self.id, None);
        }
    }
}
