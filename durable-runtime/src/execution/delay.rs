//! Retry delays that are not worth a park: they end when they are over, when the worker closes, or when the execution is to be cancelled
//! (X1).

use super::{Driver, Stop};
use crate::shared::Shared;
use durable_core::{ExecutionId, store::Control};
use std::{pin::Pin, sync::Arc, time::Duration};

/// How often a long delay is interrupted to look for what other processes ask, if they have written anything.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Hears of what is asked of an execution, from the moment it is made.
pub(super) struct Requests {
    shared: Arc<Shared>,
    id: ExecutionId,
    requested: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Writes of other processes that were looked at.
    seen: u64,
}

impl Requests {
    pub(super) fn of(driver: &Driver) -> Self {
        let (shared, id) = (Arc::clone(&driver.shared), driver.id.clone());
        let local = shared.store.local();
        let seen = local.changes_elsewhere();
        let requested = Box::pin(local.wait_requested(&id));
        Self { shared, id, requested, seen }
    }

    /// Waits for the delay. Whether it ended early, since the execution is to be cancelled.
    pub(super) async fn cut_short(mut self, delay: Duration) -> Result<bool, Stop> {
        let due = tokio::time::Instant::now() + delay;
        loop {
            let left = due.saturating_duration_since(tokio::time::Instant::now());
            tokio::select! {
                () = &mut self.requested => return Ok(true),
                () = self.shared.closing() => return Err(Stop::Release),
                () = tokio::time::sleep(left.min(LOOK_EVERY)) => {}
            }
            let elsewhere = self.shared.store.local().changes_elsewhere();
            if elsewhere != self.seen && self.looks_cancelled().await {
                return Ok(true);
            }
            self.seen = elsewhere;
            if left <= LOOK_EVERY {
                return Ok(false);
            }
        }
    }

    /// Whether the store says so. If it does not answer, the next commit will tell.
    pub(super) async fn looks_cancelled(&mut self) -> bool {
        let record = self.shared.store.execution(&self.id).await;
        matches!(record, Ok(Some(record)) if record.control == Some(Control::Cancel))
    }
}
