//! `attempt()`: who runs the current operation, for the how-manieth time, and its idempotency key.

use crate::{ExecutionId, context::Execution};
use pin_project_lite::pin_project;
use sha2::{Digest, Sha256};
use std::{
    cell::RefCell,
    pin::Pin,
    sync::Arc,
    task::{self, Poll},
};
use uuid::Uuid;

/// The current attempt of the awaited operation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// The execution's id.
    pub execution: ExecutionId,
    /// The same for every attempt of one await point at one visit, and for no other: give it to services that deduplicate.
    pub key: Uuid,
    /// 1 for the first attempt; failures and crashes both count.
    pub number: u32,
}

/// The current attempt, inside anything that is awaited by a workflow: a step's body, an `async` block, a library's future.
/// In a plain run, and outside any workflow, a fixed value for tests: execution `in-memory`, the nil key, attempt 1. It does not
/// reach into tasks that the operation spawns: read it before, and move it in.
pub fn attempt() -> Attempt {
    CURRENT.with_borrow(|scope| match scope {
        Some(scope) => Attempt {
            execution: scope.execution.id.clone(),
            key: idempotency_key(
                &scope.execution.instance,
                scope.execution.run,
                scope.frame,
                u64::MAX,
                scope.visit,
            ),
            number: scope.number,
        },
        None => Attempt {
            execution: ExecutionId::new("in-memory").expect("a valid id"),
            key: Uuid::nil(),
            number: 1,
        },
    })
}

/// What identifies an attempt; its parts are looked at only when they are asked for.
pub(crate) struct AttemptScope {
    pub(crate) execution: Arc<Execution>,
    pub(crate) frame: u64,
    pub(crate) visit: u64,
    pub(crate) number: u32,
}

thread_local! {
    static CURRENT: RefCell<Option<AttemptScope>> = const { RefCell::new(None) };
}

pin_project! {
    /// Makes `attempt()` answer for this scope while the future is polled. The scope moves in and out, so that a poll copies
    /// nothing.
    pub(crate) struct InScope<F> {
        scope: Option<AttemptScope>,
        #[pin]
        future: F,
    }
}

pub(crate) fn in_scope<F: Future>(scope: AttemptScope, future: F) -> InScope<F> {
    InScope { scope: Some(scope), future }
}

impl<F: Future> Future for InScope<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut task::Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let former = CURRENT.replace(this.scope.take());
        let _restore = Restore { former, scope: this.scope };
        this.future.poll(task)
    }
}

/// Puts the former scope back, also when the poll panics.
struct Restore<'a> {
    former: Option<AttemptScope>,
    scope: &'a mut Option<AttemptScope>,
}

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        *self.scope = CURRENT.replace(self.former.take());
    }
}

/// F3: UUIDv8 of SHA-256 over instance, run, frame, index (all ones if none) and visit, big-endian.
pub fn idempotency_key(instance: &[u8; 16], run: u32, frame: u64, index: u64, visit: u64) -> Uuid {
    let digest = Sha256::new()
        .chain_update(instance)
        .chain_update(run.to_be_bytes())
        .chain_update(frame.to_be_bytes())
        .chain_update(index.to_be_bytes())
        .chain_update(visit.to_be_bytes())
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::new_v8(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_version_8_and_depends_on_every_part() {
        let base = idempotency_key(&[1; 16], 0, 0, u64::MAX, 1);
        assert_eq!(base.get_version_num(), 8);
        let others = [
            idempotency_key(&[2; 16], 0, 0, u64::MAX, 1),
            idempotency_key(&[1; 16], 1, 0, u64::MAX, 1),
            idempotency_key(&[1; 16], 0, 1, u64::MAX, 1),
            idempotency_key(&[1; 16], 0, 0, 0, 1),
            idempotency_key(&[1; 16], 0, 0, u64::MAX, 2),
        ];
        assert!(others.iter().all(|other| *other != base));
    }

    #[test]
    fn outside_a_workflow_the_attempt_is_a_fixed_value() {
        assert_eq!(attempt(), attempt());
        assert_eq!(attempt().number, 1);
    }
}
