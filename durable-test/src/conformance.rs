//! The conformance suite of stores: an adapter is done when every case passes against the real thing.
//!
//! Each [`Case`] is one behaviour of the `Store` trait and names the clause of the protocol that asks for it. A case gets
//! a fresh store, wrapped in a [`Subject`] that says what else the adapter can do for the test: move its clock, kill a
//! worker, refuse early. Cases that need what the adapter cannot do are skipped, and say so.
//!
//! ```
//! use durable_core::memory::{ManualClock, MemoryStore};
//! use durable_test::conformance::{self, Subject};
//! use std::sync::Arc;
//!
//! async fn fresh_store() -> Subject {
//!     let clock = Arc::new(ManualClock::new(1_000_000));
//!     let store = MemoryStore::new(clock.clone());
//!     let killer = store.clone();
//!     Subject::new(Arc::new(store))
//!         .can_advance(move |by| { clock.advance(by); Box::pin(async {}) })
//!         .can_kill(move |worker| { killer.kill(worker); Box::pin(async {}) })
//! }
//!
//! # tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap().block_on(async {
//! durable_test::store_conformance(fresh_store).await;              // all at once: panics with a list of failures
//! for case in conformance::cases() {                               // or one by one
//!     println!("{case}: {}", case.run(fresh_store().await).await);
//! }
//! # });
//! ```
//!
//! The suite runs inside a tokio runtime; the races are real only in one with several threads.

mod claims;
mod commits;
mod control;
mod crash_limits;
mod edits;
mod events;
mod failure;
mod forks;
mod frames;
mod groups;
mod history;
mod large;
mod limits;
mod list;
mod local;
mod parks;
mod races;
mod reads;
mod redrive;
mod rewinds;
mod scenario;
mod schemas;
mod set_aside;
mod shapes;
mod starts;
mod subject;
mod takeover;
mod versions;

pub use list::cases;
pub use subject::Subject;

use durable_core::BoxFuture;
use failure::{Checked, Failure};
use std::fmt;

/// One behaviour that every store must show.
pub struct Case {
    /// Its topic and what it says, such as `events::oldest_event_of_a_name_comes_first`.
    pub name: &'static str,
    /// The clause of the protocol it checks.
    pub clause: &'static str,
    check: fn(Subject) -> BoxFuture<'static, Checked>,
}

/// What a case found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The store does what the clause says.
    Passed,
    /// The adapter gave no means for this case.
    Skipped {
        /// The missing capability of the [`Subject`].
        needs: &'static str,
    },
    /// The store does something else.
    Failed {
        /// What was expected and what was found.
        reason: String,
    },
}

impl Case {
    /// Runs it against a fresh store. A panic inside the store is a failure of the case.
    pub async fn run(&self, subject: Subject) -> Verdict {
        match tokio::spawn((self.check)(subject)).await {
            Ok(Ok(())) => Verdict::Passed,
            Ok(Err(Failure::Needs(needs))) => Verdict::Skipped { needs },
            Ok(Err(Failure::Violated(reason))) => Verdict::Failed { reason },
            Err(panic) => Verdict::Failed { reason: panic.to_string() },
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.name, self.clause)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::Skipped { needs } => write!(f, "skipped: needs Subject::{needs}"),
            Self::Failed { reason } => write!(f, "FAILED: {reason}"),
        }
    }
}

/// Runs every case, each against a fresh store from `make`, and prints one line for each.
///
/// # Panics
///
/// With the name, clause and reason of every case that failed.
pub async fn store_conformance<F, Fut>(make: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = Subject>,
{
    let mut failures = Vec::new();
    for case in cases() {
        let verdict = case.run(make().await).await;
        println!("{case}: {verdict}");
        if let Verdict::Failed { reason } = verdict {
            failures.push(format!("{case}: {reason}"));
        }
    }
    let (failed, all) = (failures.len(), cases().len());
    assert!(failures.is_empty(), "{failed} of {all} cases failed:\n{}", failures.join("\n"));
}
