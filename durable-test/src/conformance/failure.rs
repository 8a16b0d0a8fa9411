//! How a case ends early: a violated clause, or a means that the adapter does not give.

use std::error::Error;

/// Why a case did not pass.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The store did something else than the clause says.
    Violated(String),
    /// The case needs this capability of the subject.
    Needs(&'static str),
}

/// What a case returns.
pub(crate) type Checked<T = ()> = Result<T, Failure>;

/// Any error that a case did not ask for is a violation, told in its own words.
impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Violated(format!("unexpected error: {error}"))
    }
}

/// Fails the case unless the condition holds.
macro_rules! check {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::conformance::failure::Failure::Violated(format!($($message)+)));
        }
    };
}

/// Fails the case unless both are equal; the second is what is expected.
macro_rules! check_eq {
    ($found:expr, $expected:expr, $($message:tt)+) => {
        match (&$found, &$expected) {
            (found, expected) => check!(
                found == expected,
                "{}: expected {expected:?}, found {found:?}",
                format_args!($($message)+)
            ),
        }
    };
}

/// Fails the case unless the value matches the pattern.
macro_rules! check_matches {
    ($found:expr, $pattern:pat, $($message:tt)+) => {
        match &$found {
            $pattern => {}
            found => check!(
                false,
                "{}: expected {}, found {found:?}",
                format_args!($($message)+),
                stringify!($pattern)
            ),
        }
    };
}

pub(super) use {check, check_eq, check_matches};
