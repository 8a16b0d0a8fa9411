//! What every test begins with: a memory store on tokio's clock, a lab, a client, and workers.

use crate::{counter::counter, lab::Lab, script::script};
use durable_core::{
    memory::{Clock, MemoryStore},
    store::{ExecutionRecord, HistoryKind, Status, Store},
};
use durable_runtime::{Client, Handle, Worker, WorkerBuilder};
use std::sync::Arc;
use tokio::time::Instant;

/// A store clock that goes with tokio's, which tests pause.
pub(crate) struct TokioClock(Instant);

impl Clock for TokioClock {
    fn now(&self) -> u64 {
        1_700_000_000_000 + u64::try_from(self.0.elapsed().as_millis()).unwrap()
    }
}

pub(crate) struct Surroundings {
    pub(crate) store: MemoryStore,
    pub(crate) lab: Lab,
    pub(crate) client: Client,
}

impl Surroundings {
    pub(crate) fn new() -> Self {
        let store = MemoryStore::new(Arc::new(TokioClock(Instant::now())));
        Self { lab: Lab::default(), client: Client::new(&store), store }
    }

    /// A worker of both workflows that is not started yet.
    pub(crate) fn builder(&self) -> WorkerBuilder {
        self.builder_on(&self.store)
    }

    pub(crate) fn builder_on<S: Store + Clone>(&self, store: &S) -> WorkerBuilder {
        Worker::builder(store).resource(self.lab.clone()).register::<script>().register::<counter>()
    }

    pub(crate) async fn worker(&self) -> Worker {
        self.builder().start().await.unwrap()
    }
}

/// Ends when the execution stands so. The clock is paused, so looking again costs a moment of virtual time.
pub(crate) async fn until(
    handle: &Handle<script>,
    what: impl Fn(&ExecutionRecord) -> bool,
) -> ExecutionRecord {
    loop {
        let record = handle.record().await.unwrap();
        if what(&record) {
            return record;
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}

pub(crate) async fn parked(handle: &Handle<script>) -> ExecutionRecord {
    until(handle, |record| record.status == Status::Parked).await
}

pub(crate) async fn count(handle: &Handle<script>, kind: HistoryKind) -> usize {
    handle.history().await.unwrap().iter().filter(|entry| entry.kind == kind).count()
}

/// Ends when the worker has nothing in hand: its counters follow the store's notices by a moment.
pub(crate) async fn idle(worker: &Worker) {
    while worker.stats().hot > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}
