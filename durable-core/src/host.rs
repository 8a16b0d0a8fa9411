//! What a machine needs from whoever runs it.

use crate::{BoxFuture, Description, Fingerprint};
use std::{future::pending, time::Duration};

/// What the machine needs from whoever runs it.
pub trait Host: Send + Sync {
    /// Ends when this much time has passed: the timeout of a step's attempt.
    fn timer(&self, after: Duration) -> BoxFuture<'static, ()>;

    /// Whether what was saved at an await point of a child workflow, with this fingerprint, is for *other* builds of that child than
    /// the description is of: newer ones, or any that can read it. It is not asked for a root: whoever restores an execution has decided that.
    fn is_for_others(&self, child: &'static Description, point: &str, saved: &Fingerprint) -> bool {
        let _ = (child, point, saved);
        false
    }
}

/// A host without a clock: timeouts of steps never fire.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoClock;

impl Host for NoClock {
    fn timer(&self, _after: Duration) -> BoxFuture<'static, ()> {
        Box::pin(pending())
    }
}
