//! Times in which the store cannot write: told once, and waited out. Executions keep their commits and repeat them (C4);
//! claims and new places are held back until the store takes a write again.

use durable_core::{Jitter, store::StoreError};
use std::{
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    time::Duration,
};
use tokio::sync::Notify;

#[derive(Default)]
pub(crate) struct Trouble {
    waiting: AtomicUsize,
    over: Notify,
}

impl Trouble {
    /// Someone waits for the store from now on, until the guard is dropped.
    pub(crate) fn begin(&self, error: &StoreError) -> InTrouble<'_> {
        if self.waiting.fetch_add(1, SeqCst) == 0 {
            tracing::warn!(%error, "the store cannot write; executions wait and claims pause until it can");
        }
        InTrouble { trouble: self, backoff: Backoff::default() }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.waiting.load(SeqCst) > 0
    }

    /// Ends when nobody waits for the store.
    pub(crate) async fn over(&self) {
        loop {
            let over = self.over.notified();
            if !self.is_on() {
                return;
            }
            over.await;
        }
    }
}

/// Held by whoever waits for the store.
pub(crate) struct InTrouble<'a> {
    trouble: &'a Trouble,
    backoff: Backoff,
}

impl InTrouble<'_> {
    /// Waits before the next attempt.
    pub(crate) async fn pause(&mut self) {
        tokio::time::sleep(self.backoff.next()).await;
    }
}

impl Drop for InTrouble<'_> {
    fn drop(&mut self) {
        if self.trouble.waiting.fetch_sub(1, SeqCst) == 1 {
            tracing::info!("the store is no longer waited for");
            self.trouble.over.notify_waiters();
        }
    }
}

/// Delays from 20 ms to 1 s, doubled, spread over half of each.
#[derive(Default)]
pub(crate) struct Backoff(u32);

impl Backoff {
    pub(crate) fn next(&mut self) -> Duration {
        let delay = Duration::from_millis(20 << self.0.min(6)).min(Duration::from_secs(1));
        self.0 += 1;
        Jitter::Half.spread(delay, fastrand::u64(..))
    }
}
