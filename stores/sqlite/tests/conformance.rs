//! The conformance suite of stores, against files.

use durable_core::memory::ManualClock;
use durable_sqlite::SqliteStore;
use durable_test::conformance::Subject;
use std::sync::Arc;
use tempfile::TempDir;

const QUOTA: u64 = 20;
const PAYLOAD_BYTES_MAX: u64 = 64 << 10;

/// A store in a folder of its own, which goes with the hooks of the subject.
async fn fresh_store() -> Subject {
    let folder = TempDir::new().expect("a temporary folder");
    let clock = Arc::new(ManualClock::new(1_000_000));
    let store = SqliteStore::builder(folder.path().join("store.db"))
        .clock(clock.clone())
        .events_waiting_max(QUOTA)
        .payload_bytes_max(PAYLOAD_BYTES_MAX)
        .open()
        .await
        .expect("a fresh file opens");
    let killer = store.clone();
    Subject::new(Arc::new(store))
        .can_advance(move |by| {
            clock.advance(by);
            Box::pin(async {})
        })
        .can_kill(move |worker| {
            let _ = &folder;
            killer.abandon(worker);
            Box::pin(async {})
        })
        .event_quota(QUOTA)
        .payload_bytes_max(PAYLOAD_BYTES_MAX)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_store_conforms() {
    durable_test::store_conformance(fresh_store).await;
}
