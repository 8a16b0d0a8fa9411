//! The world outside: what programs do there is recorded.

use durable::{Input, Workflow};
use durable_test::{CrashTest, EffectLog, Report};
use serde::de::DeserializeOwned;
use std::sync::{Mutex, MutexGuard};

/// Services that record every call.
pub(crate) struct World {
    log: EffectLog,
    seen: Mutex<Vec<u64>>,
}

impl World {
    /// One that records there.
    pub(crate) fn logging(log: &EffectLog) -> Self {
        Self { log: log.clone(), seen: Mutex::default() }
    }

    /// One whose record nobody reads.
    pub(crate) fn for_worker() -> Self {
        Self::logging(&EffectLog::new())
    }

    /// Gives the number back.
    pub(crate) async fn ask(&self, n: u64) -> u64 {
        tokio::task::yield_now().await;
        self.log.record(format!("ask {n}"));
        n
    }

    /// Fails for odd numbers.
    pub(crate) async fn even(&self, n: u64) -> Result<u64, String> {
        self.log.record(format!("even {n}"));
        if n.is_multiple_of(2) { Ok(n) } else { Err(format!("{n} is odd")) }
    }

    /// `None` for zero.
    pub(crate) async fn some(&self, n: u64) -> Option<u64> {
        self.log.record(format!("some {n}"));
        (n > 0).then_some(n)
    }

    /// Says whether the number is greater than ten.
    pub(crate) async fn big(&self, n: u64) -> bool {
        self.log.record(format!("big {n}"));
        n > 10
    }

    /// Text of a number.
    pub(crate) async fn text(&self, n: u64) -> String {
        self.log.record(format!("text {n}"));
        format!("<{n}>")
    }

    /// Records at once.
    pub(crate) fn note_now(&self, text: &str) {
        self.log.record(format!("note now {text}"));
    }

    /// What was seen; whoever asks twice at a time never gets it.
    pub(crate) fn seen(&self) -> MutexGuard<'_, Vec<u64>> {
        self.seen.try_lock().expect("nobody else holds it")
    }

    /// Records.
    pub(crate) async fn note(&self, text: impl Into<String>) {
        let text = text.into();
        self.log.record(format!("note {text}"));
    }
}

/// Runs a program everywhere; gives its output.
pub(crate) async fn everywhere<W>(input: Input<W>) -> W::Output
where
    W: Workflow<Input: DeserializeOwned, Output: std::fmt::Debug>,
{
    report(input).await.output
}

/// The same, with all there is to know.
pub(crate) async fn report<W>(input: Input<W>) -> Report<W::Output>
where
    W: Workflow<Input: DeserializeOwned, Output: std::fmt::Debug>,
{
    CrashTest::<W>::new(|log, resources| resources.insert(World::logging(log))).run(input).await
}
