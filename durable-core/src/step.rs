//! `#[step]`: an awaited operation with a policy.

use crate::{Awaitable, Context, awaitable::Plain};
use std::{
    any::Any,
    fmt,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

/// A step that has not run yet: what calling a `#[step]` function gives. Awaited in a workflow it runs under its policy;
/// anywhere else it is a plain call of the function's body.
#[must_use = "a step does nothing unless awaited"]
pub struct Step<A: Attempts> {
    attempts: A,
    policy: &'static StepPolicy,
    hooks: StepHooks<A::Output>,
}

/// The policy of a step, as `#[step(..)]` states it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StepPolicy {
    /// The function's name.
    pub name: &'static str,
    /// How an `Err`, a panic or a timeout is retried; `None`: not at all.
    pub retry: Option<Retry>,
    /// The longest an attempt may take; 1 hour unless set.
    pub timeout: Duration,
    /// Never run twice: after an interruption the step returns `Interrupted`.
    pub at_most_once: bool,
}

impl StepPolicy {
    /// The policy of a bare `#[step]`.
    pub const fn new(name: &'static str) -> Self {
        Self { name, retry: None, timeout: Duration::from_secs(3600), at_most_once: false }
    }

    /// With retries.
    pub const fn retry(mut self, retry: Retry) -> Self {
        self.retry = Some(retry);
        self
    }

    /// With another timeout per attempt.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Delivered at most once.
    pub const fn at_most_once(mut self) -> Self {
        self.at_most_once = true;
        self
    }
}

/// Exponential backoff.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Retry {
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// Delay before the second attempt.
    pub initial: Duration,
    /// Each further delay is this many times longer.
    pub factor: f64,
    /// The longest delay.
    pub max: Duration,
    /// How the delay is spread.
    pub jitter: Jitter,
}

impl Retry {
    /// `#[step(retry)]` alone: 6 attempts, 5 s to 60 s, doubled, full jitter (A4).
    pub const DEFAULT: Self = Self {
        attempts: 6,
        initial: Duration::from_secs(5),
        factor: 2.0,
        max: Duration::from_secs(60),
        jitter: Jitter::Full,
    };

    /// All parts at once.
    pub const fn new(attempts: u32, initial: Duration, factor: f64, max: Duration, jitter: Jitter) -> Self {
        Self { attempts, initial, factor, max, jitter }
    }

    /// The delay after this many attempts, before jitter.
    pub fn delay(&self, attempts_made: u32) -> Duration {
        let exponent = i32::try_from(attempts_made.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = self.initial.as_secs_f64() * self.factor.powi(exponent);
        // Infinite or absurd delays end at the maximum.
        if seconds.is_finite() && seconds < self.max.as_secs_f64() {
            Duration::from_secs_f64(seconds.max(0.0))
        } else {
            self.max
        }
    }
}

/// How a retry delay is spread, so that many executions that failed together do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Jitter {
    /// Exactly the delay.
    None,
    /// Between half the delay and the delay.
    Half,
    /// Between nothing and the delay.
    Full,
}

impl Jitter {
    /// The delay spread by a random number; the driver has one.
    pub fn spread(self, delay: Duration, random: u64) -> Duration {
        let unit = (random >> 11) as f64 / (1u64 << 53) as f64;
        match self {
            Self::None => delay,
            Self::Half => delay.mul_f64(0.5 + unit / 2.0),
            Self::Full => delay.mul_f64(unit),
        }
    }
}

/// A step ended without a value: give your error type `From<StepFailure>` to receive it as an `Err`. Without that, the
/// execution fails and keeps its last snapshot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum StepFailure {
    /// It panicked.
    #[error("the step panicked: {message}")]
    Panicked {
        /// The panic's message.
        message: String,
    },
    /// It took longer than its timeout.
    #[error("the step took longer than its timeout of {after:?}")]
    TimedOut {
        /// The timeout.
        after: Duration,
    },
}

/// An `at_most_once` step was interrupted: it may have happened, wholly or in part, and may still be running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
#[error("the step was interrupted and must not run twice: whether it happened is unknown")]
pub struct Interrupted;

