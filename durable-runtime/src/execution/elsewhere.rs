//! Executions that this worker cannot read for want of a key or a feature, or that another build has saved inside a child workflow: they
//! are given back untouched, for a worker that can go on with them.

use super::Driver;
use crate::payload::PayloadError;
use std::time::Duration;

/// How long one is kept before it is given back. At once, it would be claimed again at once, most likely by this worker.
const KEPT: Duration = Duration::from_secs(2);

impl Driver {
    /// Nothing is written: not that it was here, nor why it could not stay.
    pub(super) async fn leave_alone(&self, error: &PayloadError) {
        if self.shared.unreadable.is_new(error) {
            tracing::error!(id = %self.id, %error, "this execution and others like it are left to workers that can read them");
        }
        tracing::debug!(id = %self.id, %error, "an execution is left to other workers");
        self.give_back_later().await;
    }

    /// Why, is told once for each await point.
    pub(super) async fn leave_to_others(&self) {
        tracing::debug!(id = %self.id, "another build saved this execution inside a child workflow; it is left to those that can go on from there");
        self.give_back_later().await;
    }

    async fn give_back_later(&self) {
        tokio::select! {
            () = tokio::time::sleep(KEPT.mul_f64(0.5 + fastrand::f64())) => {}
            () = self.shared.closing() => {}
        }
        // The notice of the release reaches this worker first: it would always be the one that claims it again.
        self.shared.yield_claims();
        self.release().await;
    }
}
