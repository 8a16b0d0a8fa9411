//! The one error of the test kit.

use crate::Difference;
use durable_core::{MissingResource, RunError, event::EventError};
use std::path::PathBuf;

/// Why a test of the kit does not pass.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two runs that must be equal differ.
    #[error("{0}")]
    Differs(Box<Difference>),
    /// A run did not come to its end.
    #[error("{when}, the workflow cannot go on: {source}")]
    Run {
        /// At which point of the test.
        when: String,
        /// Why.
        source: Box<RunError>,
    },
    /// The factory gives too little.
    #[error("the factory of the crash test puts too little into the resources: {0}")]
    Resources(MissingResource),
    /// The workflow's input, encoded and decoded, is not its input.
    #[error("the workflow's input does not come back from its snapshot: {reason}")]
    Input {
        /// Why.
        reason: String,
    },
    /// An event given to the test cannot be sent.
    #[error("event `{name}` cannot be sent: {source}")]
    Event {
        /// Its name.
        name: String,
        /// Why.
        source: EventError,
    },
    /// The workflow waits for an event that was not given.
    #[error(
        "the workflow waits for event `{name}`, and none is left: add `.event(\"{name}\", &value)` to the crash test"
    )]
    NoEvent {
        /// Its name.
        name: String,
    },
    /// It parked again though it got what it waits for: two awaits in one expression, or a bug of this library.
    #[error("the workflow got what it waits for and parked again: please report this as a bug of durable")]
    ParkedAgain,
    /// The machine did what this version of the test kit does not know.
    #[error(
        "the workflow made a move this version of durable-test does not know: use the versions that belong together"
    )]
    UnknownMove,
    /// It makes commit after commit.
    #[error(
        "the workflow made more than {commits_max} commits: raise `commits_max`, or give it an input that ends sooner"
    )]
    Endless {
        /// The limit.
        commits_max: usize,
    },
    /// `at_most_once` names an await point that was never reached.
    #[error("no await point `{point}` was reached, which `at_most_once` names; reached: {}", reached.join(", "))]
    PointNotReached {
        /// What was named.
        point: String,
        /// What was reached.
        reached: Vec<String>,
    },
    /// A source file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Source {
        /// The path that was tried.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A source file is not Rust.
    #[error("cannot parse {} at line {line}, column {column}: {source}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// Why.
        source: syn::Error,
    },
    /// There is no such workflow in the file.
    #[error("no workflow `{name}` in {}; workflows there: {}", path.display(), list(found))]
    NoWorkflow {
        /// What was asked for.
        name: String,
        /// The file.
        path: PathBuf,
        /// The workflows it has, by module path.
        found: Vec<String>,
    },
    /// The expansion is not Rust: a bug of the compiler.
    #[error(
        "the expansion of `{name}` is not Rust, which is a bug of durable, please report it: {source}\n\n{tokens}"
    )]
    Expansion {
        /// The workflow.
        name: String,
        /// What is wrong with it.
        source: syn::Error,
        /// The tokens.
        tokens: String,
    },
    /// There is no state enum.
    #[error("`{name}` has no state enum: {why}")]
    NoState {
        /// The function.
        name: String,
        /// Why.
        why: String,
    },
    /// There is no picture.
    #[error("`{name}` has no graph: {why}")]
    NoGraph {
        /// The function.
        name: String,
        /// Why.
        why: String,
    },
}

impl Error {
    pub(crate) fn differs(difference: Difference) -> Self {
        Self::Differs(Box::new(difference))
    }

    /// Whether two runs differ; everything else keeps the test from being made at all.
    pub fn is_difference(&self) -> bool {
        matches!(self, Self::Differs(_))
    }
}

fn list(found: &[String]) -> String {
    if found.is_empty() { "none".to_owned() } else { found.join(", ") }
}
