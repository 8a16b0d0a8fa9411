//! The events that were sent before the workflow began, by name.

use durable_core::{BoxFuture, plain_run::PlainHost};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Encoded events by name, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Mailbox(BTreeMap<String, VecDeque<Vec<u8>>>);

impl Mailbox {
    pub(super) fn put(&mut self, name: &str, payload: Vec<u8>) {
        self.0.entry(name.to_owned()).or_default().push_back(payload);
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Vec<u8>> {
        self.0.get_mut(name)?.pop_front()
    }

    /// What answers `sleep` and `event` in a plain run: time is virtual, events come from here.
    pub(super) fn into_host(self) -> impl PlainHost {
        Surroundings(Mutex::new(self))
    }
}

struct Surroundings(Mutex<Mailbox>);

impl PlainHost for Surroundings {
    fn sleep(&self, _duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }

    fn receive(&self, name: &str) -> BoxFuture<'static, Vec<u8>> {
        let payload = self.0.lock().unwrap_or_else(PoisonError::into_inner).take(name);
        let name = name.to_owned();
        Box::pin(async move {
            // The run through snapshots came first and got all its events: the two runs differ.
            payload.unwrap_or_else(|| {
                panic!("the plain run waits for one more event `{name}` than the run through snapshots")
            })
        })
    }
}
