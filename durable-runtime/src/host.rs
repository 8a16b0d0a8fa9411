//! What a machine needs from its worker: timers, and which build saved the frame of a child.

use crate::children::Children;
use durable_core::{BoxFuture, Description, Fingerprint, Host};
use std::{sync::Arc, time::Duration};

/// The timers of step timeouts: one is registered only when a step is not ready at its first poll. And what is known of children.
pub(crate) struct TokioHost(pub(crate) Arc<Children>);

impl Host for TokioHost {
    fn timer(&self, after: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(after))
    }

    fn is_for_others(&self, child: &'static Description, point: &str, saved: &Fingerprint) -> bool {
        self.0.is_for_others(child, point, saved)
    }
}
