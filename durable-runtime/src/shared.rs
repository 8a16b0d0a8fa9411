//! What the parts of one worker share: its tasks, its beat, and the clients of the process that start work straight into it.

use crate::{
    children::Children,
    host::TokioHost,
    payload::{Codec, PayloadError},
    places::{Place, Places, Reserved},
    registry::Registry,
    schemas::Schemas,
    shard::{Shard, Starting},
    stats::{Counters, Stats},
    trouble::Trouble,
};
use durable_core::{
    BoxFuture, Host, Resources,
    store::{
        Admission, BuildId, Claimed, QueueId, StartRequest, Started, Store, StoreError, Teller, WorkerId,
    },
};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{
    runtime::Handle,
    sync::{Notify, oneshot},
    time::Instant,
};

/// What a worker was built with.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) name: String,
    pub(crate) build: BuildId,
    pub(crate) concurrency: usize,
    /// `None`: half as many as the runtime has threads.
    pub(crate) shards: Option<usize>,
    pub(crate) lease: Duration,
    pub(crate) beat: Duration,
    pub(crate) park_after: Duration,
    pub(crate) grace: Duration,
    /// Snapshots kept of each execution.
    pub(crate) keep: u32,
    pub(crate) codec: Codec,
}

/// How long other workers have for what this one gave back: in another process they hear of it some 20 ms later.
const OTHERS_FIRST: Duration = Duration::from_millis(100);

pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) runtime: Handle,
    pub(crate) options: Options,
    pub(crate) resources: Arc<Resources>,
    pub(crate) registry: Registry,
    pub(crate) schemas: Schemas,
    /// What it could not read for want of a key or a feature.
    pub(crate) unreadable: Unreadable,
    /// Each execution is driven in one of these.
    pub(crate) shards: Box<[Arc<Shard>]>,
    pub(crate) places: Arc<Places>,
    pub(crate) trouble: Trouble,
    pub(crate) counters: Counters,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) children: Arc<Children>,
    /// Until then, what is due is for other workers to claim.
    others_until: Mutex<Option<Instant>>,
    worker: AtomicI64,
    closing: AtomicBool,
    closed: Notify,
    abandoned: AtomicBool,
    /// Starts so far: they go to the shards in turn.
    starts: AtomicUsize,
}