/// The attempts of a step: a source of futures of its body.
#[doc(hidden)]
pub trait Attempts: Send {
    /// What the step gives.
    type Output: Send;
    /// The body.
    type Future: Future<Output = Self::Output> + Send;
    /// The next attempt; always one the first time, and then while the arguments can be cloned.
    fn attempt(&mut self) -> Option<Self::Future>;
    /// The next attempt where none follows it: nothing is cloned for another.
    fn last(&mut self) -> Option<Self::Future> {
        self.attempt()
    }
}

/// Of a step in a trait that is used as `dyn`.
impl<A: Attempts + ?Sized> Attempts for Box<A> {
    type Output = A::Output;
    type Future = A::Future;

    fn attempt(&mut self) -> Option<A::Future> {
        (**self).attempt()
    }

    fn last(&mut self) -> Option<A::Future> {
        (**self).last()
    }
}

/// The attempts of a `#[step]` function: the body's future, and how to make it again.
#[doc(hidden)]
#[derive(Debug)]
pub struct Body<F, G> {
    first: Option<F>,
    again: G,
}

impl<F, G> Body<F, G> {
    /// `again` gives `None` where an owned argument cannot be cloned.
    pub fn new(first: F, again: G) -> Self {
        Self { first: Some(first), again }
    }
}

impl<F, G> Attempts for Body<F, G>
where
    F: Future + Send,
    F::Output: Send,
    G: FnMut() -> Option<F> + Send,
{
    type Output = F::Output;
    type Future = F;

    fn attempt(&mut self) -> Option<F> {
        self.first.take().or_else(|| (self.again)())
    }
}

/// The attempts of a `#[step(retry)]` function: its arguments, cloned only when a further attempt may need them again, so
/// that a worker, for which a retry is a resume, never clones.
#[doc(hidden)]
#[derive(Debug)]
pub struct Repeat<T, C, M> {
    args: Option<T>,
    clone: C,
    make: M,
}

impl<T, C, M> Repeat<T, C, M> {
    /// `clone` gives `None` where an argument cannot be cloned. The bounds tell the closures their arguments' types.
    pub fn new<F>(args: T, clone: C, make: M) -> Self
    where
        C: FnMut(&T) -> Option<T>,
        M: FnMut(T) -> F,
    {
        Self { args: Some(args), clone, make }
    }
}

impl<T, C, M, F> Attempts for Repeat<T, C, M>
where
    T: Send,
    C: FnMut(&T) -> Option<T> + Send,
    M: FnMut(T) -> F + Send,
    F: Future + Send,
    F::Output: Send,
{
    type Output = F::Output;
    type Future = F;

    fn attempt(&mut self) -> Option<F> {
        let args = self.args.take()?;
        self.args = (self.clone)(&args);
        Some((self.make)(args))
    }

    fn last(&mut self) -> Option<F> {
        self.args.take().map(&mut self.make)
    }
}

/// What generated code knows about a step's output type.
#[doc(hidden)]
pub struct StepHooks<R> {
    /// The text of the error if the output is an `Err`.
    pub error: fn(&R) -> Option<String>,
    /// The output for a failure, where the error type takes one.
    pub failed: Option<fn(StepFailure) -> R>,
    /// The output for an interruption of an `at_most_once` step.
    pub interrupted: Option<fn(Interrupted) -> R>,
}

impl<A: Attempts> Step<A> {
    /// Called by generated code.
    #[doc(hidden)]
    pub fn new(attempts: A, policy: &'static StepPolicy, hooks: StepHooks<A::Output>) -> Self {
        Self { attempts, policy, hooks }
    }
}

impl<A: Attempts> fmt::Debug for Step<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Step({})", self.policy.name)
    }
}

impl<A: Attempts> Awaitable for Step<A> {
    type Output = A::Output;

    fn at_most_once(&self) -> bool {
        self.policy.at_most_once
    }

    async fn run<'a>(mut self, cx: &'a Context) -> A::Output
    where
        Self: 'a,
    {
        let body = pin!(self.attempts.last());
        let body = body.as_pin_mut().map(|body| body as Pin<&mut (dyn Future<Output = A::Output> + Send)>);
        run_step(body, self.policy, self.hooks, cx).await
    }
}

