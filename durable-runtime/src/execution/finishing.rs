//! The end of an execution on its way to the store, and whoever in this process wants to hear of it.

use super::Driver;
use durable_core::{
    Status,
    machine::Settled,
    store::{Commit, Next, Outcome},
};
use std::sync::atomic::Ordering::Relaxed;

pub(super) struct Finishing {
    pub(super) outcome: Outcome,
    pub(super) settled: Settled,
}

impl Finishing {
    pub(super) fn commit(&self, driver: &Driver) -> Commit {
        driver.to_commit(None, self.settled.clone(), Next::Finish(self.outcome.clone()))
    }
}

impl Driver {
    /// The end is durable.
    pub(super) fn tell(&mut self, finishing: Finishing) {
        let counters = &self.shared.counters;
        let counter = match finishing.outcome.status {
            Status::SetAside => &counters.set_aside,
            _ => &counters.finished,
        };
        counter.fetch_add(1, Relaxed);
        if let Some(teller) = self.teller.take() {
            teller.tell(finishing.outcome);
        }
    }
}
