//! Many executions at once, on several threads.

use crate::{
    counter::counter,
    script::{Op, script, step},
    surroundings::{Surroundings, idle},
};
use durable_core::store::Store;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_thousand_executions_at_once() {
    let all = Surroundings::new();
    let worker = all.worker().await;
    let mut handles = Vec::new();
    for i in 0..5_000 {
        handles.push(all.client.start(format!("{i}"), counter::input(20)).await.unwrap());
    }
    for handle in &handles {
        assert_eq!(handle.result().await.unwrap(), 20);
    }
    idle(&worker).await;
    let stats = worker.stats();
    // C5: twenty await points and the finish.
    assert_eq!((stats.commits, stats.finished, stats.fenced), (5_000 * 21, 5_000, 0));
    for handle in &handles {
        assert_eq!(handle.record().await.unwrap().epoch, 21, "one epoch for each transition, no gaps");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_workers_share_a_thousand_executions_that_park() {
    let all = Surroundings::new();
    let mut handles = Vec::new();
    for i in 0..1_000 {
        let ops = [step("one"), Op::Event("go".into()), step("two"), Op::Sleep(1), step("three")];
        handles.push(all.client.start(format!("{i}"), script::input(&ops)).await.unwrap());
    }
    let workers = [all.worker().await, all.worker().await, all.worker().await];
    for handle in &handles {
        handle.send("go", &"now".to_owned()).await.unwrap();
    }
    for handle in &handles {
        assert_eq!(handle.result().await.unwrap().unwrap(), ["one", "now", "two", "three"]);
    }
    for name in ["one", "two", "three"] {
        assert_eq!(all.lab.runs(name), 1_000, "{name}");
    }
    for worker in workers {
        worker.shutdown().await.unwrap();
    }
    assert!(
        all.store.list(Default::default()).await.unwrap().iter().all(|record| record.status.is_terminal())
    );
}
