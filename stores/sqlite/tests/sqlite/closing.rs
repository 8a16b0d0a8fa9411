//! The end of a store: threads end with the last handle, and nothing acknowledged is lost.

use crate::fixture::{Place, id};
use durable_core::store::Store;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_handle_ends_the_threads_and_keeps_what_was_acknowledged() {
    let place = Place::new();
    let opened = Arc::new(place.open().await);
    let mut starting = Vec::new();
    for n in 0..50 {
        let opened = Arc::clone(&opened);
        starting.push(tokio::spawn(async move { opened.start(&format!("e-{n}")).await }));
    }
    for one in starting {
        one.await.unwrap();
    }
    let abandoned = opened.store.start(opened.request("abandoned", None));
    drop(abandoned);
    drop(opened);
    // Threads have ended: nobody holds the file, so its log is gone.
    assert!(!place.folder.path().join("store.db-wal").exists());
    let opened = place.open().await;
    for n in 0..50 {
        assert!(opened.store.execution(&id(&format!("e-{n}"))).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_claim_whose_caller_has_gone_is_given_back() {
    let place = Place::new();
    let opened = place.open().await;
    let worker = opened.store.join("w").await.unwrap();
    opened.start("e").await;
    {
        // Polled once, so that the request is queued; then dropped.
        let mut claim = Box::pin(opened.claim(worker, 1));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let _ = claim.as_mut().poll(&mut context);
    }
    let mut again = Vec::new();
    while again.is_empty() {
        again = opened.claim(worker, 1).await;
    }
    assert_eq!(again[0].crashes, 0);
}
