//! Files that are no store, or not yet, or not any more.

use crate::fixture::Place;
use durable_core::store::StoreError;
use durable_sqlite::SqliteStore;
use rusqlite::Connection;
use std::{fs, path::Path};

async fn refusal(path: impl AsRef<Path>) -> String {
    match SqliteStore::open(path).await {
        Err(StoreError::Open { reason, .. }) => reason,
        other => panic!("expected a refusal to open, got {other:?}"),
    }
}

#[tokio::test]
async fn paths_that_cannot_be_a_store_are_refused_with_advice() {
    let place = Place::new();
    assert!(refusal(":memory:").await.contains("MemoryStore"));
    assert!(refusal("").await.contains("empty"));
    assert!(refusal(place.folder.path()).await.contains("directory"));
    assert!(refusal(place.folder.path().join("no/store.db")).await.contains("create it first"));
    fs::write(
        &place.file,
        "plain text that is longer than a header of SQLite would be, to be sure of it.....",
    )
    .unwrap();
    assert!(refusal(&place.file).await.contains("no SQLite database"));
    assert!(refusal(place.file.join("below")).await.contains("not a folder"));
}

#[tokio::test]
async fn databases_of_other_programs_are_refused_and_left_alone() {
    let place = Place::new();
    let other = Connection::open(&place.file).unwrap();
    other.execute_batch("CREATE TABLE theirs (x)").unwrap();
    let before = fs::read(&place.file).unwrap();
    assert!(refusal(&place.file).await.contains("another program"));
    assert_eq!(fs::read(&place.file).unwrap(), before);
    other.pragma_update(None, "application_id", 77).unwrap();
    assert!(refusal(&place.file).await.contains("0x4d"));
}

#[tokio::test]
async fn a_newer_version_is_refused_by_name() {
    let place = Place::new();
    drop(place.open().await);
    Connection::open(&place.file).unwrap().pragma_update(None, "user_version", 99).unwrap();
    match SqliteStore::open(&place.file).await {
        Err(StoreError::NewerVersion { found: 99, newest, .. }) => assert!(newest < 99),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_file_that_was_created_but_not_yet_filled_is_migrated() {
    let place = Place::new();
    let conn = Connection::open(&place.file).unwrap();
    conn.pragma_update(None, "application_id", 0x6475_7261).unwrap();
    drop(conn);
    place.open().await.start("a").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opened_by_many_at_the_same_moment_it_is_made_once() {
    for _ in 0..10 {
        let place = Place::new();
        let opening: Vec<_> =
            (0..6).map(|_| tokio::spawn(SqliteStore::builder(&place.file).open())).collect();
        for store in opening {
            store.await.unwrap().unwrap();
        }
    }
}
