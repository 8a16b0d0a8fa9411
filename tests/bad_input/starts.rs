//! Ids that cannot be one, and ids that are taken.

use crate::bad_input::{
    flows::{note, pack, tally},
    place::{Place, names, within},
};
use durable::{
    Client, ClientError,
    store::{Filter, InvalidId},
};
use std::collections::HashMap;

#[tokio::test]
async fn an_id_is_1_to_256_bytes() {
    let place = Place::new();
    let store = place.open().await;
    let _worker = place.builder(&store).start().await.unwrap();
    let client = Client::new(&store);
    let error = client.start("", note::input("x".into())).await.unwrap_err();
    assert!(matches!(error, ClientError::InvalidId(InvalidId::Empty)), "{error:?}");
    names(&error, &["must not be empty", "1 to 256 bytes"]);
    // Bytes, not characters.
    for id in ["x".repeat(257), "é".repeat(129)] {
        let bytes = id.len();
        let error = client.start(&id, note::input("x".into())).await.unwrap_err();
        assert!(
            matches!(error, ClientError::InvalidId(InvalidId::TooLong { bytes: found }) if found == bytes),
            "{error:?}"
        );
        names(&error, &[&format!("{bytes} bytes"), "256 bytes", "shorter"]);
        assert!(matches!(client.handle::<note>(&id), Err(ClientError::InvalidId(_))));
    }
    for id in ["x".repeat(256), "é".repeat(128), "a\0b\n'\"".into()] {
        let handle = client.start(&id, note::input("x".into())).await.unwrap();
        within(handle.result()).await.unwrap().unwrap();
        assert_eq!(handle.record().await.unwrap().id.as_str(), id);
    }
    assert_eq!(
        client.list(Filter::default()).await.unwrap().len(),
        3,
        "what was refused left nothing behind"
    );
}

#[tokio::test]
async fn an_id_that_is_taken_by_another_input_or_workflow_is_a_conflict() {
    let place = Place::parked(&["a"]).await;
    let store = place.open().await;
    let _worker = place.builder(&store).start().await.unwrap();
    let client = Client::new(&store);
    let error = client.start("a", pack::input("another".into())).await.unwrap_err();
    assert!(matches!(&error, ClientError::Conflict { id, .. } if id.as_str() == "a"), "{error:?}");
    names(&error, &["`a` exists already (parked)", "`pack`", "another input", "use another id, or `handle`"]);
    let error = client.start("a", note::input("another".into())).await.unwrap_err();
    assert!(matches!(&error, ClientError::Conflict { requested: "note", .. }), "{error:?}");
    names(&error, &["`pack`", "asked for was workflow `note`", "use another id"]);

    let again = client.start("a", pack::input("parcel of a".into())).await.expect("it is the same start");
    place.ships(&client, "a").await;
    within(again.result()).await.unwrap();
    let error = client.start("a", pack::input("another".into())).await.unwrap_err();
    names(&error, &["exists already (succeeded)"]);
    assert_eq!(place.depot.count("label parcel of a"), 1);
}

#[tokio::test]
async fn equal_maps_in_another_order_are_the_same_input() {
    // E5. Each map has its own random state, so with 50 keys no two of these encode alike.
    let counts = || (0..50).map(|n| (format!("key {n}"), n)).collect::<HashMap<String, u32>>();
    let place = Place::new();
    let store = place.open().await;
    let client = Client::new(&store);
    client.start("a", tally::input(counts())).await.unwrap();
    for _ in 0..5 {
        client.start("a", tally::input(counts())).await.unwrap();
    }
    let mut others = counts();
    others.insert("key 0".into(), 1);
    let error = client.start("a", tally::input(others)).await.unwrap_err();
    assert!(matches!(error, ClientError::Conflict { .. }), "{error:?}");

    let _worker = place.builder(&store).register::<tally>().start().await.unwrap();
    let again = client.start("a", tally::input(counts())).await.unwrap();
    assert_eq!(within(again.result()).await.unwrap(), 49 * 50 / 2);
    assert_eq!(place.depot.count("tally"), 1);
}
