//! A fresh store with what its adapter can do for a test.

use super::failure::{Checked, Failure};
use durable_core::{
    BoxFuture,
    store::{Store, WorkerId},
};
use std::{fmt, sync::Arc, time::Duration};

type Advance = Arc<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>;
type Kill = Arc<dyn Fn(WorkerId) -> BoxFuture<'static, ()> + Send + Sync>;

/// A store under test. It must be empty.
#[derive(Clone)]
pub struct Subject {
    pub(super) store: Arc<dyn Store>,
    advance: Option<Advance>,
    kill: Option<Kill>,
    event_quota: Option<u64>,
    payload_bytes_max: Option<u64>,
}

impl Subject {
    /// A store about which nothing more is known.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, advance: None, kill: None, event_quota: None, payload_bytes_max: None }
    }

    /// The hook moves the store's clock forward by that much. An adapter whose clock cannot be moved may sleep in it:
    /// the cases move by one second at a time and leave a second's room.
    pub fn can_advance(
        mut self,
        advance: impl Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Self {
        self.advance = Some(Arc::new(advance));
        self
    }

    /// The hook makes a worker dead as a crash of its process would: its liveness lock is free, and it has not left. The
    /// next beat of another worker, with a lease of an hour, must see it.
    pub fn can_kill(
        mut self,
        kill: impl Fn(WorkerId) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Self {
        self.kill = Some(Arc::new(kill));
        self
    }

    /// The store refuses more than this many waiting events for one execution. Best a small number: the case sends as
    /// many.
    pub fn event_quota(mut self, events: u64) -> Self {
        self.event_quota = Some(events);
        self
    }

    /// The store refuses snapshots, events and outputs of more bytes than this.
    pub fn payload_bytes_max(mut self, bytes: u64) -> Self {
        self.payload_bytes_max = Some(bytes);
        self
    }

    pub(super) async fn advance(&self, by: Duration) -> Checked {
        let advance = self.advance.as_ref().ok_or(Failure::Needs("can_advance"))?;
        advance(by).await;
        Ok(())
    }

    pub(super) async fn kill(&self, worker: WorkerId) -> Checked {
        let kill = self.kill.as_ref().ok_or(Failure::Needs("can_kill"))?;
        kill(worker).await;
        Ok(())
    }

    pub(super) fn quota(&self) -> Checked<u64> {
        self.event_quota.ok_or(Failure::Needs("event_quota"))
    }

    pub(super) fn payload_max(&self) -> Checked<usize> {
        let max = self.payload_bytes_max.ok_or(Failure::Needs("payload_bytes_max"))?;
        Ok(usize::try_from(max)?)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("store", &self.store.describe()).finish_non_exhaustive()
    }
}
