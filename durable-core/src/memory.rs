//! [`MemoryStore`]: a [`Store`] in memory, for tests, simulations and work that may be lost with its process.
//!
//! It follows the protocol to the letter, fencing included, so what holds here holds in a store on disk; only durability
//! is missing. One mutex guards everything and no user code but the [`Clock`] runs under it, so every future is ready the
//! first time it is polled.
//!
//! | to find | look in |
//! |---|---|
//! | what a row holds, wake-ups sent after the lock | `memory/state.rs`, `memory/execution.rs` |
//! | compare-and-swap, what each `Next` writes | `memory/commit.rs` |
//! | who gets what on a claim, crash limits, releases | `memory/claim.rs`, `memory/due.rs` |
//! | dead workers | `memory/workers.rs` |
//! | events | `memory/mailbox.rs`, `memory/start.rs` |
//! | what people ask of executions that have stopped | `memory/control.rs` |

mod claim;
mod clock;
mod commit;
mod control;
mod due;
mod execution;
mod fork;
mod kept;
mod large;
mod mailbox;
mod read;
mod registry;
mod start;
mod state;
mod workers;

pub use clock::{Clock, ManualClock};

use crate::{
    BoxFuture, Fingerprint, Schema,
    store::{
        Beat, BuildId, ClaimRequest, Claims, Commit, CommitError, Committed, ContentId, EditError,
        EditRequest, ExecutionId, ExecutionRecord, Filter, ForkRequest, FoundFields, HistoryEntry, Kept,
        Local, Millis, Outcome, QueueId, Reconsider, RedriveError, Registered, Registration, Release,
        RewindError, RewindRequest, Row, SchemaId, SchemaRow, SendError, SendRequest, Sent, StartRequest,
        Started, Store, StoreError, Version, WorkerId,
    },
};
use state::State;
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// A store in memory. Cheap to clone: all clones are the same store.
///
/// ```
/// use durable_core::memory::{ManualClock, MemoryStore};
/// use std::{sync::Arc, time::Duration};
///
/// let clock = Arc::new(ManualClock::new(0));
/// let store = MemoryStore::new(clock.clone());
/// clock.advance(Duration::from_secs(60)); // timers of the store are a minute nearer
/// # let _ = store;
/// ```
#[derive(Clone)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

/// What a [`MemoryStore`] refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most events that may wait for one execution (10,000).
    pub event_quota: u64,
    /// The largest snapshot, event or output, in bytes (16 MiB).
    pub payload_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { event_quota: 10_000, payload_bytes_max: 16 << 20 }
    }
}

struct Shared {
    clock: Arc<dyn Clock>,
    local: Local,
    state: Mutex<State>,
}

