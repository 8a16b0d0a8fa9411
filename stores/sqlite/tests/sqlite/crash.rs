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
    let first = end_of_frames(&fs::read(&log).unwrap());
    opened.commit(opened.run(&claimed, 1, b"second")).await.unwrap();
    let bytes = fs::read(&log).unwrap();
    let second = end_of_frames(&bytes);
    for cut in [first, first + 1, first + 100, second - 1, second] {
        // The log grows in strides: what was never written is missing, or is zeros.
        for zeros in [0, bytes.len() - cut] {
            let copy = Place::new();
            fs::copy(&place.file, &copy.file).unwrap();
            let torn = [&bytes[..cut], &*vec![0; zeros]].concat();
            fs::write(copy.folder.path().join("store.db-wal"), torn).unwrap();
            let expected = if cut == second { 2 } else { 1 };
            assert_eq!(copy.open().await.epoch("e").await, expected, "cut at {cut}, then {zeros} zeros");
        }
    }
}

/// Where the last frame of a log ends: each has the log's salt behind its page number and the size of the file.
fn end_of_frames(log: &[u8]) -> usize {
    let frames = log[32..].chunks(24 + 4096).take_while(|frame| frame[8..16] == log[16..24]);
    32 + frames.map(<[u8]>::len).sum::<usize>()
}

#[tokio::test]
async fn the_log_grows_in_strides_and_no_further_than_it_is_used() {
    let place = Place::new();
    let opened = place.open().await;
    let worker = opened.store.join("w").await.unwrap();
    let claimed = opened.start_claimed("e", worker).await;
    let length = || fs::metadata(place.folder.path().join("store.db-wal")).unwrap().len();
    let (mut lengths, commits) = (vec![length()], 100);
    for epoch in 0..commits {
        opened.commit(opened.run(&claimed, epoch, b"more")).await.unwrap();
        let length = length();
        if lengths.last() != Some(&length) {
            lengths.push(length);
        }
        let used = end_of_frames(&fs::read(place.folder.path().join("store.db-wal")).unwrap()) as u64;
        assert!(length <= 2 * used + (64 << 10), "{length} bytes for {used}");
    }
    assert!(lengths.len() < commits as usize / 10, "{lengths:?}");
}
