//! Values of a type that contains itself: as deep as a stack holds they are saved and read; deeper ones are refused before they are, and
//! what someone put into the store ends in an error, and not in the end of the process.

use super::place::{Place, names, until, within};
use durable::{Client, ClientError, SqliteStore, Status, Worker, event, workflow};
use durable_core::stored::{self, Form};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Nested {
    Core,
    Shell(Box<Nested>),
}

fn shells(count: u32) -> Nested {
    (0..count).fold(Nested::Core, |inner, _| Nested::Shell(Box::new(inner)))
}

fn count(mut nested: &Nested) -> u32 {
    let mut count = 0;
    while let Nested::Shell(inner) = nested {
        (nested, count) = (inner, count + 1);
    }
    count
}

#[workflow]
async fn keep(shells_of: u32) -> u32 {
    let nested: Nested = shells(shells_of);
    let more: u32 = event("more").await;
    count(&nested) + more
}

#[workflow]
async fn carry(nested: Nested) -> u32 {
    let more: u32 = event("more").await;
    count(&nested) + more
}

async fn worker(store: &SqliteStore) -> Worker {
    Worker::builder(store).register::<keep>().register::<carry>().start().await.unwrap()
}

#[tokio::test]
async fn what_is_nested_as_deep_as_a_stack_holds_is_saved_and_read() {
    let place = Place::new();
    let store = place.open().await;
    let client = Client::new(&store);
    let first = worker(&store).await;
    let kept = client.start("kept", keep::input(150)).await.unwrap();
    let carried = client.start("carried", carry::input(shells(150))).await.unwrap();
    until(&kept, Status::Parked).await;
    until(&carried, Status::Parked).await;
    first.shutdown().await.unwrap();
    let _second = worker(&store).await;
    for handle in [&kept.id().clone(), &carried.id().clone()] {
        client.handle::<keep>(handle).unwrap().send("more", &1u32).await.unwrap();
    }
    assert_eq!(within(kept.result()).await.unwrap(), 151);
    assert_eq!(within(carried.result()).await.unwrap(), 151);
}

#[tokio::test]
async fn what_is_nested_deeper_is_refused_before_it_is_saved() {
    let place = Place::new();
    let store = place.open().await;
    let client = Client::new(&store);
    let _worker = worker(&store).await;
    let handle = client.start("kept", keep::input(1_000)).await.unwrap();
    let error = within(handle.result()).await.unwrap_err();
    assert!(matches!(error, ClientError::SetAside { .. }), "{error:?}");
    names(
        &error,
        &["await point `EventMore`", "`nested` cannot be saved", "deeper than 512 levels", "flatten"],
    );

    let error = client.start("carried", carry::input(shells(1_000))).await.err().unwrap();
    names(&error, &["parameter `nested` of workflow `carry`", "deeper than 512 levels"]);
    assert!(matches!(
        client.handle::<carry>("carried").unwrap().status().await,
        Err(ClientError::UnknownExecution(_))
    ));
}

#[tokio::test]
async fn a_snapshot_that_claims_a_million_levels_is_set_aside() {
    let place = Place::new();
    let store = place.open().await;
    let client = Client::new(&store);
    let first = worker(&store).await;
    let handle = client.start("kept", keep::input(3)).await.unwrap();
    until(&handle, Status::Parked).await;
    first.shutdown().await.unwrap();

    let query = "SELECT snapshot FROM position WHERE row = (SELECT row FROM execution WHERE id = ?1)";
    let mut snapshot = place.blob(query, "kept");
    snapshot.truncate(Form::Snapshot.header_bytes());
    snapshot.extend(std::iter::repeat_n(1, 1_000_000));
    snapshot.push(0);
    stored::sum(Form::Snapshot, &mut snapshot);
    let update = "UPDATE position SET snapshot = ?2 WHERE row = (SELECT row FROM execution WHERE id = ?1)";
    place.sql(update, ("kept", &snapshot));
    assert!(handle.state().await.is_err());
    assert!(handle.state_json().await.is_err());

    handle.send("more", &1u32).await.unwrap();
    let _second = worker(&store).await;
    let error = within(handle.result()).await.unwrap_err();
    assert!(matches!(error, ClientError::SetAside { .. }), "{error:?}");
    names(&error, &["await point `EventMore`", "deeper than 512 levels"]);
}