impl MemoryStore {
    /// An empty store whose timers go by this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::with_limits(clock, Limits::default())
    }

    /// An empty store with limits of one's own.
    pub fn with_limits(clock: Arc<dyn Clock>, limits: Limits) -> Self {
        Self {
            shared: Arc::new(Shared {
                clock,
                local: Local::default(),
                state: Mutex::new(State::new(limits)),
            }),
        }
    }

    /// Marks a worker dead, as a crash of its process would: it keeps what it owns until the next beat of another worker,
    /// or [`MemoryStore::reap`], makes that claimable; the claim counts a crash. The driver of such a worker may go on
    /// committing until then, as a stalled process would.
    ///
    /// This is how a worker dies here: all workers of this store live in one process, so no beat can stand still unless
    /// the process does.
    pub fn kill(&self, worker: WorkerId) {
        self.write(|state| state.workers.kill(worker));
    }

    /// Makes claimable what dead workers own, as the beat of a living worker does. Returns how many executions.
    pub fn reap(&self) -> u64 {
        self.write(State::reap)
    }

    /// Runs one operation alone, at one moment of the clock, and then tells the process what became due or ended: under
    /// the lock, a worker that looks at the store at once would wait for itself.
    fn write<T>(&self, operation: impl FnOnce(&mut State) -> T) -> T {
        let (result, notices) = {
            // The operations leave the state whole before anything of the user's can panic.
            let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.now = self.shared.clock.now();
            let result = operation(&mut state);
            (result, std::mem::take(&mut state.notices))
        };
        notices.deliver(&self.shared.local);
        result
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl Store for MemoryStore {
    fn describe(&self) -> String {
        state::LOCATION.to_owned()
    }

    fn local(&self) -> &Local {
        &self.shared.local
    }

    fn now(&self) -> BoxFuture<'_, Result<Millis, StoreError>> {
        Box::pin(async move { Ok(self.shared.clock.now()) })
    }

    fn register(&self, registration: Registration) -> BoxFuture<'_, Result<Registered, StoreError>> {
        Box::pin(async move { self.write(|state| state.registry.register(registration)) })
    }

    fn schema(&self, schema: SchemaId) -> BoxFuture<'_, Result<Option<SchemaRow>, StoreError>> {
        Box::pin(async move { Ok(self.write(|state| state.registry.schema(schema).cloned())) })
    }

    fn record_shapes(&self, shapes: Vec<Arc<Schema>>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.write(|state| state.registry.record_shapes(shapes));
            Ok(())
        })
    }

    fn shape(&self, fingerprint: Fingerprint) -> BoxFuture<'_, Result<Option<Schema>, StoreError>> {
        Box::pin(async move {
            let shape = self.write(|state| state.registry.shape(fingerprint));
            Ok(shape.map(Arc::unwrap_or_clone))
        })
    }

    fn versions(&self, workflow: &str) -> BoxFuture<'_, Result<Vec<Version>, StoreError>> {
        let workflow = workflow.to_owned();
        Box::pin(async move { Ok(self.write(|state| state.registry.versions(&workflow))) })
    }

    fn unfinished(&self, workflow: &str) -> BoxFuture<'_, Result<Vec<(QueueId, u64)>, StoreError>> {
        let workflow = workflow.to_owned();
        Box::pin(async move { Ok(self.write(|state| state.unfinished(&workflow))) })
    }

    fn join_as(&self, name: &str, build: &BuildId) -> BoxFuture<'_, Result<WorkerId, StoreError>> {
        let (name, build) = (name.to_owned(), build.clone());
        Box::pin(async move { Ok(self.write(|state| state.workers.join(name, build))) })
    }

    fn leave(&self, worker: WorkerId) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.write(|state| state.leave(worker));
            Ok(())
        })
    }

    fn beat(&self, worker: WorkerId, _lease: Duration) -> BoxFuture<'_, Result<Beat, StoreError>> {
        Box::pin(async move { self.write(|state| state.beat(worker)) })
    }

    fn start(&self, request: StartRequest) -> BoxFuture<'_, Result<Started, StoreError>> {
        Box::pin(async move { self.write(|state| state.start(request)) })
    }

    fn claim(&self, request: ClaimRequest) -> BoxFuture<'_, Result<Claims, StoreError>> {
        Box::pin(async move { self.write(|state| state.claim(&request)) })
    }

    fn release(&self, group: Vec<Release>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.write(|state| group.into_iter().for_each(|release| state.release(release)));
            Ok(())
        })
    }

    fn commit(&self, group: Vec<Commit>) -> BoxFuture<'_, Vec<Result<Committed, CommitError>>> {
        Box::pin(
            async move { self.write(|state| group.into_iter().map(|commit| state.commit(commit)).collect()) },
        )
    }

    fn send(&self, request: SendRequest) -> BoxFuture<'_, Result<Sent, SendError>> {
        Box::pin(async move { self.write(|state| state.send(request)) })
    }

    fn cancel(&self, id: &ExecutionId) -> BoxFuture<'_, Result<bool, StoreError>> {
        let id = id.clone();
        Box::pin(async move { self.write(|state| state.cancel(&id)) })
    }

    fn redrive(
        &self,
        group: Vec<ExecutionId>,
    ) -> BoxFuture<'_, Result<Vec<Result<(), RedriveError>>, StoreError>> {
        Box::pin(async move { Ok(self.write(|state| group.iter().map(|id| state.redrive(id)).collect())) })
    }

    fn edit(&self, request: EditRequest) -> BoxFuture<'_, Result<(), EditError>> {
        Box::pin(async move { self.write(|state| state.edit(request)) })
    }

    fn kept(&self, id: &ExecutionId) -> BoxFuture<'_, Result<Vec<Kept>, StoreError>> {
        let id = id.clone();
        Box::pin(async move { self.write(|state| state.kept(&id)) })
    }

    fn rewind(&self, request: RewindRequest) -> BoxFuture<'_, Result<(), RewindError>> {
        Box::pin(async move { self.write(|state| state.rewind(request)) })
    }

    fn fork(&self, request: ForkRequest) -> BoxFuture<'_, Result<Started, StoreError>> {
        Box::pin(async move { self.write(|state| state.fork(request)) })
    }

    fn reconsider(&self, request: Reconsider) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move { self.write(|state| state.reconsider(&request)) })
    }

    fn execution(&self, id: &ExecutionId) -> BoxFuture<'_, Result<Option<ExecutionRecord>, StoreError>> {
        let id = id.clone();
        Box::pin(async move { Ok(self.write(|state| state.record(&id))) })
    }

    fn large_fields(
        &self,
        row: Row,
        contents: Vec<ContentId>,
    ) -> BoxFuture<'_, Result<FoundFields, StoreError>> {
        Box::pin(async move { Ok(self.write(|state| state.large_fields(row, &contents))) })
    }

    fn outcome(&self, id: &ExecutionId) -> BoxFuture<'_, Result<Option<Outcome>, StoreError>> {
        let id = id.clone();
        Box::pin(async move { self.write(|state| state.outcome(&id)) })
    }

    fn list(&self, filter: Filter) -> BoxFuture<'_, Result<Vec<ExecutionRecord>, StoreError>> {
        Box::pin(async move { Ok(self.write(|state| state.list(&filter))) })
    }

    fn list_ids(&self, filter: Filter) -> BoxFuture<'_, Result<Vec<ExecutionId>, StoreError>> {
        Box::pin(async move { Ok(self.write(|state| state.list_ids(&filter))) })
    }

    fn history(&self, id: &ExecutionId) -> BoxFuture<'_, Result<Vec<HistoryEntry>, StoreError>> {
        let id = id.clone();
        Box::pin(async move { self.write(|state| state.history(&id)) })
    }
}
