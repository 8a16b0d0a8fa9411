//! Values that are too large for the store or the worker.

use crate::bad_input::{
    flows::{Seal, grow, note, pack, produce},
    place::{Place, names, shipped, until, within},
};
use durable::{Client, ClientError, SqliteStore, Status, store::StoreError};

fn too_large(error: &ClientError, what: &str) {
    assert!(matches!(error, ClientError::Store(StoreError::PayloadTooLarge { max: 5_000, .. })), "{error:?}");
    assert!(!error.is_transient());
    names(error, &[what, "limit of 5000 bytes", "payload_bytes_max"]);
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_written() {
    let place = Place::new();
    let store = SqliteStore::builder(&place.file).payload_bytes_max(5_000).open().await.unwrap();
    let _worker = place.builder(&store).start().await.unwrap();
    // What is compressed may fit.
    let client = Client::new(&store).compress_above(None);

    let error = client.start("a", note::input("x".repeat(6_000))).await.unwrap_err();
    too_large(&error, "input of execution `a`");
    let note = client.start("a", note::input("small".into())).await.expect("the id is still free");
    within(note.result()).await.unwrap().unwrap();

    let handle = client.start("b", pack::input("parcel of b".into())).await.unwrap();
    until(&handle, Status::Parked).await;
    let error = handle.send("seal", &Seal { by: "x".repeat(6_000) }).await.unwrap_err();
    too_large(&error, "event `seal` for execution `b`");
    place.ships(&client, "b").await;

    let error = handle.send_with_id("x".repeat(257), "seal", &1u8).await.unwrap_err();
    assert!(matches!(error, ClientError::Store(StoreError::PayloadTooLarge { max: 256, .. })), "{error:?}");
    names(&error, &["id of event `seal` for execution `b`", "257 bytes", "limit of 256"]);
}

#[tokio::test]
async fn an_execution_that_outgrows_the_limit_is_set_aside_and_goes_on_under_a_larger_one() {
    let place = Place::new();
    let store = place.open().await;
    let client = Client::new(&store);
    let worker = place
        .builder(&store)
        .register::<grow>()
        .register::<produce>()
        .payload_bytes_max(5_000)
        .start()
        .await
        .unwrap();
    let grows = client.start("grows", grow::input(6_000)).await.unwrap();
    let error = within(grows.result()).await.unwrap_err();
    assert!(matches!(error, ClientError::SetAside { .. }), "{error:?}");
    names(&error, &["`grows`", "snapshot at await point `Ship`", "limit of 5000 bytes", "payload_bytes_max"]);
    let produces = client.start("produces", produce::input(6_000)).await.unwrap();
    let error = within(produces.result()).await.unwrap_err();
    assert!(matches!(error, ClientError::SetAside { .. }), "{error:?}");
    names(&error, &["`produces`", "output", "limit of 5000 bytes", "payload_bytes_max"]);
    let small = client.start("small", grow::input(10)).await.unwrap();
    assert_eq!(within(small.result()).await.unwrap(), 10);
    worker.shutdown().await.unwrap();

    place.redrive("grows");
    place.redrive("produces");
    let _worker = place.builder(&store).register::<grow>().register::<produce>().start().await.unwrap();
    assert_eq!(within(grows.result()).await.unwrap(), 6_000);
    assert_eq!(within(produces.result()).await.unwrap().len(), 6_000);
}

#[tokio::test]
async fn the_stores_own_limit_sets_an_execution_aside_too() {
    let place = Place::parked(&["kept"]).await;
    let store = SqliteStore::builder(&place.file).payload_bytes_max(5_000).open().await.unwrap();
    let client = Client::new(&store);
    // What is compressed may fit.
    let _worker = place.builder(&store).register::<grow>().compress_above(None).start().await.unwrap();
    let error = within(client.start("grows", grow::input(6_000)).await.unwrap().result()).await.unwrap_err();
    assert!(matches!(error, ClientError::SetAside { .. }), "{error:?}");
    names(&error, &["`grows`", "snapshot", "limit of 5000 bytes"]);
    place.ships(&client, "kept").await;
    assert_eq!(place.depot.count(&shipped("kept")), 1);
}
