//! A workflow call that has not run yet: a child inside a workflow, a plain run with `in_memory`.

use crate::{Awaitable, BoxFuture, Context, Workflow, awaitable::Plain};
use std::{fmt, pin::Pin};

/// What calling a workflow gives. Inside a workflow, await it: it runs as a child, with snapshots of its own. Outside, it is
/// not a future, so nobody runs a workflow without durability by accident: start it through a `Client`, or run it plainly
/// with [`in_memory`](Child::in_memory).
#[must_use = "a workflow call does nothing unless awaited inside a workflow, or run with `in_memory()`"]
pub struct Child<'r, W: Workflow> {
    resources: W::Resources<'r>,
    input: W::Input,
}

impl<'r, W: Workflow> Child<'r, W> {
    /// Called by the function that the macro generates.
    #[doc(hidden)]
    pub fn new(resources: W::Resources<'r>, input: W::Input) -> Self {
        Self { resources, input }
    }

    /// Runs the function as it is written, in memory: no snapshots, no store. A crash loses it. Steps' retries are honoured,
    /// without their delays. This is the oracle of the compiler's tests, and handy in unit tests of your own.
    pub fn in_memory(self) -> BoxFuture<'r, W::Output> {
        W::plain(self.resources, self.input)
    }
}

impl<W: Workflow> fmt::Debug for Child<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Child({})", W::NAME)
    }
}

impl<W: Workflow> Awaitable for Child<'_, W> {
    type Output = W::Output;

    fn opens_frame(&self) -> bool {
        true
    }

    fn run<'a>(self, cx: &'a Context) -> impl Future<Output = W::Output> + Send + 'a
    where
        Self: 'a,
    {
        cx.run_child::<W>(self.resources, self.input)
    }
}

impl<'r, W: Workflow> Plain for Child<'r, W> {
    type Output = W::Output;

    fn plain(self) -> impl Future<Output = W::Output> + Send {
        self.in_memory()
    }
}

/// Recursion is written `Box::pin(walk(..)).await`, as plain Rust demands.
impl<W: Workflow> Awaitable for Pin<Box<Child<'_, W>>> {
    type Output = W::Output;

    fn opens_frame(&self) -> bool {
        true
    }

    fn run<'a>(self, cx: &'a Context) -> impl Future<Output = W::Output> + Send + 'a
    where
        Self: 'a,
    {
        let child = unpin(self);
        cx.run_child::<W>(child.resources, child.input)
    }
}

impl<'r, W: Workflow> Plain for Pin<Box<Child<'r, W>>> {
    type Output = W::Output;

    fn plain(self) -> impl Future<Output = W::Output> + Send {
        unpin(self).in_memory()
    }
}

/// A call holds no self-reference, so its pin means nothing.
impl<W: Workflow> Unpin for Child<'_, W> {}

fn unpin<'r, W: Workflow>(child: Pin<Box<Child<'r, W>>>) -> Child<'r, W> {
    *Pin::into_inner(child)
}
