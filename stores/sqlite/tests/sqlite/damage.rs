//! Damaged files: typed errors or right answers, never a panic or a hang.

use crate::fixture::{Opened, Place, id};
use durable_core::{
    Schema,
    store::{
        BuildId, ClaimRequest, Commit, Filter, Next, Outcome, Reconsider, SchemaId, Status, Store, StoreError,
    },
};
use durable_sqlite::SqliteStore;
use std::{fs, sync::Arc};

/// A store with some of everything, closed.
async fn sample() -> Vec<u8> {
    let place = Place::new();
    let opened = place.open().await;
    let worker = opened.store.join("w").await.unwrap();
    for n in 0..30 {
        let claimed = opened.start_claimed(&format!("e-{n}"), worker).await;
        if n % 2 == 0 {
            opened.commit(opened.run(&claimed, 0, &[n; 500])).await.unwrap();
        }
    }
    drop(opened);
    assert!(!place.folder.path().join("store.db-wal").exists(), "closing writes the log back");
    fs::read(&place.file).unwrap()
}

/// Touches all that is there. Only typed errors may come back.
async fn exercise(bytes: &[u8]) -> Result<(), StoreError> {
    let place = Place::new();
    fs::write(&place.file, bytes).unwrap();
    let store = SqliteStore::open(&place.file).await?;
    store.list(Filter { limit: 1_000, ..Filter::default() }).await?;
    store.schema(SchemaId(1)).await?;
    store.execution(&id("e-3")).await?;
    store.history(&id("e-4")).await?;
    let worker = store.join("again").await?;
    store.beat(worker, std::time::Duration::ZERO).await?;
    let queue = durable_core::store::QueueId(1);
    let request =
        ClaimRequest { worker, queues: vec![queue], unreadable: vec![], limit: 100, fragile: 8, alone: true };
    for claimed in store.claim(request).await?.claimed {
        let opened = Opened {
            registered: durable_core::store::Registered { queue, schemas: vec![SchemaId(1)] },
            store: store.clone(),
        };
        if let Err(durable_core::store::CommitError::Store(error)) =
            opened.commit(opened.finish(&claimed, claimed.epoch)).await
        {
            return Err(error);
        }
    }
    Ok(())
}

#[tokio::test]
async fn truncated_files_give_typed_errors() {
    let whole = sample().await;
    exercise(&whole).await.unwrap();
    for pages in 1..whole.len() / 4096 {
        for cut in [pages * 4096, pages * 4096 - 1000] {
            let error = exercise(&whole[..cut]).await.expect_err("a truncated file is no whole store");
            assert!(!error.outcome_unknown(), "{error:?}");
        }
    }
    for cut in [1, 20, 99] {
        assert!(matches!(exercise(&whole[..cut]).await, Err(StoreError::Open { .. })));
    }
}

#[tokio::test]
async fn flipped_bits_give_typed_errors_or_right_answers() {
    let whole = sample().await;
    let (mut refused, mut tried) = (0, 0);
    // A prime step meets page headers, cell pointers and contents alike.
    for at in (0..whole.len()).step_by(401) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        tried += 1;
        refused += u32::from(exercise(&bytes).await.is_err());
    }
    assert!(refused > 0 && refused < tried, "{refused} of {tried}");
}

#[tokio::test]
async fn an_execution_without_its_position_is_reported_and_keeps_no_other_from_being_claimed() {
    let place = Place::new();
    let opened = place.open().await;
    let worker = opened.store.join("w").await.unwrap();
    opened.start("lost").await;
    opened.start("whole").await;
    let conn = rusqlite::Connection::open(&place.file).unwrap();
    let lose = "DELETE FROM position WHERE row = (SELECT row FROM execution WHERE id = 'lost')";
    assert_eq!(conn.execute(lose, []).unwrap(), 1);
    let corrupt = |error| matches!(error, StoreError::Corrupt { .. });
    assert!(opened.store.execution(&id("lost")).await.is_err_and(corrupt));
    assert!(opened.store.outcome(&id("lost")).await.is_err_and(corrupt));
    assert!(opened.store.cancel(&id("lost")).await.is_err_and(corrupt));
    let claimed = opened.claim(worker, 10).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].id, id("whole"));
    // It is set aside: it is not due any more.
    assert!(opened.claim(worker, 10).await.is_empty());
}

#[tokio::test]
async fn a_shape_that_is_not_what_its_fingerprint_says_is_an_error_and_stays() {
    let place = Place::new();
    let opened = place.open().await;
    let (text, number) = (Arc::new(Schema::String), Arc::new(Schema::U64));
    opened.store.record_shapes(vec![Arc::clone(&text), Arc::clone(&number)]).await.unwrap();
    drop(opened);
    let (damaged, kept) = (text.fingerprint(), number.fingerprint());
    let connection = rusqlite::Connection::open(&place.file).unwrap();
    let change = "UPDATE shape SET content = ?1 WHERE fingerprint = ?2";
    for content in [Schema::Bool.to_bytes(), Vec::new(), vec![1; 100]] {
        assert_eq!(connection.execute(change, (content, damaged.0)).unwrap(), 1);
        let store = SqliteStore::open(&place.file).await.unwrap();
        for error in [
            store.shape(damaged).await.unwrap_err(),
            store.record_shapes(vec![Arc::clone(&number), Arc::clone(&text)]).await.unwrap_err(),
        ] {
            assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
            assert!(error.to_string().contains(&format!("shape {damaged}")), "{error}");
        }
        assert_eq!(store.shape(kept).await.unwrap().as_ref(), Some(&*number));
    }
}

#[tokio::test]
async fn a_damaged_row_among_what_another_build_tries_spoils_only_itself() {
    let place = Place::new();
    let opened = place.open().await;
    let first = opened.store.join_as("first", &BuildId::new("1")).await.unwrap();
    for name in ["damaged", "whole", "whole, too"] {
        let claimed = opened.start_claimed(name, first).await;
        let outcome = Outcome { status: Status::SetAside, output: None, error: Some("it says so".into()) };
        let aside = Commit { next: Next::Finish(outcome), ..opened.finish(&claimed, 0) };
        opened.commit(aside).await.unwrap();
    }
    let conn = rusqlite::Connection::open(&place.file).unwrap();
    let damage =
        "UPDATE position SET epoch = 1.5 WHERE row = (SELECT row FROM execution WHERE id = 'damaged')";
    assert_eq!(conn.execute(damage, []).unwrap(), 1);

    let second = opened.store.join_as("second", &BuildId::new("2")).await.unwrap();
    let request =
        Reconsider { worker: second, queues: vec![opened.registered.queue], unreadable: vec![], limit: 2 };
    assert_eq!(opened.store.reconsider(request.clone()).await.unwrap(), 2, "another takes its place");
    assert_eq!(opened.store.reconsider(request).await.unwrap(), 0);
    let mut claimed: Vec<_> =
        opened.claim(second, 10).await.into_iter().map(|claimed| claimed.id.to_string()).collect();
    claimed.sort_unstable();
    assert_eq!(claimed, ["whole", "whole, too"]);
    let told = "SELECT error FROM execution WHERE id = 'damaged' AND set_aside_by IS NULL AND wake IS NULL";
    let told: String = conn.query_row(told, [], |r| r.get(0)).unwrap();
    assert!(told.contains("its row in the store is damaged"), "{told}");
}
