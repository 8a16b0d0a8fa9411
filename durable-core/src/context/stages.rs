//! The futures that a block is made of. Written by hand, because an `async` block would hold what it was given beside what it
//! makes of it, and thousands of these are in memory at once.

use super::Context;
use pin_project_lite::pin_project;
use std::{
    pin::Pin,
    task::{self, Poll},
};

pin_project! {
    /// An await point: its commit, then its operation.
    pub(super) struct At<'a, A, R, B> {
        cx: &'a Context,
        committed: bool,
        begin: Option<(B, A)>,
        #[pin]
        operation: Option<R>,
    }
}

impl<'a, A, R, B> At<'a, A, R, B>
where
    R: Future,
    B: FnOnce(A) -> R,
{
    /// `committed`: the snapshot is durable already.
    pub(super) fn new(cx: &'a Context, committed: bool, operation: A, begin: B) -> Self {
        Self { cx, committed, begin: Some((begin, operation)), operation: None }
    }
}

impl<A, R, B> Future for At<'_, A, R, B>
where
    R: Future,
    B: FnOnce(A) -> R,
{
    type Output = R::Output;

    fn poll(self: Pin<&mut Self>, task: &mut task::Context<'_>) -> Poll<R::Output> {
        let mut this = self.project();
        if !*this.committed {
            if !this.cx.is_acknowledged() {
                return Poll::Pending;
            }
            *this.committed = true;
        }
        if let Some((begin, operation)) = this.begin.take() {
            this.operation.set(Some(begin(operation)));
        }
        match this.operation.as_pin_mut() {
            Some(operation) => operation.poll(task),
            None => Poll::Pending,
        }
    }
}

pin_project! {
    /// A block: ready with the workflow's result, or with `None` when it has chosen a next block.
    pub(super) struct Block<'a, F> {
        pub(super) cx: &'a Context,
        #[pin]
        pub(super) body: F,
    }
}

impl<F: Future> Future for Block<'_, F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, task: &mut task::Context<'_>) -> Poll<Option<F::Output>> {
        let this = self.project();
        match this.body.poll(task) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if this.cx.goes() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}
