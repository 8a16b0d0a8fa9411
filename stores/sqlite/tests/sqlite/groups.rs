//! Group commit: one transaction, but each member its own answer (G1, G2, G3).

use crate::fixture::{Opened, Place};
use durable_core::store::{CommitError, Store, StoreError};
use durable_sqlite::SqliteStore;
use rusqlite::Connection;
use std::time::Duration;

#[tokio::test]
async fn a_fenced_member_and_a_broken_one_spoil_only_themselves() {
    let place = Place::new();
    let opened = place.open().await;
    let worker = opened.store.join("w").await.unwrap();
    let mut group = Vec::new();
    for n in 0..5 {
        let claimed = opened.start_claimed(&format!("e-{n}"), worker).await;
        group.push(opened.run(&claimed, 0, b"next"));
    }
    group[1].fence += 1;
    group[2].row = 4_711;
    // A child frame that is opened without a snapshot could never be resumed.
    let mut child = group[3].root.clone().unwrap();
    (child.frame, child.snapshot) = (1, None);
    group[3].frames.push(child);
    group.reverse();
    let mut answers = opened.store.commit(group).await;
    answers.reverse();
    assert!(answers[0].is_ok() && answers[4].is_ok());
    assert!(matches!(answers[1], Err(CommitError::Fenced)));
    assert!(matches!(answers[2], Err(CommitError::Fenced)));
    assert!(matches!(answers[3], Err(CommitError::Store(StoreError::Corrupt { .. }))), "{:?}", answers[3]);
    for (n, epoch) in [1, 0, 0, 0, 1].into_iter().enumerate() {
        assert_eq!(opened.epoch(&format!("e-{n}")).await, epoch);
    }
}

#[tokio::test]
async fn a_group_larger_than_a_transaction_is_answered_in_order() {
    let place = Place::new();
    let opened = place.open().await;
    let worker = opened.store.join("w").await.unwrap();
    let claimed = opened.start_claimed("one", worker).await;
    // Epoch after epoch of one execution: only an order that is kept lets all of them through.
    let group = (0..2_500).map(|epoch| opened.run(&claimed, epoch, &[1; 4_000])).collect();
    let answers = opened.store.commit(group).await;
    assert_eq!(answers.len(), 2_500);
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(opened.epoch("one").await, 2_500);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_held_elsewhere_and_a_full_queue_give_busy_after_a_bounded_wait() {
    let place = Place::new();
    let store =
        SqliteStore::builder(&place.file).busy_timeout(Duration::from_millis(200)).open().await.unwrap();
    let opened = Opened::of(store).await;
    let worker = opened.store.join("w").await.unwrap();
    let claimed = opened.start_claimed("one", worker).await;
    let other = Connection::open(&place.file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    // More than three groups: the first meets the lock, two are held, the others wait for a place.
    let group = (0..6_000).map(|_| opened.run(&claimed, 0, b"next")).collect();
    let answers = opened.store.commit(group).await;
    let busy = |answer: &Result<_, _>| matches!(answer, Err(CommitError::Store(StoreError::Busy { .. })));
    assert!(answers.iter().all(busy), "{:?}", answers.iter().find(|a| !busy(a)));
    let of_the_queue =
        answers.iter().filter(|a| format!("{a:?}").contains("queue of writes is full")).count();
    assert!(of_the_queue > 0 && of_the_queue < answers.len(), "{of_the_queue} were refused by the queue");
    other.execute_batch("ROLLBACK").unwrap();
    assert!(opened.commit(opened.run(&claimed, 0, b"next")).await.is_ok());
}
