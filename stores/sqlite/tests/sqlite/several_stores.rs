//! Two stores on one file, as two processes would have it.

use crate::fixture::{Place, id};
use durable_core::store::{CommitError, Store};
use std::{collections::HashSet, time::Duration};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_claims_give_each_execution_to_one_worker() {
    let place = Place::new();
    let stores = [place.open().await, place.open().await];
    for n in 0..200 {
        stores[n % 2].start(&format!("e-{n}")).await;
    }
    let mut racing = Vec::new();
    for opened in stores {
        racing.push(tokio::spawn(async move {
            let worker = opened.store.join("w").await.unwrap();
            let mut rows = Vec::new();
            loop {
                let claimed = opened.claim(worker, 7).await;
                if claimed.is_empty() {
                    return rows;
                }
                for one in claimed {
                    opened.commit(opened.run(&one, 0, b"next")).await.unwrap();
                    rows.push(one.row);
                }
            }
        }));
    }
    let mut all = Vec::new();
    for rows in racing {
        all.extend(rows.await.unwrap());
    }
    assert_eq!(all.len(), 200);
    assert_eq!(all.into_iter().collect::<HashSet<_>>().len(), 200);
}

#[tokio::test]
async fn a_claim_through_the_other_store_fences_the_first() {
    let place = Place::new();
    let (a, b) = (place.open().await, place.open().await);
    let (worker_a, worker_b) = (a.store.join("a").await.unwrap(), b.store.join("b").await.unwrap());
    let stale = a.start_claimed("e", worker_a).await;
    a.store.abandon(worker_a);
    assert_eq!(b.store.beat(worker_b, Duration::from_secs(3600)).await.unwrap().taken_over, 1);
    let claimed = b.claim(worker_b, 1).await.remove(0);
    assert_eq!((claimed.fence, claimed.crashes), (2, 1));
    assert!(matches!(a.commit(a.run(&stale, 0, b"stale")).await, Err(CommitError::Fenced)));
    assert!(b.commit(b.run(&claimed, 0, b"next")).await.is_ok());
}

#[tokio::test]
async fn an_end_written_by_the_other_store_wakes_who_waits_for_it_here() {
    let place = Place::new();
    let (a, b) = (place.open().await, place.open().await);
    let worker = b.store.join("b").await.unwrap();
    let claimed = b.start_claimed("e", worker).await;
    let e = id("e");
    let waits = a.store.local().wait_finished(&e);
    assert_eq!(a.store.outcome(&e).await.unwrap(), None);
    b.commit(b.finish(&claimed, 0)).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), async {
        // The first wake-up may be for something else: the waiter looks, and waits again.
        let mut waits = Box::pin(waits);
        loop {
            waits.await;
            waits = Box::pin(a.store.local().wait_finished(&e));
            if a.store.outcome(&e).await.unwrap().is_some() {
                return;
            }
        }
    })
    .await
    .unwrap();
}
