//! A process that dies: its file and log are copied while it is open, and the copy is opened.

use crate::fixture::{Place, id};
use durable_core::store::{Started, Status, Store};
use std::fs;

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_crash() {
    let place = Place::new();
    let opened = place.open().await;
    let worker = opened.store.join("w").await.unwrap();
    let claimed = opened.start_claimed("running", worker).await;
    for epoch in 0..50 {
        opened.commit(opened.run(&claimed, epoch, format!("snapshot {epoch}").as_bytes())).await.unwrap();
    }
    let ended = opened.start_claimed("ended", worker).await;
    opened.commit(opened.finish(&ended, 0)).await.unwrap();
    opened.start("ready").await;

    let copy = Place::new();
    for end in ["", "-wal"] {
        let name = format!("store.db{end}");
        fs::copy(place.folder.path().join(&name), copy.folder.path().join(&name)).unwrap();
    }
    let copied = copy.open().await;
    let running = copied.store.execution(&id("running")).await.unwrap().unwrap();
    assert_eq!((running.epoch, &*running.frames[0].snapshot), (50, b"snapshot 49".as_slice()));
    let outcome = copied.store.outcome(&id("ended")).await.unwrap().unwrap();
    assert_eq!((outcome.status, outcome.output.as_deref()), (Status::Succeeded, Some(b"done".as_slice())));
    let again = copied.store.start(copied.request("ready", None)).await.unwrap();
    assert!(matches!(again, Started::Existing { status: Status::Ready, .. }), "{again:?}");
    assert_eq!(copied.registered, opened.registered);
}

#[tokio::test]
async fn a_torn_end_of_the_log_costs_only_what_was_torn() {
    let place = Place::new();
    let opened = place.open().await;
    let worker = opened.store.join("w").await.unwrap();
    let claimed = opened.start_claimed("e", worker).await;
    opened.commit(opened.run(&claimed, 0, b"first")).await.unwrap();
    let log = place.folder.path().join("store.db-wal");
    let whole = fs::metadata(&log).unwrap().len() as usize;
    opened.commit(opened.run(&claimed, 1, b"second")).await.unwrap();
    let bytes = fs::read(&log).unwrap();
    for cut in [whole, whole + 1, whole + 100, bytes.len() - 1, bytes.len()] {
        let copy = Place::new();
        fs::copy(&place.file, &copy.file).unwrap();
        fs::write(copy.folder.path().join("store.db-wal"), &bytes[..cut]).unwrap();
        let expected = if cut == bytes.len() { 2 } else { 1 };
        assert_eq!(copy.open().await.epoch("e").await, expected, "cut at {cut}");
    }
}
