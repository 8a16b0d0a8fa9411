//! Dead workers (K3): by their lock, by their beat, and when neither is left.

use crate::fixture::Place;
use durable_core::store::{Store, StoreError};
use std::{fs, time::Duration};

const LONG: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn what_a_dropped_store_owned_is_taken_over_at_once() {
    let place = Place::new();
    let (dying, living) = (place.open().await, place.open().await);
    let worker = dying.store.join("dying").await.unwrap();
    dying.start_claimed("e", worker).await;
    let other = living.store.join("living").await.unwrap();
    assert_eq!(living.store.beat(other, LONG).await.unwrap().taken_over, 0);
    drop(dying);
    assert_eq!(living.store.beat(other, LONG).await.unwrap().taken_over, 1);
    let claimed = living.claim(other, 10).await;
    assert_eq!((claimed.len(), claimed[0].crashes), (1, 1));
}

#[tokio::test]
async fn a_worker_whose_beat_stands_still_is_given_up_though_it_holds_its_lock() {
    let place = Place::new();
    let opened = place.open().await;
    let (stalled, living) =
        (opened.store.join("stalled").await.unwrap(), opened.store.join("living").await.unwrap());
    opened.start_claimed("e", stalled).await;
    let lease = Duration::from_millis(50);
    let mut taken_over = 0;
    for _ in 0..200 {
        taken_over += opened.store.beat(living, lease).await.unwrap().taken_over;
        if taken_over > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(taken_over, 1);
    assert!(matches!(opened.store.beat(stalled, lease).await, Err(StoreError::WorkerLost)));
}

#[tokio::test]
async fn a_worker_that_left_counts_no_crash() {
    let place = Place::new();
    let opened = place.open().await;
    let (leaving, living) =
        (opened.store.join("leaving").await.unwrap(), opened.store.join("living").await.unwrap());
    opened.start_claimed("e", leaving).await;
    opened.store.leave(leaving).await.unwrap();
    let claimed = opened.claim(living, 10).await;
    assert_eq!((claimed.len(), claimed[0].crashes, claimed[0].fence), (1, 0, 2));
}

#[tokio::test]
async fn lock_files_that_vanish_wedge_nothing() {
    let place = Place::new();
    let (dying, living) = (place.open().await, place.open().await);
    let worker = dying.store.join("dying").await.unwrap();
    let other = living.store.join("living").await.unwrap();
    dying.start_claimed("e", worker).await;
    fs::remove_dir_all(place.folder.path().join("store.db-workers")).unwrap();
    // Nothing can be learnt, so the living are not taken for dead; and a beat makes the file anew.
    assert_eq!(living.store.beat(other, LONG).await.unwrap().taken_over, 0);
    dying.store.beat(worker, LONG).await.unwrap();
    drop(dying);
    assert_eq!(living.store.beat(other, LONG).await.unwrap().taken_over, 1);
}

#[tokio::test]
async fn a_copied_database_without_lock_files_is_taken_over_after_a_lease() {
    let place = Place::new();
    let opened = place.open().await;
    let worker = opened.store.join("left behind").await.unwrap();
    opened.start_claimed("e", worker).await;
    let copy = Place::new();
    for end in ["", "-wal"] {
        let name = format!("store.db{end}");
        fs::copy(place.folder.path().join(&name), copy.folder.path().join(&name)).unwrap();
    }
    let copied = copy.open().await;
    let other = copied.store.join("here").await.unwrap();
    assert_eq!(copied.store.beat(other, LONG).await.unwrap().taken_over, 0);
    assert_eq!(copied.store.beat(other, Duration::ZERO).await.unwrap().taken_over, 1);
    assert_eq!(copied.claim(other, 10).await.len(), 1);
}
