//! Each change on the way back: what the second version saved is left to it, unless the first one is told what it may lose.

use durable::{Client, ExecutionId, Input, NeedsMigration, Status, Store, Worker, WorkerBuilder, Workflow};
use durable_core::{
    Description, Reads, describe,
    event::encode_event,
    memory::{ManualClock, MemoryStore},
    store::{ExecutionRecord, QueueId, SendRequest},
    stored,
};
use std::{sync::Arc, time::Duration};

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A version, its types erased: what is done with it is compiled once, and not for each change.
struct Version {
    register: fn(WorkerBuilder) -> WorkerBuilder,
    accept_loss: fn(WorkerBuilder, &[&str]) -> WorkerBuilder,
    description: &'static Description,
}

impl Version {
    fn of<W: Workflow<Output = String>>() -> Self {
        let description = describe::<W>().unwrap();
        Self {
            register: WorkerBuilder::register::<W>,
            accept_loss: WorkerBuilder::accept_loss::<W>,
            description,
        }
    }

    fn worker(&self, store: &MemoryStore) -> WorkerBuilder {
        (self.register)(Worker::builder(store))
    }
}

/// Begins an execution with the second version, and goes back to the first one: without being told, it leaves it alone. Told all that it
/// names itself, it goes on with it, or cannot read it; and where it says that nothing is lost, nothing is.
pub(crate) async fn roll_back<Was, Is>(input: fn() -> Input<Was>)
where
    Was: Workflow<Output = String>,
    Is: Workflow<Output = String>,
{
    let store = a_store();
    let client = Client::new(&store);
    let start = |id| client.start::<Was>(id, input());
    let own = start("one").await.unwrap().record().await.unwrap().queue;
    let (was, is) = (Version::of::<Was>(), Version::of::<Is>());
    let Some(saved) = saved_by_the_newer(&store, &is, own).await else { return };
    send(&store, "one").await;
    start("other").await.unwrap();
    send(&store, "other").await;
    check_the_way_back(&store, &was, &is, saved).await;
}

/// Where the newer version comes to wait; `None`: it does not, or it saves the very same as the older one.
async fn saved_by_the_newer(store: &MemoryStore, is: &Version, own: QueueId) -> Option<ExecutionRecord> {
    let worker = is.worker(store).start().await.unwrap();
    if worker.needs_migration().iter().any(|left_out| left_out.point == "Start") {
        return None;
    }
    let saved = until(store, "one", |record| has_ended(record) || record.status == Status::Parked).await;
    worker.shutdown().await.unwrap();
    (saved.status == Status::Parked && saved.queue != own).then_some(saved)
}

async fn check_the_way_back(store: &MemoryStore, was: &Version, is: &Version, saved: ExecutionRecord) {
    let worker = was.worker(store).start().await.unwrap();
    until(store, "other", has_ended).await;
    let left_out = at(&worker, &saved).expect("what a newer build saved is named");
    let lost: Vec<&str> = left_out.lost.iter().map(String::as_str).collect();
    assert_eq!(record(store, "one").await.fence, saved.fence, "and nobody claims it");
    worker.shutdown().await.unwrap();

    let worker = (was.accept_loss)(was.worker(store), &lost).start().await.unwrap();
    match at(&worker, &saved) {
        Some(unreadable) => {
            assert_eq!((lost.len(), unreadable.lost.len()), (0, 0), "{unreadable:?}");
            assert_eq!(record(store, "one").await.fence, saved.fence);
        }
        None => {
            // Where a value of the second version is none of the first, it is set aside.
            let found = until(store, "one", has_ended).await;
            assert!(matches!(found.status, Status::Succeeded | Status::SetAside), "{found:?}");
            if lost.is_empty() {
                check_that_nothing_is_lost(store, was.description, is.description, &saved).await;
            }
        }
    }
    worker.shutdown().await.unwrap();
}

/// There and back again, it is byte for byte what it was.
async fn check_that_nothing_is_lost(
    store: &MemoryStore,
    was: &Description,
    is: &Description,
    saved: &ExecutionRecord,
) {
    let frame = &saved.frames[0];
    let writer = store.schema(frame.schema).await.unwrap().unwrap().point;
    let (_, payload) = stored::open(&frame.snapshot).unwrap();
    let (point, back) = was.upgrade(&writer, payload).unwrap();
    // By name, if at all.
    if matches!(is.reads(&was.points[point]), Ok(Reads::Same | Reads::Converted { .. })) {
        let (_, again) = is.upgrade(&was.points[point], &back).unwrap();
        assert_eq!(again, payload, "nothing is lost, it said");
    }
}

fn has_ended(record: &ExecutionRecord) -> bool {
    record.status.is_terminal() || record.status == Status::SetAside
}

pub(crate) async fn send(store: &MemoryStore, id: &str) {
    let payload = encode_event(&1_u64).unwrap();
    let execution = ExecutionId::new(id).unwrap();
    store.send(SendRequest { execution, event_id: "1".into(), name: "go".into(), payload }).await.unwrap();
}

pub(crate) async fn record(store: &MemoryStore, id: &str) -> ExecutionRecord {
    store.execution(&ExecutionId::new(id).unwrap()).await.unwrap().unwrap()
}

pub(crate) async fn until(
    store: &MemoryStore,
    id: &str,
    what: impl Fn(&ExecutionRecord) -> bool,
) -> ExecutionRecord {
    let comes = async {
        loop {
            let found = record(store, id).await;
            if what(&found) {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, comes).await.expect("it comes to stand so")
}

/// What a worker says of the place where the execution stands.
pub(crate) fn at(worker: &Worker, saved: &ExecutionRecord) -> Option<NeedsMigration> {
    worker.needs_migration().iter().find(|left_out| left_out.schema == saved.frames[0].schema).cloned()
}

pub(crate) fn a_store() -> MemoryStore {
    MemoryStore::new(Arc::new(ManualClock::default()))
}
