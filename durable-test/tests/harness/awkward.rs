//! Workflows that do what a crash test should find, and one that waits for tokio.

use durable_core::{
    Child, Input, MissingResource, Point, Resources, State, StateError, Workflow, attempt,
    private::{self, BoxFuture, Context, Entry, ErrorFallback, FieldReader, Plain, Probe, Saver},
};
use durable_test::EffectLog;
use std::{
    sync::atomic::{AtomicU32, Ordering::SeqCst},
    time::Duration,
};

pub struct Bench {
    log: EffectLog,
    calls: AtomicU32,
}

impl Bench {
    pub fn new(log: EffectLog) -> Self {
        Self { log, calls: AtomicU32::new(0) }
    }

    fn count(&self) -> u32 {
        self.calls.fetch_add(1, SeqCst) + 1
    }

    async fn record(&self, effect: &str) {
        self.log.record(effect);
    }

    async fn record_key(&self) {
        self.log.record(format!("key {}", attempt().key));
    }

    async fn record_call(&self) {
        self.log.record(format!("call {}", self.count()));
    }
}

single! {
    /// What it returns depends on how often its code ran, which no snapshot holds.
    forgetful = "forgetful", ForgetfulState, Record = "Record",
    fn(bench, n: u32) -> u32 { let _done = await bench.record("record"); n + bench.count() }
}

single! {
    /// Its effect shows the key, which a plain run does not have.
    telling = "telling", TellingState, RecordKey = "RecordKey",
    fn(bench, n: u32) -> u32 { let _done = await bench.record_key(); n }
}

single! {
    /// Its step does something else the second time.
    moody = "moody", MoodyState, RecordCall = "RecordCall",
    fn(bench, n: u32) -> u32 { let _done = await bench.record_call(); n }
}

single! {
    /// It waits for a timer of the runtime.
    waiting = "waiting", WaitingState, Sleep = "Sleep",
    fn(bench, n: u64) -> u64 {
        let _done = await async { bench.record("wait").await; tokio::time::sleep(Duration::from_secs(n)).await };
        n
    }
}
