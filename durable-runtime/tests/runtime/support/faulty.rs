//! A store that fails on demand, in front of the memory store.

use durable_core::{
    BoxFuture, Fingerprint, Schema,
    memory::MemoryStore,
    store::{
        Beat, BuildId, ClaimRequest, Claimed, Claims, Commit, CommitError, Committed, ContentId, EditError,
        EditRequest, ExecutionId, ExecutionRecord, Filter, ForkRequest, FoundFields, HistoryEntry, Kept,
        Local, Millis, Next, Outcome, QueueId, Reconsider, RedriveError, Registered, Registration, Release,
        RewindError, RewindRequest, Row, SchemaId, SchemaRow, SendError, SendRequest, Sent, StartRequest,
        Started, Store, StoreError, Version, WorkerId,
    },
};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::sync::Semaphore;

#[derive(Clone)]
pub(crate) struct Faulty {
    store: MemoryStore,
    pub(crate) faults: Arc<Faults>,
}

#[derive(Default)]
pub(crate) struct Faults {
    /// Every write fails as a full disk does.
    pub(crate) full: AtomicBool,
    /// As full as that after this many groups more were redriven.
    pub(crate) full_after_redrives: AtomicUsize,
    /// Writes that were refused because of it.
    pub(crate) refused: AtomicUsize,
    /// This many commits panic.
    pub(crate) commit_panics: AtomicUsize,
    /// This many commits happen and then panic; their repeat is fenced.
    pub(crate) commit_panics_after: AtomicUsize,
    /// This many claims panic.
    pub(crate) claim_panics: AtomicUsize,
    /// This many looks at a schema row panic.
    pub(crate) schema_panics: AtomicUsize,
    /// Shapes of types that were recorded.
    pub(crate) recorded_shapes: AtomicUsize,
    /// Shapes of types are not recorded, as by versions before there were any.
    pub(crate) forget_shapes: AtomicBool,
    /// This many looks at the shape of a type fail as busy.
    pub(crate) busy_shapes: AtomicUsize,
    /// Looks at the shape of a type.
    pub(crate) read_shapes: AtomicUsize,
    /// This many beats panic.
    pub(crate) beat_panics: AtomicUsize,
    /// This many commits happen, but say their outcome is unknown; the repeat is answered as C4 says.
    pub(crate) lost_answers: AtomicUsize,
    lost: Mutex<Vec<(i64, u64, u64)>>,
    /// This many starts happen, but say their outcome is unknown; from then on the disk is full.
    pub(crate) lost_starts: AtomicUsize,
    /// This many releases fail as busy.
    pub(crate) busy_releases: AtomicUsize,
    /// Every claim that brings something waits for this before it is answered.
    pub(crate) hold_claims: Mutex<Option<Arc<Semaphore>>>,
    /// Every claim gets its snapshots changed by this.
    pub(crate) spoil: Mutex<Option<fn(&mut Claimed)>>,
    /// Claims with their limits.
    pub(crate) claims: Mutex<Vec<(u32, u32, bool)>>,
    /// Bytes of payloads in the commits that were made.
    pub(crate) written: AtomicUsize,
    /// What is read of an execution the next time: it stood so before.
    pub(crate) stale: Mutex<Option<ExecutionRecord>>,
}

impl Faulty {
    pub(crate) fn new(store: &MemoryStore) -> Self {
        Self { store: store.clone(), faults: Arc::default() }
    }

    fn check(&self) -> Result<(), StoreError> {
        if !self.faults.full.load(SeqCst) {
            return Ok(());
        }
        self.faults.refused.fetch_add(1, SeqCst);
        Err(StoreError::Full { location: "faulty".into(), reason: "as the test says".into() })
    }

    fn take(counter: &AtomicUsize) -> bool {
        counter.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok()
    }

