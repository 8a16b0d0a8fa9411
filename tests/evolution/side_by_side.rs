//! Versions side by side: the old body finishes what it began, the new one starts what is new.

use super::deployed::until_parked;
use durable::{Client, Handle, Status, Worker, Workflow, event, workflow};
use durable_core::memory::{ManualClock, MemoryStore};
use std::{sync::Arc, time::Duration};

/// The first release.
mod first {
    use super::*;

    #[workflow]
    pub(super) async fn place_order(id: u64) -> String {
        let _: u64 = event("go").await;
        format!("{id} by the first")
    }
}

/// The second one: what is saved looks the same, and means something else.
mod second {
    use super::*;

    #[workflow(version = 2)]
    pub(super) async fn place_order(id: u64) -> String {
        let _: u64 = event("go").await;
        format!("{id} by the second")
    }

    #[workflow(name = "place_order", version = 1)]
    pub(super) async fn place_order_v1(id: u64) -> String {
        let _: u64 = event("go").await;
        format!("{id} by the first, kept")
    }
}

/// The third one: its version 2 cannot read what the second release saved, where version 1 has saved the very same.
mod third {
    use super::*;

    #[workflow(version = 2)]
    pub(super) async fn place_order(id: u64) -> String {
        let cents: u64 = id * 100;
        let _: u64 = event("go").await;
        format!("{id} for {cents}")
    }
}

fn a_store() -> (MemoryStore, Client) {
    let store = MemoryStore::new(Arc::new(ManualClock::default()));
    let client = Client::new(&store);
    (store, client)
}

async fn first_release(store: &MemoryStore) -> Worker {
    Worker::builder(store).register::<first::place_order>().start().await.unwrap()
}

async fn second_release(store: &MemoryStore) -> Worker {
    let worker =
        Worker::builder(store).register::<second::place_order>().register::<second::place_order_v1>();
    worker.start().await.unwrap()
}

async fn result<W: Workflow<Output = String>>(handle: &Handle<W>) -> String {
    tokio::time::timeout(Duration::from_secs(20), handle.result()).await.expect("it goes on").unwrap()
}

async fn unfinished(client: &Client) -> Vec<(u32, u64)> {
    let versions = client.versions("place_order").await.unwrap();
    versions.iter().map(|count| (count.version, count.unfinished)).collect()
}

