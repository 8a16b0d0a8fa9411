//! What a machine needs from tokio: timers.

use durable_core::{BoxFuture, Host};
use std::time::Duration;

/// The timers of step timeouts. One is registered only when a step is not ready at its first poll.
#[derive(Debug)]
pub(crate) struct TokioHost;

impl Host for TokioHost {
    fn timer(&self, after: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(after))
    }
}
