//! The clock that a store is given: this crate has none of its own.

use crate::store::Millis;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Where a store takes the time from.
pub trait Clock: Send + Sync {
    /// Milliseconds since the Unix epoch. It may jump either way; timers then follow it (W1), ownership does not (K3).
    fn now(&self) -> Millis;
}

/// A clock that stands still until it is moved: for tests and simulations.
#[derive(Debug, Default)]
pub struct ManualClock {
    now: AtomicU64,
}

impl ManualClock {
    /// A clock that shows this time.
    pub fn new(now: Millis) -> Self {
        Self { now: AtomicU64::new(now) }
    }

    /// Moves it forward. Parts of a millisecond are dropped.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        // The closure always gives a value, so the update cannot fail.
        let _ = self.now.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |now| Some(now.saturating_add(by)));
    }

    /// Sets it, backwards too.
    pub fn set(&self, now: Millis) {
        self.now.store(now, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Millis {
        self.now.load(Ordering::SeqCst)
    }
}
