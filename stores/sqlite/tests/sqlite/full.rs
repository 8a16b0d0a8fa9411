//! A full disk, played by SQLite's own limit of pages.

use crate::fixture::{Opened, Place, id};
use durable_core::store::{CommitError, Store, StoreError};
use durable_sqlite::SqliteStore;

#[tokio::test]
async fn when_full_writes_are_refused_and_nothing_is_lost_and_they_go_on_with_space() {
    let place = Place::new();
    let opened = Opened::of(SqliteStore::builder(&place.file).page_count_max(60).open().await.unwrap()).await;
    let worker = opened.store.join("w").await.unwrap();
    let claimed = opened.start_claimed("small", worker).await;
    let mut acknowledged = 0;
    let refused = loop {
        let mut request = opened.request(&format!("big-{acknowledged}"), None);
        request.snapshot = vec![9; 20_000].into();
        match opened.store.start(request).await {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 100, "the limit does not hold");
    };
    assert!(matches!(refused, StoreError::Full { .. }) && refused.is_transient(), "{refused:?}");
    assert!(acknowledged > 0);

    let big = opened.commit(opened.run(&claimed, 0, &[5; 100_000])).await;
    assert!(matches!(big, Err(CommitError::Store(StoreError::Full { .. }))), "{big:?}");
    assert_eq!(opened.epoch("small").await, 0);

    // A group with one member that has no room: the others are written.
    let other = opened.commit(opened.run(&claimed, 0, b"fits in place")).await;
    assert!(other.is_ok(), "{other:?}");

    opened.store.set_page_count_max(10_000);
    assert!(opened.commit(opened.run(&claimed, 1, &[5; 100_000])).await.is_ok());
    for n in 0..acknowledged {
        let record = opened.store.execution(&id(&format!("big-{n}"))).await.unwrap().unwrap();
        assert_eq!(record.frames[0].snapshot.len(), 20_000);
    }
}
