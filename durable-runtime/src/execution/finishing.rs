//! The end of an execution on its way to the store, and whoever in this process wants to hear of it.

use super::{Driver, Stop};
use crate::payload::Owner;
use durable_core::{
    Status,
    machine::Settled,
    store::{Commit, Next, Outcome},
    stored::Form,
};
use std::sync::atomic::Ordering::Relaxed;

pub(super) struct Finishing {
    /// As it is stored.
    outcome: Outcome,
    /// As whoever waits for it in this process hears it, if that is not the same.
    plain: Option<Outcome>,
    settled: Settled,
}

impl Finishing {
    pub(super) fn commit(&self, driver: &Driver) -> Commit {
        let mut commit = driver.to_commit(None, self.settled.clone(), Next::Finish(self.outcome.clone()));
        commit.sweep = !driver.large.is_empty();
        commit
    }
}

impl Driver {
    /// An end, ready to be committed.
    pub(super) fn packed_end(&self, mut outcome: Outcome, settled: Settled) -> Result<Finishing, Stop> {
        let (codec, instance) = (&self.shared.options.codec, self.instance);
        let mut plain = None;
        if let Some(output) = &outcome.output {
            let workflow = self.workflow;
            let packed = codec.pack(Form::Value, output, &Owner::Output { instance, workflow });
            let packed = packed.map_err(|error| Stop::SetAside(format!("the output: {error}")))?;
            if let Some(packed) = packed {
                plain = Some(outcome.clone());
                outcome.output = Some(packed);
            }
        }
        if codec.encrypts()
            && let Some(error) = outcome.error.take()
        {
            plain.get_or_insert_with(|| Outcome { error: Some(error.clone()), ..outcome.clone() });
            outcome.error = Some(codec.encrypt_text(error, instance));
        }
        Ok(Finishing { outcome, plain, settled })
    }

    /// The end is durable.
    pub(super) fn tell(&mut self, finishing: Finishing) {
        let Finishing { outcome, plain, .. } = finishing;
        let counters = &self.shared.counters;
        let counter = match outcome.status {
            Status::SetAside => &counters.set_aside,
            _ => &counters.finished,
        };
        counter.fetch_add(1, Relaxed);
        if let Some(teller) = self.teller.take() {
            teller.tell(plain.unwrap_or(outcome));
        }
    }
}
