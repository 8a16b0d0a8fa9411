//! A running worker.

use crate::{
    beat::Beat, builder::WorkerBuilder, claim_loop, payload::PayloadError, shard::Shard, shared::Shared,
    stats::Stats, versions::NeedsMigration,
};
use durable_core::store::{Admission, BuildId, Store, StoreError, WorkerId};
use std::{fmt, sync::Arc, time::Duration};
use tokio::{task::JoinHandle, time::timeout};

/// How long a shutdown waits for what should take no time at all.
const FORMALITIES_MAX: Duration = Duration::from_secs(5);

/// Claims executions from a store and drives them, until it is shut down or dropped.
///
/// Any number of workers, in any number of processes, may share a store. What a worker has in hand when its process dies is
/// taken over by the others, from the last commit on.
pub struct Worker {
    shared: Arc<Shared>,
    claims: JoinHandle<()>,
    shards: Vec<JoinHandle<()>>,
    beat: Beat,
    gone: bool,
}

impl Worker {
    /// Begins to build a worker on this store.
    pub fn builder<S: Store + Clone>(store: &S) -> WorkerBuilder {
        WorkerBuilder::new(Arc::new(store.clone()))
    }

    pub(crate) fn run(shared: Arc<Shared>) -> std::io::Result<Self> {
        let beat = Beat::start(Arc::clone(&shared))?;
        let drive = |shard: &Arc<Shard>| shared.runtime.spawn(Arc::clone(shard).drive(Arc::clone(&shared)));
        let shards = shared.shards.iter().map(drive).collect();
        let admission: Arc<dyn Admission> = shared.clone();
        shared.store.local().add_worker(&admission);
        let claims = shared.runtime.spawn(claim_loop::run(Arc::clone(&shared)));
        tracing::info!(
            worker = shared.worker().0,
            name = shared.options.name,
            store = shared.store.describe(),
            "started"
        );
        Ok(Self { shared, claims, shards, beat, gone: false })
    }

    /// Its number in the store.
    pub fn id(&self) -> WorkerId {
        self.shared.worker()
    }

    /// The build it was told it is, or found out.
    pub fn build_id(&self) -> &BuildId {
        &self.shared.options.build
    }

    /// What it has done and has in hand.
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    /// Await points of its workflows, as other builds and versions have them, that this worker cannot go on from, or may not
    /// ([`WorkerBuilder::accept_loss`]): executions stand there, untouched, until a worker is there that does. Found out when it started.
    pub fn needs_migration(&self) -> &[NeedsMigration] {
        self.shared.registry.needs_migration()
    }

    /// Why it gave executions back that another worker can read: it lacks a key of theirs, or a feature. Each reason is told once.
    pub fn unreadable(&self) -> Vec<PayloadError> {
        self.shared.unreadable.all()
    }

    /// Ends gracefully: nothing new is claimed, running operations have the grace period to reach their next commit, and then
    /// everything is given back, to be taken up by others at once. No crash is counted.
    ///
    /// If the future is dropped before it is ready, the rest is as when the worker itself is dropped.
    pub async fn shutdown(mut self) -> Result<(), StoreError> {
        let shared = Arc::clone(&self.shared);
        shared.close();
        let within_grace = timeout(shared.options.grace, shared.places.emptied()).await.is_ok();
        shared.places.drop_all();
        let formalities = async {
            // A claim on its way gives back what it brings.
            let _ = (&mut self.claims).await;
            shared.places.emptied().await;
            shared.close_shards();
            // They write first what was handed in.
            for shard in &mut self.shards {
                let _ = shard.await;
            }
        };
        let done = timeout(FORMALITIES_MAX, formalities).await.is_ok();
        shared.close_shards();
        self.gone = true;
        self.beat.stop();
        // In a task, so that it is carried through whether or not anybody waits.
        let leaving = Arc::clone(&shared);
        let leaving = shared.runtime.spawn(async move { leaving.store.leave(leaving.worker()).await });
        let left = leaving.await.unwrap_or(Ok(()));
        let _ = timeout(FORMALITIES_MAX, self.beat.ended()).await;
        tracing::info!(worker = shared.worker().0, within_grace, done, "shut down");
        left
    }

    /// Ends as the death of its process would: everything is dropped where it stands, and the store is not told. For tests
    /// of takeovers.
    #[doc(hidden)]
    pub fn crash(mut self) {
        self.gone = true;
        self.drop_everything();
        self.beat.stop();
    }

    fn drop_everything(&self) {
        self.shared.close();
        self.shared.places.drop_all();
        self.claims.abort();
        self.shared.close_shards();
    }
}

impl Drop for Worker {
    /// As [`Worker::shutdown`] without waiting: operations are dropped where they stand, and the store is told as well as
    /// can be.
    fn drop(&mut self) {
        if !self.gone {
            self.drop_everything();
            self.beat.leave();
        }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("id", &self.id())
            .field("name", &self.shared.options.name)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
