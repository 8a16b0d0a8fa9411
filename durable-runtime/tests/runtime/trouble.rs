//! Stores that fail: nothing is lost, and one execution's trouble is not another's.

use crate::{
    counter::counter,
    faulty::Faulty,
    script::{Op, script, step},
    surroundings::{Surroundings, idle, parked, until},
};
use durable_core::store::{ClaimRequest, Commit, FrameWrite, Next, SchemaId, Status, Store};
use durable_runtime::{Client, ClientError, Handle};
use std::{
    sync::{Arc, atomic::Ordering::SeqCst},
    task::{Context, Wake, Waker},
    time::Duration,
};
use tokio::sync::Semaphore;

#[tokio::test(start_paused = true)]
async fn a_full_disk_pauses_the_work_and_it_goes_on_by_itself() {
    let all = Surroundings::new();
    let store = Faulty::new(&all.store);
    let worker = all.builder_on(&store).start().await.unwrap();
    let mut handles = Vec::new();
    for i in 0..50 {
        handles.push(
            all.client.start(format!("{i}"), script::input(&[step("gate:1"), step("two")])).await.unwrap(),
        );
    }
    all.lab.ran("gate:1", 50).await;
    store.faults.full.store(true, SeqCst);
    all.lab.open("gate:1");
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(store.faults.refused.load(SeqCst) > 50);
    assert_eq!(all.lab.runs("two"), 0, "C3: nothing runs before its await point is durable");
    let full = Client::new(&store).start("new", script::input(&[])).await.unwrap_err();
    assert!(full.is_transient(), "{full}");

    store.faults.full.store(false, SeqCst);
    for handle in handles {
        handle.result().await.unwrap().unwrap();
    }
    assert_eq!((all.lab.runs("gate:1"), all.lab.runs("two")), (50, 50));
    assert_eq!(worker.stats().fenced, 0);
    let late = all.client.start("late", script::input(&[step("late")])).await.unwrap();
    late.result().await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_commit_whose_answer_was_lost_is_repeated_and_counts_once() {
    let all = Surroundings::new();
    let store = Faulty::new(&all.store);
    store.faults.lost_answers.store(7, SeqCst);
    let _worker = all.builder_on(&store).start().await.unwrap();
    let handle = all.client.start("a", counter::input(10)).await.unwrap();
    assert_eq!(handle.result().await.unwrap(), 10);
    assert_eq!(handle.record().await.unwrap().epoch, 11);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_panics_in_a_commit_is_asked_again() {
    let all = Surroundings::new();
    let store = Faulty::new(&all.store);
    store.faults.commit_panics.store(3, SeqCst);
    let _worker = all.builder_on(&store).start().await.unwrap();
    let mut handles = Vec::new();
    for i in 0..10 {
        handles.push(all.client.start(format!("{i}"), counter::input(10)).await.unwrap());
    }
    for handle in handles {
        assert_eq!(handle.result().await.unwrap(), 10);
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_is_too_large_sets_its_execution_aside_and_others_go_on() {
    let all = Surroundings::new();
    let _worker = all.builder().payload_bytes_max(1_000).start().await.unwrap();
    let large =
        all.client.start("large", script::input(&[step("one"), Op::Grow(2_000), step("two")])).await.unwrap();
    let small = all.client.start("small", script::input(&[step("small")])).await.unwrap();
    let error = large.result().await.unwrap_err();
    let ClientError::SetAside { reason, .. } = &error else { panic!("{error}") };
    assert!(reason.contains("await point `Step`") && reason.contains("1000 bytes"), "{reason}");
    let record = large.record().await.unwrap();
    assert_eq!((record.frames.len(), record.frames[0].visit), (1, 1), "the last snapshot is kept");
    small.result().await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_damaged_snapshot_is_set_aside_with_the_reason() {
    let all = Surroundings::new();
    let store = Faulty::new(&all.store);
    *store.faults.spoil.lock().unwrap() = Some(|claimed| {
        let mut bytes = claimed.frames[0].snapshot.to_vec();
        match claimed.id.as_str() {
            "flipped" => *bytes.last_mut().unwrap() ^= 1,
            "cut" => bytes.truncate(10),
            _ => {}
        }
        claimed.frames[0].snapshot = Arc::from(bytes);
        if claimed.id.as_str() == "unknown" {
            let frame = &mut claimed.frames[0];
            let mut bytes = frame.snapshot.to_vec();
            frame.schema = SchemaId(999);
            durable_core::stored::stamp(&mut bytes, frame.schema, 0);
            frame.snapshot = Arc::from(bytes);
        }
        if claimed.id.as_str() == "frameless" {
            claimed.frames.clear();
        }
    });
    for (id, reason) in
        [("flipped", "damaged"), ("cut", "truncated"), ("unknown", "999"), ("frameless", "no frame")]
    {
        let handle = all.client.start(id, script::input(&[step("one")])).await.unwrap();
        let worker = all.builder_on(&store).start().await.unwrap();
        let error = handle.result().await.unwrap_err();
        assert!(
            matches!(&error, ClientError::SetAside { reason: why, .. } if why.contains(reason)),
            "{error}"
        );
        assert_eq!(handle.record().await.unwrap().frames.len(), 1, "nothing is lost");
        idle(&worker).await;
        assert_eq!(worker.stats().set_aside, 1);
        worker.shutdown().await.unwrap();
    }
    assert_eq!(all.lab.runs("one"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stale_driver_is_fenced_and_changes_nothing() {
    let all = Surroundings::new();
    let stale = all.worker().await;
    let handle = all.client.start("a", script::input(&[step("gate:1"), step("two")])).await.unwrap();
    all.lab.ran("gate:1", 1).await;
    // As after a pause longer than the lease: the others took over, and it does not know.
    all.store.kill(stale.id());
    all.store.reap();
    let fresh = all.worker().await;
    all.lab.ran("gate:1", 2).await;
    all.lab.open("gate:1");
    assert_eq!(handle.result().await.unwrap().unwrap(), ["gate:1", "two"]);
    idle(&stale).await;
    idle(&fresh).await;
    assert_eq!((stale.stats().fenced, fresh.stats().fenced), (1, 0));
    assert_eq!(all.lab.runs("two"), 1);
    assert_eq!(handle.status().await.unwrap(), Status::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn an_event_is_sent_once_over_the_clients_own_retries() {
    let all = Surroundings::new();
    let store = Faulty::new(&all.store);
    let _worker = all.worker().await;
    let handle = all
        .client
        .start("a", script::input(&[Op::Event("go".into()), Op::Event("go".into())]))
        .await
        .unwrap();
    parked(&handle).await;
    store.faults.full.store(true, SeqCst);
    let faulty = store.clone();
    let sender = Client::new(&store).handle::<script>("a").unwrap();
    let sending = tokio::spawn(async move { sender.send("go", &"1".to_owned()).await });
    tokio::time::sleep(Duration::from_millis(30)).await;
    faulty.faults.full.store(false, SeqCst);
    sending.await.unwrap().unwrap();
    handle.send("go", &"2".to_owned()).await.unwrap();
    assert_eq!(handle.result().await.unwrap(), Ok(vec!["1".into(), "2".into()]));
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_panics_as_it_is_dropped_changes_nothing() {
    let all = Surroundings::new();
    let worker = all.builder().payload_bytes_max(1_000).start().await.unwrap();
    let large = [Op::Grow(2_000), step("bomb:large")];
    let large = all.client.start("large", script::input(&large)).await.unwrap();
    let cancelled = [step("gate:1"), step("bomb:cancelled")];
    let cancelled = all.client.start("cancelled", script::input(&cancelled)).await.unwrap();
    all.lab.ran("gate:1", 1).await;
    cancelled.cancel().await.unwrap();
    all.lab.open("gate:1");
    let ended = |handle: Handle<script>| async move {
        let ended = tokio::time::timeout(Duration::from_secs(60), handle.result()).await;
        ended.expect("lost, while its worker lives").unwrap_err()
    };
    let error = ended(large).await;
    assert!(
        matches!(&error, ClientError::SetAside { reason, .. } if reason.contains("1000 bytes")),
        "{error}"
    );
    let error = ended(cancelled).await;
    assert!(matches!(error, ClientError::Cancelled { .. }), "{error}");
    idle(&worker).await;
}

#[test]
fn operations_that_panic_as_their_runtime_goes_are_not_the_end_of_the_process() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let all = Surroundings::new();
    let worker = runtime.block_on(async {
        let worker = all.worker().await;
        for id in ["a", "b", "c"] {
            all.client.start(id, script::input(&[step("bomb:1")])).await.unwrap();
        }
        all.lab.ran("bomb:1", 3).await;
        worker
    });
    drop(runtime);
    assert_eq!(worker.stats().hot, 0);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_was_refused_and_happened_is_run_all_the_same() {
    let all = Surroundings::new();
    let store = Faulty::new(&all.store);
    let worker = all.builder_on(&store).start().await.unwrap();
    store.faults.lost_starts.store(1, SeqCst);
    let refused = Client::new(&store).start("a", script::input(&[step("one")])).await.unwrap_err();
    assert!(refused.is_transient(), "{refused}");
    let handle = all.client.handle::<script>("a").unwrap();
    assert!(!handle.status().await.unwrap().is_terminal());
    tokio::time::sleep(Duration::from_secs(60)).await;
    store.faults.full.store(false, SeqCst);
    let ended = tokio::time::timeout(Duration::from_secs(60), handle.result()).await;
    ended.expect("lost, while its worker lives").unwrap().unwrap();
    idle(&worker).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_claimed_too_late_is_given_back_though_the_store_is_busy() {
    let all = Surroundings::new();
    let store = Faulty::new(&all.store);
    let poison = all.client.start("poison", script::input(&[step("gate:poison")])).await.unwrap();
    for times in 1..=3 {
        let worker = all.worker().await;
        all.lab.ran("gate:poison", times).await;
        all.store.kill(worker.id());
        worker.crash();
        all.store.reap();
    }
    let hold = Arc::new(Semaphore::new(0));
    *store.faults.hold_claims.lock().unwrap() = Some(Arc::clone(&hold));
    store.faults.busy_releases.store(1, SeqCst);
    let _worker = all.builder_on(&store).start().await.unwrap();
    until(&poison, |record| record.fence == 4).await;
    // A start while the claim is on its way: what must be alone is given back (A2).
    let other = all.client.start("other", script::input(&[step("gate:other")])).await.unwrap();
    hold.add_permits(1);
    all.lab.ran("gate:other", 1).await;
    all.lab.open("gate:other");
    other.result().await.unwrap().unwrap();
    all.lab.open("gate:poison");
    let ended = tokio::time::timeout(Duration::from_secs(60), poison.result()).await;
    ended.expect("lost, while its worker lives").unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_store_that_panics_after_a_commit_loses_nothing() {
    let all = Surroundings::new();
    let store = Faulty::new(&all.store);
    store.faults.commit_panics_after.store(1, SeqCst);
    let _worker = all.builder_on(&store).start().await.unwrap();
    let handle = all.client.start("a", counter::input(10)).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(60), handle.result()).await;
    assert_eq!(ended.expect("lost, while its worker lives").unwrap(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_panics_anywhere_is_asked_again() {
    let all = Surroundings::new();
    let store = Faulty::new(&all.store);
    let waits = all.client.start("waits", script::input(&[step("one")])).await.unwrap();
    store.faults.claim_panics.store(2, SeqCst);
    store.faults.schema_panics.store(1, SeqCst);
    let worker = all.builder_on(&store).beat(Duration::from_millis(5)).start().await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(60), waits.result()).await;
    ended.expect("nothing is claimed any more").unwrap().unwrap();
    idle(&worker).await;

    let before = worker.id();
    store.faults.beat_panics.store(2, SeqCst);
    let handle = all.client.start("a", script::input(&[step("gate:1")])).await.unwrap();
    all.lab.ran("gate:1", 1).await;
    while store.faults.beat_panics.load(SeqCst) > 0 {
        tokio::task::yield_now().await;
    }
    all.store.kill(before);
    // Only a beat finds out.
    all.lab.ran("gate:1", 2).await;
    all.lab.open("gate:1");
    handle.result().await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_was_never_committed_is_set_aside_and_not_asleep_for_ever() {
    let all = Surroundings::new();
    let first = all.worker().await;
    let handle = all.client.start("a", script::input(&[Op::Sleep(1_000)])).await.unwrap();
    let record = parked(&handle).await;
    first.shutdown().await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    // As a build would leave it that awaits an operation there, under the same name.
    let elsewhere = all.store.join("another build").await.unwrap();
    let queues = vec![record.queue];
    let request =
        ClaimRequest { worker: elsewhere, queues, unreadable: vec![], limit: 1, fragile: 0, alone: false };
    let claimed = all.store.claim(request).await.unwrap().claimed.remove(0);
    let visit = claimed.frames[0].visit;
    let root =
        FrameWrite { frame: 0, parent: None, visit, failed: 0, snapshot: None, due: None, event: None };
    let commit = Commit {
        row: claimed.row,
        epoch: claimed.epoch,
        fence: claimed.fence,
        root: Some(root),
        frames: Vec::new(),
        closed: Vec::new(),
        next_frame: None,
        consumed: Vec::new(),
        queue: None,
        keep: 0,
        large: Vec::new(),
        sweep: false,
        next: Next::Run,
    };
    all.store.commit(vec![commit]).await.remove(0).unwrap();
    all.store.leave(elsewhere).await.unwrap();

    let _second = all.worker().await;
    let ended = tokio::time::timeout(Duration::from_secs(60), handle.result()).await;
    let error = ended.expect("V2: asleep, and nothing would ever wake it").unwrap_err();
    assert!(matches!(&error, ClientError::SetAside { reason, .. } if reason.contains("`Sleep`")), "{error}");
}

struct PanicsWhenWoken;

impl Wake for PanicsWhenWoken {
    fn wake(self: Arc<Self>) {
        panic!("a waker panics");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_waker_panics_is_not_the_end_of_a_shard() {
    let all = Surroundings::new();
    let _worker = all.worker().await;
    let waker = Waker::from(Arc::new(PanicsWhenWoken));
    let mut start = Box::pin(all.client.start("a", script::input(&[step("one")])));
    assert!(start.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let ran = tokio::time::timeout(Duration::from_secs(60), all.lab.ran("one", 1)).await;
    ran.expect("the shard has gone");
    drop(start);
    let handle = all.client.start("b", script::input(&[step("two")])).await.unwrap();
    handle.result().await.unwrap().unwrap();
}
