//! Keys: rotated, missing, wrong, and put to use in a store that was in clear before.

use super::flows::{builder, client, patient, seven, treat};
use crate::bad_input::place::{Place, names, until, within};
use durable::{Client, ClientError, Handle, SqliteStore, Status};
use durable_runtime::{KeyId, Keys, PayloadError};
use std::time::Duration;

const SNAPSHOT: &str = "SELECT snapshot FROM position WHERE row = (SELECT row FROM execution WHERE id = ?1)";

/// One that was started and waits for its doctor, and whose worker has gone.
async fn waiting(place: &Place, store: &SqliteStore, client: &Client, keys: Option<Keys>) -> Handle<treat> {
    let worker = builder(place, store);
    let worker = match keys {
        Some(keys) => worker.encryption(keys),
        None => worker,
    };
    let worker = worker.start().await.unwrap();
    let handle = client.start("a", treat::input(patient("ada"))).await.unwrap();
    until(&handle, Status::Parked).await;
    worker.shutdown().await.unwrap();
    handle
}

#[tokio::test]
async fn after_a_rotation_old_executions_go_on_and_are_written_with_the_new_key() {
    let place = Place::new();
    let store = place.open().await;
    let handle = waiting(&place, &store, &client(&store), Some(seven())).await;
    assert_eq!(place.blob(SNAPSHOT, "a")[20..24], 7u32.to_le_bytes());

    let rotated = Keys::new(8, [8; 32]).older(7, [7; 32]).unwrap();
    let client = Client::new(&store).encryption(rotated.clone());
    let _worker = builder(&place, &store).encryption(rotated).start().await.unwrap();
    // The same start, although it was encrypted with another key and nonce.
    client.start("a", treat::input(patient("ada"))).await.unwrap();
    let error = client.start("a", treat::input(patient("grace"))).await.unwrap_err();
    assert!(matches!(error, ClientError::Conflict { .. }), "{error:?}");
    client.handle::<treat>("a").unwrap().send("doctor", &"nobody".to_owned()).await.unwrap();
    let _ = within(client.handle::<treat>("a").unwrap().result()).await.unwrap().unwrap_err();
    assert_eq!(place.blob(SNAPSHOT, "a")[20..24], 8u32.to_le_bytes(), "its last snapshot is kept, and new");
    // Whoever was not given the new key is told which one it is.
    let error = handle.result().await.unwrap_err();
    names(&error, &["output of execution `a`", "key 8", "does not have"]);
}

