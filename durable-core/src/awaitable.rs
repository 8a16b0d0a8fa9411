//! What may stand before `.await` in a workflow.

use crate::{BoxFuture, Context, Saver};
use std::time::Duration;

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
#[doc(hidden)]
pub trait AtPoint: Sized {
    /// At an await point: see [`Context::at`].
    fn __durable_at<'a>(self, cx: &'a Context, point: usize, saver: Saver) -> BoxFuture<'a, Self::Output>
    where
        Self: Awaitable<Output: Send> + Send + 'a,
    {
        cx.at(point, saver, self)
    }
}

impl<T> AtPoint for T {}

/// The same in the plain copy.
#[doc(hidden)]
pub trait PlainRun: Sized {
    /// Runs it in memory.
    fn __durable_plain(self) -> impl Future<Output = Self::Output> + Send
    where
        Self: Plain,
    {
        self.plain()
    }
}

impl<T> PlainRun for T {}