#[tokio::test]
async fn old_executions_finish_on_the_old_version_and_new_ones_start_on_the_new() {
    let (store, client) = a_store();
    let worker = first_release(&store).await;
    let old = client.start::<first::place_order>("old", first::place_order::input(1)).await.unwrap();
    until_parked(&store, "old").await;
    worker.shutdown().await.unwrap();
    assert_eq!(unfinished(&client).await, [(1, 1)]);

    let worker = second_release(&store).await;
    assert_eq!(worker.needs_migration().len(), 0);
    let new = client.start::<second::place_order>("new", second::place_order::input(2)).await.unwrap();
    until_parked(&store, "new").await;
    assert_eq!(unfinished(&client).await, [(1, 1), (2, 1)]);
    old.send("go", &1u64).await.unwrap();
    new.send("go", &1u64).await.unwrap();
    assert_eq!(result(&old).await, "1 by the first, kept");
    assert_eq!(result(&new).await, "2 by the second");
    assert_eq!(unfinished(&client).await, [(1, 0), (2, 0)]);
    assert!(client.versions("refund").await.unwrap().is_empty());
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_fleet_of_both_releases_gives_each_execution_to_who_knows_its_version() {
    let (store, client) = a_store();
    let (older, newer) = (first_release(&store).await, second_release(&store).await);
    let mut handles = Vec::new();
    for n in 0..20_u64 {
        let old = client.start::<first::place_order>(format!("old-{n}"), first::place_order::input(n)).await;
        let new =
            client.start::<second::place_order>(format!("new-{n}"), second::place_order::input(n)).await;
        let (old, new) = (old.unwrap(), new.unwrap());
        old.send("go", &n).await.unwrap();
        new.send("go", &n).await.unwrap();
        handles.push((n, old, new));
    }
    for (n, old, new) in &handles {
        assert!(result(old).await.starts_with(&format!("{n} by the first")));
        assert_eq!(result(new).await, format!("{n} by the second"));
    }

    // Rolled back: what the new version began waits for it.
    newer.shutdown().await.unwrap();
    let new = client.start::<second::place_order>("late", second::place_order::input(7)).await.unwrap();
    new.send("go", &1u64).await.unwrap();
    let old = client.start::<first::place_order>("later", first::place_order::input(8)).await.unwrap();
    old.send("go", &1u64).await.unwrap();
    assert_eq!(result(&old).await, "8 by the first");
    let record = new.record().await.unwrap();
    assert_eq!((record.status, record.epoch), (Status::Ready, 0));
    older.shutdown().await.unwrap();

    // And forward again.
    let newer = second_release(&store).await;
    assert_eq!(result(&new).await, "7 by the second");
    newer.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_version_that_is_not_registered_is_left_alone_and_named() {
    let (store, client) = a_store();
    let worker = first_release(&store).await;
    let old = client.start::<first::place_order>("old", first::place_order::input(1)).await.unwrap();
    until_parked(&store, "old").await;
    worker.shutdown().await.unwrap();
    old.send("go", &1u64).await.unwrap();

    // The shapes are the same: by these alone it could go on.
    let worker = Worker::builder(&store).register::<second::place_order>().start().await.unwrap();
    let named: Vec<_> = worker.needs_migration().iter().map(|left_out| left_out.point.as_str()).collect();
    assert_eq!(named, ["Start", "EventGo"]);
    let reason = &worker.needs_migration()[1].reason;
    assert!(reason.contains("`#[workflow(name = \"place_order\", version = 1)]`"), "{reason}");
    let new = client.start::<second::place_order>("new", second::place_order::input(2)).await.unwrap();
    new.send("go", &1u64).await.unwrap();
    assert_eq!(result(&new).await, "2 by the second");
    assert!(!old.record().await.unwrap().status.is_terminal());
    worker.shutdown().await.unwrap();

    let worker = second_release(&store).await;
    assert_eq!(result(&old).await, "1 by the first, kept");
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_one_version_cannot_read_is_not_left_out_of_another() {
    let (store, client) = a_store();
    let worker = second_release(&store).await;
    let first = client.start::<second::place_order_v1>("1", second::place_order_v1::input(1)).await.unwrap();
    let second = client.start::<second::place_order>("2", second::place_order::input(2)).await.unwrap();
    until_parked(&store, "1").await;
    until_parked(&store, "2").await;
    worker.shutdown().await.unwrap();
    let schemas =
        [first.record().await.unwrap(), second.record().await.unwrap()].map(|at| at.frames[0].schema);
    assert_eq!(schemas[0], schemas[1], "they save the very same");

    let worker =
        Worker::builder(&store).register::<third::place_order>().register::<second::place_order_v1>();
    let worker = worker.start().await.unwrap();
    let named: Vec<_> = worker.needs_migration().iter().map(|left_out| left_out.schema).collect();
    assert_eq!(named, [schemas[1]]);
    second.send("go", &1u64).await.unwrap();
    first.send("go", &1u64).await.unwrap();
    assert_eq!(result(&first).await, "1 by the first, kept");
    assert_eq!(second.record().await.unwrap().fence, 1, "nobody has claimed it again");
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_start_under_an_id_that_another_version_has_is_that_execution() {
    let (store, client) = a_store();
    client.start::<first::place_order>("one", first::place_order::input(1)).await.unwrap();
    let again = client.start::<second::place_order>("one", second::place_order::input(1)).await.unwrap();
    let worker = second_release(&store).await;
    again.send("go", &1u64).await.unwrap();
    assert_eq!(result(&again).await, "1 by the first, kept");
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn one_version_twice_is_refused_and_told_how_to_keep_both() {
    #[workflow(name = "place_order")]
    async fn another(id: u64) -> u64 {
        id
    }
    let (store, _) = a_store();
    let worker = Worker::builder(&store).register::<second::place_order_v1>().register::<another>();
    let refused = worker.start().await.expect_err("both are version 1").to_string();
    assert!(refused.contains("version 1 of workflow `place_order`"), "{refused}");
    assert!(refused.contains("`#[workflow(version = 2)]`"), "{refused}");
}