    async fn commit_one(&self, commit: Commit) -> Result<Committed, CommitError> {
        self.check()?;
        assert!(!Self::take(&self.faults.commit_panics), "as the test says");
        let key = (commit.row, commit.epoch, commit.fence);
        if self.faults.lost.lock().unwrap().contains(&key) {
            return Ok(Committed::default());
        }
        let written = payload_bytes(&commit);
        let answer = self.store.commit(vec![commit]).await.pop().unwrap()?;
        self.faults.written.fetch_add(written, SeqCst);
        assert!(!Self::take(&self.faults.commit_panics_after), "as the test says");
        if Self::take(&self.faults.lost_answers) {
            self.faults.lost.lock().unwrap().push(key);
            let (location, reason) = ("faulty".into(), "as the test says".into());
            return Err(StoreError::Io { location, reason, outcome_unknown: true }.into());
        }
        Ok(answer)
    }
}

fn payload_bytes(commit: &Commit) -> usize {
    let writes = commit.root.iter().chain(&commit.frames);
    let snapshots = writes.filter_map(|write| Some(write.snapshot.as_ref()?.1.len())).sum::<usize>();
    let output = match &commit.next {
        Next::Finish(outcome) => outcome.output.as_ref().map_or(0, Vec::len),
        _ => 0,
    };
    snapshots + output + commit.large.iter().map(|field| field.bytes.len()).sum::<usize>()
}

impl Store for Faulty {
    fn describe(&self) -> String {
        "faulty".into()
    }

    fn local(&self) -> &Local {
        self.store.local()
    }

