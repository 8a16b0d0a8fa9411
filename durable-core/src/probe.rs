//! Questions about a type that generated code asks without knowing it, by method autoref: the more special impl is for the
//! type itself, the fallback for a reference to it, so method lookup finds the special one first where its bounds hold.
//!
//! Call them with these traits in scope, on as many references as there are impls: `(&&&&Probe(&output)).error_text()`,
//! `(&&Probe(..))` for the others.

use crate::step::{Interrupted, StepFailure};
use std::{fmt, marker::PhantomData};

/// Wraps the value or type asked about.
#[derive(Debug)]
pub struct Probe<T>(pub T);

/// The text of a `Result`'s error, if it is one. `Err` is recognised by type, never by tokens (F4).
pub trait ErrorText {
    /// `Some` for an `Err`.
    fn error_text(&self) -> Option<String>;
}

impl<T, E: fmt::Display> ErrorText for &&&Probe<&Result<T, E>> {
    fn error_text(&self) -> Option<String> {
        self.0.as_ref().err().map(ToString::to_string)
    }
}

/// For an error that has no `Display`.
pub trait ErrorDebug {
    /// `Some` for an `Err`.
    fn error_text(&self) -> Option<String>;
}

impl<T, E: fmt::Debug> ErrorDebug for &&Probe<&Result<T, E>> {
    fn error_text(&self) -> Option<String> {
        self.0.as_ref().err().map(|error| format!("{error:?}"))
    }
}

/// For a `Result` whose error cannot be printed.
pub trait ErrorSilent {
    /// `Some` for an `Err`.
    fn error_text(&self) -> Option<String>;
}

impl<T, E> ErrorSilent for &Probe<&Result<T, E>> {
    fn error_text(&self) -> Option<String> {
        self.0.as_ref().err().map(|_| format!("an error of type {}", std::any::type_name::<E>()))
    }
}

/// For everything that is not a `Result`.
pub trait ErrorFallback {
    /// Always `None`.
    fn error_text(&self) -> Option<String>;
}

impl<R> ErrorFallback for Probe<&R> {
    fn error_text(&self) -> Option<String> {
        None
    }
}

/// How a step's output is made from a [`StepFailure`], where its error type takes one.
pub trait FromFailure {
    /// What the step returns.
    type Output;
    /// The conversion.
    fn on_failure(&self) -> Option<fn(StepFailure) -> Self::Output>;
}

impl<T, E: From<StepFailure>> FromFailure for &Probe<PhantomData<Result<T, E>>> {
    type Output = Result<T, E>;
    fn on_failure(&self) -> Option<fn(StepFailure) -> Result<T, E>> {
        Some(|failure| Err(E::from(failure)))
    }
}

/// The fallback of [`FromFailure`].
pub trait NoFailure {
    /// What the step returns.
    type Output;
    /// No conversion.
    fn on_failure(&self) -> Option<fn(StepFailure) -> Self::Output>;
}

impl<R> NoFailure for Probe<PhantomData<R>> {
    type Output = R;
    fn on_failure(&self) -> Option<fn(StepFailure) -> R> {
        None
    }
}

/// What a `#[step(at_most_once)]` function returns: something that can say it was interrupted.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot say that an `at_most_once` step was interrupted",
    label = "returned by an `at_most_once` step",
    note = "return a `Result` whose error implements `From<durable::Interrupted>`"
)]
pub trait FromInterrupted {
    /// The conversion.
    fn from_interrupted(interrupted: Interrupted) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T, E: From<Interrupted>> FromInterrupted for Result<T, E> {
    fn from_interrupted(interrupted: Interrupted) -> Self {
        Err(E::from(interrupted))
    }
}

/// The conversion that `#[step(at_most_once)]` demands.
pub fn from_interrupted<R: FromInterrupted>() -> Option<fn(Interrupted) -> R> {
    Some(R::from_interrupted)
}

/// Clones where the type can be cloned: a step's owned arguments, for a further attempt in a plain run.
pub trait TryClone {
    /// What is cloned.
    type Value;
    /// The clone.
    fn try_clone(&self) -> Option<Self::Value>;
}

impl<T: Clone> TryClone for &Probe<&T> {
    type Value = T;
    fn try_clone(&self) -> Option<T> {
        Some(self.0.clone())
    }
}

/// The fallback of [`TryClone`].
pub trait NoClone {
    /// What would be cloned.
    type Value;
    /// Nothing.
    fn try_clone(&self) -> Option<Self::Value>;
}

impl<T> NoClone for Probe<&T> {
    type Value = T;
    fn try_clone(&self) -> Option<T> {
        None
    }
}

#[cfg(test)]
#[allow(clippy::needless_borrow)]
mod tests {
    use super::*;

    struct Silent;

    #[derive(Debug)]
    struct Loud;

    #[test]
    fn an_err_is_recognised_by_type_with_or_without_display() {
        type Res<T, E> = Result<T, E>;
        let shown: Res<(), String> = Err("no".into());
        let debugged: Res<(), Loud> = Err(Loud);
        assert_eq!((&&&&Probe(&shown)).error_text().as_deref(), Some("no"));
        assert_eq!((&&&&Probe(&debugged)).error_text().as_deref(), Some("Loud"));
        assert_eq!((&&&&Probe(&Ok::<(), String>(()))).error_text(), None);
        assert_eq!((&&&&Probe(&5)).error_text(), None);
    }

    #[test]
    fn an_error_that_cannot_be_printed_is_still_an_err() {
        let silent: Result<(), Silent> = Err(Silent);
        assert!((&&&&Probe(&silent)).error_text().is_some());
    }

    #[test]
    fn clones_only_what_can_be_cloned() {
        assert_eq!((&&Probe(&5)).try_clone(), Some(5));
        assert!((&&Probe(&Silent)).try_clone().is_none());
    }

    #[test]
    fn finds_the_conversion_from_a_failure() {
        assert!((&&Probe(PhantomData::<Result<(), String>>)).on_failure().is_none());
        struct Mine;
        impl From<StepFailure> for Mine {
            fn from(_: StepFailure) -> Self {
                Mine
            }
        }
        assert!((&&Probe(PhantomData::<Result<(), Mine>>)).on_failure().is_some());
    }
}