impl Shared {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        runtime: Handle,
        options: Options,
        resources: Resources,
        mut registry: Registry,
        schemas: Schemas,
        worker: WorkerId,
    ) -> Arc<Self> {
        let shards = options.shards.unwrap_or_else(|| (runtime.metrics().num_workers() / 2).max(1));
        let children = Arc::new(Children::new(std::mem::take(&mut registry.losses)));
        Arc::new(Self {
            shards: (0..shards).map(|_| Arc::default()).collect(),
            places: Arc::new(Places::new(options.concurrency)),
            store,
            runtime,
            options,
            resources: Arc::new(resources),
            registry,
            schemas,
            unreadable: Unreadable::default(),
            trouble: Trouble::default(),
            counters: Counters::default(),
            host: Arc::new(TokioHost(Arc::clone(&children))),
            children,
            others_until: Mutex::default(),
            worker: AtomicI64::new(worker.0),
            closing: AtomicBool::new(false),
            closed: Notify::new(),
            abandoned: AtomicBool::new(false),
            starts: AtomicUsize::new(0),
        })
    }

    /// The worker's number in the store; another one after it was given up and joined again.
    pub(crate) fn worker(&self) -> WorkerId {
        WorkerId(self.worker.load(SeqCst))
    }

    pub(crate) fn set_worker(&self, worker: WorkerId) {
        self.worker.store(worker.0, SeqCst);
    }

    /// Something is given back that this worker cannot go on with.
    pub(crate) fn yield_claims(&self) {
        let until = Instant::now() + OTHERS_FIRST;
        *self.others_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
    }

    /// Ends when others have had their turn, if there is one.
    pub(crate) async fn others_first(&self) {
        let until = *self.others_until.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = until {
            tokio::time::sleep_until(until).await;
        }
    }

    /// Runs a claimed execution in its place.
    pub(crate) fn run(&self, claimed: Claimed, place: Place) {
        self.counters.claimed.fetch_add(1, Relaxed);
        let key = place.key;
        let shard = &self.shards[key as usize % self.shards.len()];
        self.places.keep(key, shard.admit(claimed, place));
    }

    /// No new work from here on.
    pub(crate) fn close(&self) {
        self.closing.store(true, SeqCst);
        self.places.shut();
        self.closed.notify_waiters();
    }

    /// The shards' tasks end once they have nothing left to drive or to write.
    pub(crate) fn close_shards(&self) {
        self.shards.iter().for_each(|shard| shard.close());
    }

    /// A shard's task has gone before its end, with its runtime or by a panic: nobody drives what this worker owns there, so that
    /// it must not go on beating.
    pub(crate) fn abandon(&self) {
        self.abandoned.store(true, SeqCst);
        self.close();
        self.places.drop_all();
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.abandoned.load(SeqCst)
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Relaxed)
    }

    /// Asks the store for something until it is done, refused for good, or the worker closes.
    pub(crate) async fn until_closing<T, F: Future<Output = Result<T, StoreError>>>(
        &self,
        ask: impl Fn() -> F,
    ) -> Result<T, StoreError> {
        let mut trouble = None;
        loop {
            let error = match ask().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if !error.is_transient() || self.is_closing() {
                return Err(error);
            }
            trouble.get_or_insert_with(|| self.trouble.begin(&error)).pause().await;
        }
    }

    /// Ends when the worker begins to close.
    pub(crate) async fn closing(&self) {
        let closed = self.closed.notified();
        if !self.is_closing() {
            closed.await;
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        let Counters { claimed, finished, set_aside, failed_attempts, fenced } = &self.counters;
        Stats {
            commits: self.shards.iter().map(|shard| shard.commits()).sum(),
            hot: self.places.hot(),
            claimed: claimed.load(Relaxed),
            finished: finished.load(Relaxed),
            set_aside: set_aside.load(Relaxed),
            failed_attempts: failed_attempts.load(Relaxed),
            fenced: fenced.load(Relaxed),
        }
    }
}

/// What a worker could not read although nothing was wrong with it. Each kind is told once.
#[derive(Default)]
pub(crate) struct Unreadable(Mutex<Vec<PayloadError>>);

impl Unreadable {
    pub(crate) fn is_new(&self, error: &PayloadError) -> bool {
        let mut known = self.lock();
        let new = !known.contains(error);
        if new {
            known.push(error.clone());
        }
        new
    }

    pub(crate) fn all(&self) -> Vec<PayloadError> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<PayloadError>> {
        // An entry is pushed whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client in the same process, or the store, talks to the worker (K2, G4).
impl Admission for Shared {
    fn reserve(&self, queue: QueueId) -> Option<WorkerId> {
        // What another build starts is claimed, if this one can read it.
        let accepts = !self.trouble.is_on() && self.registry.is_own(queue);
        (accepts && self.places.reserve()).then(|| self.worker())
    }

    fn start(
        &self,
        request: StartRequest,
        teller: Teller,
    ) -> BoxFuture<'static, Result<Started, StoreError>> {
        let (reply, answer) = oneshot::channel();
        let location = self.store.describe();
        let reserved = Reserved::new(Arc::clone(&self.places));
        let next = self.starts.fetch_add(1, Relaxed);
        self.shards[next % self.shards.len()].start(Starting { request, reserved, teller, reply });
        Box::pin(async move {
            let lost = || StoreError::Io {
                location,
                reason: "the worker that was to start the execution has gone".into(),
                outcome_unknown: true,
            };
            answer.await.unwrap_or_else(|_| Err(lost()))
        })
    }

    fn decline(&self) {
        self.places.decline();
    }

    fn work_ready(&self) {
        self.places.look.notify_one();
    }
}