    fn now(&self) -> BoxFuture<'_, Result<Millis, StoreError>> {
        self.store.now()
    }

    fn register(&self, registration: Registration) -> BoxFuture<'_, Result<Registered, StoreError>> {
        self.store.register(registration)
    }

    fn schema(&self, schema: SchemaId) -> BoxFuture<'_, Result<Option<SchemaRow>, StoreError>> {
        assert!(!Self::take(&self.faults.schema_panics), "as the test says");
        self.store.schema(schema)
    }

    fn record_shapes(&self, shapes: Vec<Arc<Schema>>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.check()?;
            if self.faults.forget_shapes.load(SeqCst) {
                return Ok(());
            }
            self.faults.recorded_shapes.fetch_add(shapes.len(), SeqCst);
            self.store.record_shapes(shapes).await
        })
    }

    fn shape(&self, fingerprint: Fingerprint) -> BoxFuture<'_, Result<Option<Schema>, StoreError>> {
        Box::pin(async move {
            if Self::take(&self.faults.busy_shapes) {
                let (location, reason) = ("faulty".into(), "as the test says".into());
                return Err(StoreError::Busy { location, reason });
            }
            self.faults.read_shapes.fetch_add(1, SeqCst);
            self.store.shape(fingerprint).await
        })
    }

    fn versions(&self, workflow: &str) -> BoxFuture<'_, Result<Vec<Version>, StoreError>> {
        self.store.versions(workflow)
    }

    fn unfinished(&self, workflow: &str) -> BoxFuture<'_, Result<Vec<(QueueId, u64)>, StoreError>> {
        self.store.unfinished(workflow)
    }

    fn join_as(&self, name: &str, build: &BuildId) -> BoxFuture<'_, Result<WorkerId, StoreError>> {
        self.store.join_as(name, build)
    }

    fn leave(&self, worker: WorkerId) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.leave(worker)
    }

    fn beat(&self, worker: WorkerId, lease: Duration) -> BoxFuture<'_, Result<Beat, StoreError>> {
        assert!(!Self::take(&self.faults.beat_panics), "as the test says");
        self.store.beat(worker, lease)
    }

    fn start(&self, request: StartRequest) -> BoxFuture<'_, Result<Started, StoreError>> {
        Box::pin(async move {
            self.check()?;
            let started = self.store.start(request).await;
            if Self::take(&self.faults.lost_starts) {
                self.faults.full.store(true, SeqCst);
                let (location, reason) = ("faulty".into(), "as the test says".into());
                return Err(StoreError::Io { location, reason, outcome_unknown: true });
            }
            started
        })
    }

    fn claim(&self, request: ClaimRequest) -> BoxFuture<'_, Result<Claims, StoreError>> {
        Box::pin(async move {
            self.check()?;
            assert!(!Self::take(&self.faults.claim_panics), "as the test says");
            self.faults.claims.lock().unwrap().push((request.limit, request.fragile, request.alone));
            let mut claims = self.store.claim(request).await?;
            let hold = self.faults.hold_claims.lock().unwrap().clone();
            if let Some(hold) = hold.filter(|_| !claims.claimed.is_empty()) {
                drop(hold.acquire().await);
            }
            if let Some(spoil) = *self.faults.spoil.lock().unwrap() {
                claims.claimed.iter_mut().for_each(spoil);
            }
            Ok(claims)
        })
    }

    fn release(&self, group: Vec<Release>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            if Self::take(&self.faults.busy_releases) {
                return Err(StoreError::Busy {
                    location: "faulty".into(),
                    reason: "as the test says".into(),
                });
            }
            self.store.release(group).await
        })
    }

    fn commit(&self, group: Vec<Commit>) -> BoxFuture<'_, Vec<Result<Committed, CommitError>>> {
        Box::pin(async move {
            let mut answers = Vec::new();
            for commit in group {
                answers.push(self.commit_one(commit).await);
            }
            answers
        })
    }

    fn send(&self, request: SendRequest) -> BoxFuture<'_, Result<Sent, SendError>> {
        Box::pin(async move {
            self.check()?;
            self.store.send(request).await
        })
    }

    fn cancel(&self, id: &ExecutionId) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.store.cancel(id)
    }

    fn redrive(
        &self,
        group: Vec<ExecutionId>,
    ) -> BoxFuture<'_, Result<Vec<Result<(), RedriveError>>, StoreError>> {
        Box::pin(async move {
            self.check()?;
            if self.faults.full_after_redrives.load(SeqCst) > 0
                && self.faults.full_after_redrives.fetch_sub(1, SeqCst) == 1
            {
                self.faults.full.store(true, SeqCst);
            }
            self.store.redrive(group).await
        })
    }

    fn edit(&self, request: EditRequest) -> BoxFuture<'_, Result<(), EditError>> {
        self.store.edit(request)
    }

    fn kept(&self, id: &ExecutionId) -> BoxFuture<'_, Result<Vec<Kept>, StoreError>> {
        self.store.kept(id)
    }

    fn rewind(&self, request: RewindRequest) -> BoxFuture<'_, Result<(), RewindError>> {
        Box::pin(async move {
            self.check()?;
            self.store.rewind(request).await
        })
    }

    fn fork(&self, request: ForkRequest) -> BoxFuture<'_, Result<Started, StoreError>> {
        Box::pin(async move {
            self.check()?;
            self.store.fork(request).await
        })
    }

    fn reconsider(&self, request: Reconsider) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.store.reconsider(request)
    }

    fn execution(&self, id: &ExecutionId) -> BoxFuture<'_, Result<Option<ExecutionRecord>, StoreError>> {
        if let Some(stale) = self.faults.stale.lock().unwrap().take() {
            return Box::pin(async move { Ok(Some(stale)) });
        }
        self.store.execution(id)
    }

    fn large_fields(
        &self,
        row: Row,
        contents: Vec<ContentId>,
    ) -> BoxFuture<'_, Result<FoundFields, StoreError>> {
        self.store.large_fields(row, contents)
    }

    fn outcome(&self, id: &ExecutionId) -> BoxFuture<'_, Result<Option<Outcome>, StoreError>> {
        self.store.outcome(id)
    }

    fn list(&self, filter: Filter) -> BoxFuture<'_, Result<Vec<ExecutionRecord>, StoreError>> {
        self.store.list(filter)
    }

    fn list_ids(&self, filter: Filter) -> BoxFuture<'_, Result<Vec<ExecutionId>, StoreError>> {
        self.store.list_ids(filter)
    }

    fn history(&self, id: &ExecutionId) -> BoxFuture<'_, Result<Vec<HistoryEntry>, StoreError>> {
        self.store.history(id)
    }
}