/// A step under its policy. It knows the step's output and not its body, so that it is compiled once for each type of output, and
/// not for each step.
async fn run_step<R: Send>(
    body: Option<Pin<&mut (dyn Future<Output = R> + Send)>>,
    policy: &StepPolicy,
    hooks: StepHooks<R>,
    cx: &Context,
) -> R {
    if let (true, Some(interrupted), true) = (policy.at_most_once, hooks.interrupted, cx.was_interrupted()) {
        return interrupted(Interrupted);
    }
    let Some(body) = body else {
        match cx.fail(format!("step `{}` has no attempt to run", policy.name)).await {}
    };
    let ended = cx.scoped(guarded(body, policy.timeout, cx)).await;
    let (error, output) = match ended {
        Ok(output) => match (hooks.error)(&output) {
            None => return output,
            Some(error) => (error, Ok(output)),
        },
        // A5: a panic or a timeout leaves unknown what happened.
        Err(failure) => match hooks.interrupted.filter(|_| policy.at_most_once) {
            Some(interrupted) => return interrupted(Interrupted),
            None => (failure.to_string(), Err(failure)),
        },
    };
    let made = cx.attempt_number();
    if let Some(retry) = policy.retry
        && made < retry.attempts
    {
        match cx.fail_attempt(error, retry.delay(made), retry.jitter).await {}
    }
    match (output, hooks.failed) {
        (Ok(output), _) => output,
        (Err(failure), Some(failed)) => failed(failure),
        (Err(failure), None) => match cx.fail(format!("step `{}`: {failure}", policy.name)).await {},
    }
}

impl<A: Attempts> Plain for Step<A> {
    type Output = A::Output;

    async fn plain(mut self) -> A::Output {
        let attempts = self.policy.retry.map_or(1, |retry| retry.attempts.max(1));
        let mut next = |made| if made < attempts { self.attempts.attempt() } else { self.attempts.last() };
        let mut made = 1;
        let mut body = next(made).expect("the first attempt is always there");
        loop {
            let output = body.await;
            if made >= attempts || (self.hooks.error)(&output).is_none() {
                return output;
            }
            made += 1;
            match next(made) {
                Some(again) => body = again,
                None => return output,
            }
        }
    }
}

/// Outside a workflow a step is the plain call of its body, once.
/// Recursion, and whoever likes his futures pinned: `Box::pin(charge(..)).await` is `charge(..).await`.
impl<A: Attempts> Awaitable for Pin<Box<Step<A>>> {
    type Output = A::Output;

    fn run<'a>(self, cx: &'a Context) -> impl Future<Output = A::Output> + Send + 'a
    where
        Self: 'a,
    {
        unpin(self).run(cx)
    }
}

impl<A: Attempts> Plain for Pin<Box<Step<A>>> {
    type Output = A::Output;

    fn plain(self) -> impl Future<Output = A::Output> + Send {
        unpin(self).plain()
    }
}

/// A call holds no self-reference, so its pin means nothing.
impl<A: Attempts> Unpin for Step<A> {}

fn unpin<A: Attempts>(step: Pin<Box<Step<A>>>) -> Step<A> {
    *Pin::into_inner(step)
}

impl<A: Attempts> IntoFuture for Step<A> {
    type Output = A::Output;
    type IntoFuture = A::Future;

    fn into_future(mut self) -> A::Future {
        self.attempts.last().expect("the first attempt is always there")
    }
}

/// Runs an attempt: a panic is caught, and the timer starts only if the body is not ready at once.
async fn guarded<R>(
    mut body: Pin<&mut (dyn Future<Output = R> + Send)>,
    timeout: Duration,
    cx: &Context,
) -> Result<R, StepFailure> {
    let mut timer = None;
    poll_fn(|task| {
        match catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(task))) {
            Ok(Poll::Ready(output)) => return Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => {}
            Err(panic) => return Poll::Ready(Err(StepFailure::Panicked { message: panic_message(&*panic) })),
        }
        let timer = timer.get_or_insert_with(|| cx.timer(timeout));
        timer.as_mut().poll(task).map(|()| Err(StepFailure::TimedOut { after: timeout }))
    })
    .await
}

/// The text of a panic.
pub fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".into())
}
