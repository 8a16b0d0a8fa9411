//! What may stand before `.await` in a workflow.

use crate::{BoxFuture, Context, Saver};
use std::{
    future::{Pending, pending},
    time::Duration,
};

/// Anything that can be awaited in a workflow: a future, a `#[step]` call, [`sleep`](crate::sleep()),
/// [`event`](crate::event()), a child workflow.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be awaited in a `#[workflow]`",
    label = "not a future, a step, `sleep`, `event` or a child workflow",
    note = "if it implements only `IntoFuture`, wrap it: `async {{ it.await }}.await`"
)]
pub trait Awaitable {
    /// What it gives.
    type Output;

    /// What the execution waits for, committed with the snapshot.
    #[doc(hidden)]
    fn wait(&self) -> Wait {
        Wait::Now
    }

    /// Whether it goes on in a frame of its own: a child.
    #[doc(hidden)]
    fn opens_frame(&self) -> bool {
        false
    }

    /// Whether it must not run twice, so that its await point's commit is the record of its start (A5).
    #[doc(hidden)]
    fn at_most_once(&self) -> bool {
        false
    }

    /// Runs it, after its await point is durable.
    #[doc(hidden)]
    fn run<'a>(self, cx: &'a Context) -> impl Future<Output = Self::Output> + Send + 'a
    where
        Self: 'a;
}

#[diagnostic::do_not_recommend]
impl<F: Future + Send> Awaitable for F
where
    F::Output: Send,
{
    type Output = F::Output;

    fn run<'a>(self, cx: &'a Context) -> impl Future<Output = F::Output> + Send + 'a
    where
        Self: 'a,
    {
        cx.scoped(self)
    }
}

/// The same, in a plain run: no snapshot, no worker.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be awaited in a `#[workflow]`",
    label = "not a future, a step, `sleep`, `event` or a child workflow",
    note = "if it implements only `IntoFuture`, wrap it: `async {{ it.await }}.await`"
)]
pub trait Plain {
    /// What it gives.
    type Output;

    /// Runs it in memory.
    fn plain(self) -> impl Future<Output = Self::Output> + Send;
}

#[diagnostic::do_not_recommend]
impl<F: Future + Send> Plain for F {
    type Output = F::Output;

    fn plain(self) -> impl Future<Output = F::Output> + Send {
        self
    }
}

/// What an execution waits for at an await point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Nothing: the operation runs at once.
    Now,
    /// A timer, from the commit on.
    Timer(Duration),
    /// An event of this name.
    Event(String),
}

/// How generated code awaits: as a method, so that the expression begins and ends with the user's own tokens.
///
/// The plain copy and the state machine call the same method, so that rustc says the same of what cannot be awaited, and so
/// only once.
#[doc(hidden)]
pub trait Await: Sized {
    /// At an await point, or in memory.
    fn __durable_await<'a, O: Send>(self, how: impl How<'a>) -> BoxFuture<'a, O>
    where
        Self: Awaitable<Output = O> + Plain<Output = O> + Send + 'a,
    {
        how.begin(self)
    }
}

impl<T> Await for T {}

/// Where an awaited operation runs.
#[doc(hidden)]
pub trait How<'a> {
    /// Runs it.
    fn begin<O: Send, A>(self, operation: A) -> BoxFuture<'a, O>
    where
        A: Awaitable<Output = O> + Plain<Output = O> + Send + 'a;
}

/// At an await point: see [`Context::at`].
#[doc(hidden)]
#[derive(Debug)]
pub struct At<'a> {
    cx: &'a Context,
    point: usize,
    saver: Saver,
}

impl<'a> At<'a> {
    /// At no await point yet.
    pub(crate) fn new(cx: &'a Context) -> Self {
        Self { cx, point: 0, saver: Saver::empty() }
    }

    /// What is saved at the await point that comes now.
    pub(crate) fn arrive(&mut self, point: usize, saver: Saver) {
        self.point = point;
        self.saver = saver;
    }

    /// Leaves a block for the next one: see [`Context::leave`]. What it gives is pending for ever.
    pub fn leave<T>(&self) -> Pending<T> {
        self.cx.leave();
        pending()
    }
}

impl<'a> How<'a> for &'a mut At<'_> {
    // Not copied into each block: that would cost every crate with a workflow seconds, and save nothing.
    #[inline(never)]
    fn begin<O: Send, A>(self, operation: A) -> BoxFuture<'a, O>
    where
        A: Awaitable<Output = O> + Plain<Output = O> + Send + 'a,
    {
        self.cx.at(self.point, std::mem::replace(&mut self.saver, Saver::empty()), operation)
    }
}

/// In a plain run.
#[doc(hidden)]
#[derive(Debug)]
pub struct InMemory;

impl<'a> How<'a> for InMemory {
    #[inline(never)]
    fn begin<O: Send, A>(self, operation: A) -> BoxFuture<'a, O>
    where
        A: Awaitable<Output = O> + Plain<Output = O> + Send + 'a,
    {
        Box::pin(operation.plain())
    }
}