#[tokio::test]
async fn without_the_right_key_an_execution_is_left_alone_until_a_worker_has_it() {
    let place = Place::new();
    let store = place.open().await;
    let handle = waiting(&place, &store, &client(&store), Some(seven())).await;
    let before = handle.record().await.unwrap();

    let lacks = [
        (None, PayloadError::MissingKey { key: KeyId(7) }, "does not have"),
        (Some(Keys::new(8, [7; 32])), PayloadError::MissingKey { key: KeyId(7) }, "does not have"),
        (Some(Keys::new(7, [6; 32])), PayloadError::WrongKey { key: KeyId(7) }, "another one"),
    ];
    handle.send("doctor", &"grace".to_owned()).await.unwrap();
    for (keys, error, words) in lacks {
        let (worker, client) = (builder(&place, &store), Client::new(&store));
        let (worker, client) = match keys {
            Some(keys) => (worker.encryption(keys.clone()), client.encryption(keys)),
            None => (worker, client),
        };
        let worker = worker.start().await.unwrap();
        within(async {
            while worker.unreadable().is_empty() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
        .await;
        assert_eq!(worker.unreadable(), [error]);
        // Others go on meanwhile.
        let other = client.start(format!("other {words}"), treat::input(patient("eve"))).await.unwrap();
        until(&other, Status::Parked).await;

        let blind = client.handle::<treat>("a").unwrap();
        for refused in [blind.state().await.unwrap_err(), blind.state_json().await.unwrap_err()] {
            assert!(matches!(refused, ClientError::Payload { what: "snapshot", .. }), "{refused:?}");
            names(&refused, &["snapshot of execution `a`", "key 7", words]);
        }
        let refused = client.start("a", treat::input(patient("ada"))).await.unwrap_err();
        assert!(matches!(refused, ClientError::Payload { what: "input", .. }), "{refused:?}");
        names(&refused, &["input of execution `a`", "key 7", words]);
        worker.shutdown().await.unwrap();
        // Nothing was written, neither a commit nor an attempt nor a line of history.
        let after = handle.record().await.unwrap();
        assert_eq!((after.epoch, after.crashes, &after.error), (before.epoch, 0, &None));
        assert_eq!(after.frames[0].snapshot, before.frames[0].snapshot);
        assert!(!after.status.is_terminal() && after.status != Status::SetAside, "{:?}", after.status);
        assert_eq!(handle.history().await.unwrap().len(), 2);
    }

    let _worker = builder(&place, &store).encryption(seven()).start().await.unwrap();
    assert_eq!(within(handle.result()).await.unwrap().unwrap(), "letter about ada: referred to grace");
}

#[tokio::test]
async fn a_worker_without_the_key_leaves_an_execution_to_one_that_has_it_in_the_same_fleet() {
    let place = Place::new();
    let store = place.open().await;
    let handle = waiting(&place, &store, &client(&store), Some(seven())).await;
    handle.send("doctor", &"grace".to_owned()).await.unwrap();
    let without = builder(&place, &store).start().await.unwrap();
    within(async {
        while without.unreadable().is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    // Of another process, as far as notices go: it hears of what was given back only some time later.
    let elsewhere = place.open().await;
    let _with = builder(&place, &elsewhere).encryption(seven()).start().await.unwrap();
    assert_eq!(within(handle.result()).await.unwrap().unwrap(), "letter about ada: referred to grace");
}

#[tokio::test]
async fn an_event_under_a_key_that_is_missing_waits_too() {
    let place = Place::new();
    let store = place.open().await;
    let handle = waiting(&place, &store, &Client::new(&store), None).await;
    client(&store).handle::<treat>("a").unwrap().send("doctor", &"grace".to_owned()).await.unwrap();
    let worker = builder(&place, &store).start().await.unwrap();
    within(async {
        while worker.unreadable().is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    worker.shutdown().await.unwrap();
    let _worker = builder(&place, &store).encryption(seven()).start().await.unwrap();
    assert_eq!(
        within(client(&store).handle::<treat>("a").unwrap().result()).await.unwrap().unwrap(),
        "letter about ada: referred to grace"
    );
    drop(handle);
}

#[tokio::test]
async fn an_execution_whose_key_is_missing_can_be_cancelled() {
    let place = Place::new();
    let store = place.open().await;
    let handle = waiting(&place, &store, &client(&store), Some(seven())).await;
    let _worker = builder(&place, &store).start().await.unwrap();
    assert!(handle.cancel().await.unwrap());
    until(&handle, Status::Cancelled).await;
}

#[tokio::test]
async fn what_was_begun_in_clear_goes_on_encrypted() {
    let place = Place::new();
    let store = place.open().await;
    let plainly = Client::new(&store);
    let handle = waiting(&place, &store, &plainly, None).await;
    handle.send("doctor", &"nobody".to_owned()).await.unwrap();

    // With keys that take nothing else it would not be touched, by a worker or a client.
    let strict = seven().refuse_clear();
    let worker = builder(&place, &store).encryption(strict.clone()).start().await.unwrap();
    within(async {
        while worker.unreadable().is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    assert_eq!(worker.unreadable(), [PayloadError::InClear]);
    worker.shutdown().await.unwrap();
    let strict = Client::new(&store).encryption(strict);
    for error in [
        strict.state_json("a").await.unwrap_err(),
        strict.start("a", treat::input(patient("ada"))).await.err().unwrap(),
    ] {
        names(&error, &["execution `a`", "not encrypted", "`refuse_clear`"]);
    }

    let client = client(&store);
    client.start("a", treat::input(patient("ada"))).await.unwrap();
    assert_eq!(client.state_json("a").await.unwrap()["state"]["letter"], "letter about ada");
    let _worker = builder(&place, &store).encryption(seven()).start().await.unwrap();
    let error = within(client.handle::<treat>("a").unwrap().result()).await.unwrap().unwrap_err();
    assert_eq!(error.0, "nobody takes no patients");
    assert_eq!(place.blob(SNAPSHOT, "a")[2..4], [2, 0], "its last snapshot is encrypted");
    let error = handle.result().await.unwrap_err();
    names(&error, &["output of execution `a`", "key 7", "`Keys`"]);
    // What a client may not read does not keep it from what it may.
    let record = handle.record().await.unwrap();
    assert_eq!(record.status, Status::Failed);
    names(&record.error.unwrap(), &["cannot be read", "key 7"]);
}

#[tokio::test]
async fn an_edit_reads_and_writes_what_is_encrypted_and_needs_the_key() {
    let place = Place::new();
    let store = place.open().await;
    let handle = waiting(&place, &store, &client(&store), Some(seven())).await;
    let mut state = handle.state_json().await.unwrap();
    state["state"]["letter"] = "letter by hand".into();

    let blind = Client::new(&store);
    let refused = blind.edit_json("a", &state, "eve").await.unwrap_err();
    assert!(matches!(refused, ClientError::Payload { what: "snapshot", .. }), "{refused:?}");

    assert!(handle.edit_json(&state, "ada").await.unwrap());
    assert_eq!(handle.state_json().await.unwrap()["state"]["letter"], "letter by hand");
    let stored = place.blob(SNAPSHOT, "a");
    assert_eq!(stored[20..24], 7u32.to_le_bytes(), "it is encrypted again");
    assert!(!stored.windows(7).any(|window| window == b"by hand"));

    let _worker = builder(&place, &store).encryption(seven()).start().await.unwrap();
    handle.send("doctor", &"grace".to_owned()).await.unwrap();
    let output = within(handle.result()).await.unwrap().unwrap();
    assert_eq!(output, "letter by hand: referred to grace");
}
