//! Large locals stand apart from snapshots (S1): each is written once, and is there after every crash and every lost answer.

use crate::{
    faulty::Faulty,
    script::{Op, script, step},
    surroundings::{Surroundings, parked},
};
use durable_core::{
    store::{ExecutionRecord, Store},
    stored,
};
use std::sync::atomic::Ordering::SeqCst;

const LARGE: usize = 200_000;

/// An operation whose name alone is large, and so is the list of operations that it is in.
fn large() -> Op {
    // What no compression makes much smaller.
    let mut random: u64 = 7;
    let letters = std::iter::repeat_with(|| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + (random >> 58) as u8)
    });
    step(&letters.take(LARGE).collect::<String>())
}

/// What the frames refer to, all of it in the store.
async fn referred(all: &Surroundings, record: &ExecutionRecord) -> usize {
    let mut contents: Vec<_> =
        record.frames.iter().flat_map(|frame| stored::contents(&frame.snapshot).unwrap()).collect();
    contents.sort();
    contents.dedup();
    let found = all.store.large_fields(record.row, contents.clone()).await.unwrap();
    assert!(found.iter().all(Option::is_some), "what a snapshot refers to is not there");
    contents.len()
}

#[tokio::test(start_paused = true)]
async fn a_large_local_is_committed_once() {
    let all = Surroundings::new();
    let store = Faulty::new(&all.store);
    let _worker = all.builder_on(&store).start().await.unwrap();
    let mut ops: Vec<Op> = (0..50).map(|n| step(&format!("{n}"))).collect();
    ops.extend([Op::Event("go".into()), large(), step("last")]);
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    let record = parked(&handle).await;
    assert_eq!(referred(&all, &record).await, 1);
    let written = store.faults.written.load(SeqCst);
    assert!(written < LARGE / 2, "with the start, and never again: {written} bytes");
    handle.send("go", &"event".to_owned()).await.unwrap();
    assert_eq!(handle.result().await.unwrap().unwrap().len(), 53);
    let written = store.faults.written.load(SeqCst);
    assert!(
        (LARGE / 2..3 * LARGE).contains(&written),
        "the log, which was large in the end, and the output: {written} bytes"
    );
}

#[tokio::test(start_paused = true)]
async fn large_locals_survive_a_crash_at_any_of_their_commits() {
    let all = Surroundings::new();
    let mut worker = all.worker().await;
    let child = [step("gate:3"), Op::Grow(LARGE), step("gate:4")];
    let ops = [
        step("gate:0"),
        Op::Grow(LARGE),
        step("gate:1"),
        step("gate:2"),
        Op::Child(child.to_vec()),
        step("gate:5"),
        Op::Grow(LARGE),
        step("gate:6"),
        large(),
    ];
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    let mut counts = Vec::new();
    for gate in 0..=6 {
        let gate = format!("gate:{gate}");
        all.lab.ran(&gate, 1).await;
        counts.push(referred(&all, &handle.record().await.unwrap()).await);
        // The driver of a dead worker may go on, until another one has claimed what was its.
        all.store.kill(worker.id());
        worker = all.worker().await;
        all.store.reap();
        all.lab.ran(&gate, 2).await;
        all.lab.open(&gate);
    }
    let log = handle.result().await.unwrap().unwrap();
    assert_eq!(log.iter().filter(|line| line.len() == LARGE).count(), 4, "{}", log.len());
    // The list of operations; the parent's log; in the child its own. The child's list is small, and its log is in the parent's in the end.
    assert_eq!(counts, [1, 2, 2, 2, 3, 2, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_loses_no_large_local() {
    let all = Surroundings::new();
    let store = Faulty::new(&all.store);
    store.faults.lost_answers.store(100, SeqCst);
    let worker = all.builder_on(&store).start().await.unwrap();
    let ops = [Op::Grow(LARGE), step("one"), Op::Grow(LARGE), step("two"), Op::Event("go".into()), large()];
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    let record = parked(&handle).await;
    assert_eq!(referred(&all, &record).await, 2);
    worker.shutdown().await.unwrap();
    let _worker = all.worker().await;
    handle.send("go", &"event".to_owned()).await.unwrap();
    assert_eq!(handle.result().await.unwrap().unwrap().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn what_was_read_while_the_execution_went_on_is_read_again() {
    let all = Surroundings::new();
    let store = Faulty::new(&all.store);
    let _worker = all.worker().await;
    let ops = [Op::Grow(LARGE), Op::Event("go".into()), Op::Grow(LARGE), Op::Event("end".into())];
    let handle = all.client.start("a", script::input(&ops)).await.unwrap();
    let old = parked(&handle).await;
    handle.send("go", &"event".to_owned()).await.unwrap();
    while handle.record().await.unwrap().epoch == old.epoch {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    let now = parked(&handle).await;
    assert_ne!(old.frames[0].snapshot, now.frames[0].snapshot);
    // A reader that was slow: the log it reads of has been replaced since.
    let read_late = || *store.faults.stale.lock().unwrap() = Some(old.clone());
    let client = durable_runtime::Client::new(&store);
    read_late();
    let state = client.state_json("a").await.unwrap();
    assert_eq!(state["state"]["log"].as_array().unwrap().len(), 3);
    read_late();
    client.handle::<script>("a").unwrap().fork(None, "b", "ada").await.unwrap();
    assert_eq!(client.state_json("b").await.unwrap(), state);
    assert!(store.faults.stale.lock().unwrap().is_none(), "it was read");
}
