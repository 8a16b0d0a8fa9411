//! Large locals stand apart from the snapshots they belong to: written once, read wherever the execution goes, and gone when nothing
//! refers to them. In clear and encrypted.

use super::flows::seven;
use crate::bad_input::place::{Place, names, until, within};
use durable::{Client, ClientError, Handle, SqliteStore, Status, Worker, WorkerBuilder, event, workflow};
use durable_core::{Arrived, Run};
use durable_runtime::Keys;
use serde_json::json;

const ROW: &str = "(SELECT row FROM execution WHERE id = ?1)";

async fn read(chapter: u32) -> String {
    format!("on {chapter}")
}

/// The book stays as it is from await point to await point.
#[workflow]
async fn review(book: String, chapters: u32) -> String {
    let mut notes: Vec<String> = Vec::new();
    for chapter in 0..chapters {
        let note: String = read(chapter).await;
        notes.push(note);
    }
    let by: String = event("verdict").await;
    #[at(Sign)]
    let signed: String = read(chapters).await;
    format!("{} notes of {by} {signed}, {} letters", notes.len(), book.len())
}

/// The book changes with each await point, and then nobody needs it.
#[workflow]
async fn write(book: String, chapters: u32) -> usize {
    let mut book: String = book;
    for chapter in 0..chapters {
        let line: String = read(chapter).await;
        book.push_str(&line);
    }
    let letters: usize = book.len();
    drop(book);
    let _: String = event("verdict").await;
    letters
}

/// Its child carries the same book.
#[workflow]
async fn publish(book: String) -> String {
    let review: String = review(book.clone(), 3).await;
    format!("{review}: {}", book.len())
}

fn book(of: &str) -> String {
    format!("a book of {of}, ").repeat(20_000)
}

fn builder(store: &SqliteStore, keys: Option<&Keys>) -> WorkerBuilder {
    let builder = Worker::builder(store).register::<review>().register::<write>().register::<publish>();
    match keys {
        Some(keys) => builder.encryption(keys.clone()),
        None => builder,
    }
}

fn client(store: &SqliteStore, keys: Option<&Keys>) -> Client {
    match keys {
        Some(keys) => Client::new(store).encryption(keys.clone()),
        None => Client::new(store),
    }
}

/// What stands apart: the number that each was given as it was written.
fn apart(place: &Place, id: &str) -> Vec<i64> {
    let query =
        format!("SELECT group_concat(field) FROM (SELECT field FROM large WHERE row = {ROW} ORDER BY field)");
    place.text(&query, id).unwrap_or_default().split(',').filter_map(|field| field.parse().ok()).collect()
}

fn bytes(place: &Place, table: &str, id: &str) -> usize {
    place.blob(&format!("SELECT snapshot FROM {table} WHERE row = {ROW}"), id).len()
}

/// Reviews that wait for their verdict, and whose worker has gone.
async fn waiting(keys: Option<&Keys>, ids: &[&str]) -> (Place, SqliteStore, Client) {
    let place = Place::new();
    let store = place.open().await;
    let client = client(&store, keys);
    let worker = builder(&store, keys).start().await.unwrap();
    for id in ids {
        let handle = client.start(*id, review::input(book(id), 20)).await.unwrap();
        until(&handle, Status::Parked).await;
    }
    worker.shutdown().await.unwrap();
    (place, store, client)
}

async fn finishes(handle: &Handle<review>, id: &str) {
    handle.send("verdict", &"ada".to_owned()).await.unwrap();
    let letters = book(id).len();
    assert_eq!(within(handle.result()).await.unwrap(), format!("20 notes of ada on 20, {letters} letters"));
}

#[tokio::test]
async fn a_local_that_stays_as_it_is_is_written_once_and_read_everywhere() {
    for keys in [None, Some(seven())] {
        let keys = keys.as_ref();
        let (place, store, client) = waiting(keys, &["a"]).await;
        // With the start; and 21 await points have found it there.
        assert_eq!(apart(&place, "a"), [1]);
        assert!(bytes(&place, "input", "a") < 200);
        assert!(bytes(&place, "position", "a") < 500);

        let handle = client.handle::<review>("a").unwrap();
        let state = handle.state_json().await.unwrap();
        assert_eq!((&state["point"], &state["state"]["book"]), (&json!("EventVerdict"), &json!(book("a"))));
        match handle.state().await.unwrap() {
            ReviewState::EventVerdict { book: saved, .. } => assert_eq!(saved, book("a")),
            other => panic!("{other:?}"),
        }
        let blob = handle.export().await.unwrap();
        assert!(blob.len() > book("a").len(), "whole");
        Run::<review>::resume(handle.id().clone(), (), &blob, Arrived::Nothing).unwrap();

        client.start("a", review::input(book("a"), 20)).await.unwrap();
        let error = client.start("a", review::input(book("b"), 20)).await.unwrap_err();
        assert!(matches!(error, ClientError::Conflict { .. }), "{error:?}");
        assert_eq!(apart(&place, "a"), [1]);

        let _worker = builder(&store, keys).start().await.unwrap();
        finishes(&handle, "a").await;
        // The input is kept, to compare starts with.
        assert_eq!(apart(&place, "a"), [1]);
        client.start("a", review::input(book("a"), 20)).await.unwrap();
    }
}

#[tokio::test]
async fn what_nothing_refers_to_any_more_goes() {
    let place = Place::new();
    let store = place.open().await;
    let client = client(&store, None);
    let _worker = builder(&store, None).start().await.unwrap();
    let handle = client.start("a", write::input(book("a"), 9)).await.unwrap();
    until(&handle, Status::Parked).await;
    assert_eq!(apart(&place, "a"), [1], "nine other books are gone, and the start's is left");
    handle.send("verdict", &"ada".to_owned()).await.unwrap();
    within(handle.result()).await.unwrap();
    place.sql("DELETE FROM execution WHERE id = ?1", ["a"]);
    let left: i64 = place.number("SELECT count(*) FROM large");
    assert_eq!(left, 0, "what belongs to no execution");
}

#[tokio::test]
async fn a_child_shares_what_its_parent_has() {
    for keys in [None, Some(seven())] {
        let keys = keys.as_ref();
        let place = Place::new();
        let store = place.open().await;
        let client = client(&store, keys);
        let worker = builder(&store, keys).start().await.unwrap();
        let handle = client.start("a", publish::input(book("a"))).await.unwrap();
        until(&handle, Status::Parked).await;
        assert_eq!(apart(&place, "a"), [1]);
        let state = handle.state_json().await.unwrap();
        assert_eq!(state["child"]["state"]["book"], json!(book("a")));
        worker.shutdown().await.unwrap();
        let _worker = builder(&store, keys).start().await.unwrap();
        handle.send("verdict", &"ada".to_owned()).await.unwrap();
        let letters = book("a").len();
        let expected = format!("3 notes of ada on 3, {letters} letters: {letters}");
        assert_eq!(within(handle.result()).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn workers_and_clients_that_keep_snapshots_whole_read_what_stands_apart_and_the_reverse() {
    let (place, store, client) = waiting(None, &["a"]).await;
    let whole = Client::new(&store).large_fields_above(None).compress_above(None);
    whole.start("a", review::input(book("a"), 20)).await.unwrap();
    let worker = builder(&store, None).large_fields_above(None).compress_above(None).start().await.unwrap();
    let b = whole.start("b", review::input(book("b"), 20)).await.unwrap();
    until(&b, Status::Parked).await;
    assert!(apart(&place, "b").is_empty());
    assert!(bytes(&place, "position", "b") > book("b").len());
    finishes(&client.handle("a").unwrap(), "a").await;
    worker.shutdown().await.unwrap();
    let _worker = builder(&store, None).start().await.unwrap();
    client.start("b", review::input(book("b"), 20)).await.unwrap();
    finishes(&client.handle("b").unwrap(), "b").await;
}

#[tokio::test]
async fn what_is_missing_damaged_or_anothers_is_told_and_set_aside_until_it_is_back() {
    for keys in [None, Some(seven())] {
        let keys = keys.as_ref();
        let (place, store, client) = waiting(keys, &["missing", "damaged", "swapped", "other"]).await;
        let stored = |id: &str| place.blob(&format!("SELECT bytes FROM large WHERE row = {ROW}"), id);
        let set = |id: &str, bytes: &[u8]| {
            place.sql(&format!("UPDATE large SET bytes = ?2 WHERE row = {ROW}"), (id, bytes));
        };
        let ids = ["missing", "damaged", "swapped"];
        let before = ids.map(stored);
        place.sql(&format!("UPDATE large SET row = -row WHERE row = {ROW}"), ["missing"]);
        let mut damaged = before[1].clone();
        damaged[60] ^= 1;
        set("damaged", &damaged);
        set("swapped", &stored("other"));

        let reasons = match keys {
            None => ["is not in the store", "checksum", "another one"],
            Some(_) => ["is not in the store", "checksum", "moved here from another execution"],
        };
        for (id, reason) in ids.into_iter().zip(reasons) {
            let handle = client.handle::<review>(id).unwrap();
            let error = handle.state_json().await.unwrap_err();
            assert!(matches!(error, ClientError::Payload { what: "snapshot", .. }), "{error:?}");
            names(&error, &[id, reason, "backup"]);
            handle.send("verdict", &"ada".to_owned()).await.unwrap();
        }
        let worker = builder(&store, keys).start().await.unwrap();
        for (id, reason) in ids.into_iter().zip(reasons) {
            let error = within(client.handle::<review>(id).unwrap().result()).await.unwrap_err();
            assert!(matches!(error, ClientError::SetAside { .. }), "{error:?}");
            names(&error, &["frame 0", "await point `EventVerdict`", reason, "backup"]);
        }
        worker.shutdown().await.unwrap();
        place.sql("UPDATE large SET row = -row WHERE row < 0", []);
        for (id, bytes) in ids.into_iter().zip(&before) {
            set(id, bytes);
        }
        let _worker = builder(&store, keys).start().await.unwrap();
        for id in ids {
            let handle = client.handle::<review>(id).unwrap();
            handle.redrive().await.unwrap();
            let letters = book(id).len();
            let expected = format!("20 notes of ada on 20, {letters} letters");
            assert_eq!(within(handle.result()).await.unwrap(), expected);
        }
    }
}

#[tokio::test]
async fn a_large_local_is_edited_and_a_damaged_one_replaced_by_hand() {
    for keys in [None, Some(seven())] {
        let keys = keys.as_ref();
        let (place, store, client) = waiting(keys, &["a"]).await;
        let handle = client.handle::<review>("a").unwrap();
        let mut state = handle.state_json().await.unwrap();
        state["state"]["notes"][0] = json!("off by one");
        assert!(handle.edit_json(&state, "ada").await.unwrap());
        assert_eq!(apart(&place, "a"), [1], "only a small one was edited");
        state["state"]["book"] = json!(book("b"));
        assert!(handle.edit_json(&state, "ada").await.unwrap());
        assert_eq!(apart(&place, "a"), [1, 2], "the input's, and what was edited");

        place.sql("UPDATE large SET bytes = x'00' WHERE field = ?1", [2]);
        assert!(handle.state_json().await.is_err());
        assert!(handle.edit_json(&state, "ada").await.unwrap());
        assert_eq!(handle.state_json().await.unwrap(), state);
        let _worker = builder(&store, keys).start().await.unwrap();
        finishes(&handle, "b").await;
    }
}

#[tokio::test]
async fn kept_snapshots_and_forks_have_their_large_locals() {
    for keys in [None, Some(seven())] {
        let keys = keys.as_ref();
        let place = Place::new();
        let store = place.open().await;
        let client = client(&store, keys);
        let worker = builder(&store, keys).keep_snapshots(4).start().await.unwrap();
        let handle = client.start("a", write::input(book("a"), 9)).await.unwrap();
        until(&handle, Status::Parked).await;
        let kept = handle.snapshots().await.unwrap();
        assert_eq!(kept.len(), 4);
        // The input's and those of three rounds; what was kept last has none.
        assert_eq!(apart(&place, "a").len(), 4);
        let fork = handle.fork(Some(kept[0].epoch), "b", "ada").await.unwrap();
        handle.fork(Some(kept[0].epoch), "b", "ada").await.unwrap();
        until(&fork, Status::Parked).await;
        fork.send("verdict", &"ada".to_owned()).await.unwrap();
        let letters = book("a").len() + "on 0".len() * 9;
        assert_eq!(within(fork.result()).await.unwrap(), letters);

        worker.shutdown().await.unwrap();
        handle.rewind(kept[0].epoch, "ada").await.unwrap();
        let state = handle.state_json().await.unwrap();
        assert!(state["state"]["book"].as_str().unwrap().ends_with("on 5"), "the rounds before it");
        let _worker = builder(&store, keys).start().await.unwrap();
        handle.send("verdict", &"ada".to_owned()).await.unwrap();
        assert_eq!(within(handle.result()).await.unwrap(), letters);
    }
}

#[tokio::test]
async fn after_a_rotation_what_is_saved_next_is_encrypted_with_the_new_key() {
    let (place, store, client) = waiting(Some(&seven()), &["a"]).await;
    let with = |key: u32| format!("SELECT count(*) FROM large WHERE substr(bytes, 9, 4) = x'0{key}000000'");
    assert_eq!((place.number(&with(7)), place.number(&with(8))), (1, 0));
    let rotated = Keys::new(8, [8; 32]).older(7, [7; 32]).unwrap();
    let worker = builder(&store, Some(&rotated)).keep_snapshots(1).start().await.unwrap();
    let handle = client.handle::<review>("a").unwrap();
    handle.send("verdict", &"ada".to_owned()).await.unwrap();
    within(self::client(&store, Some(&rotated)).handle::<review>("a").unwrap().result()).await.unwrap();
    worker.shutdown().await.unwrap();
    // The input's, and that of the snapshot that was kept.
    assert_eq!((place.number(&with(7)), place.number(&with(8))), (1, 1));
    let error = client.handle::<review>("a").unwrap().result().await.unwrap_err();
    names(&error, &["key 8", "does not have"]);
}

#[tokio::test]
async fn equal_locals_of_two_executions_have_other_addresses() {
    for keys in [None, Some(seven())] {
        let keys = keys.as_ref();
        let place = Place::new();
        let store = place.open().await;
        let client = client(&store, keys);
        for id in ["a", "b"] {
            client.start(id, review::input(book("both"), 1)).await.unwrap();
        }
        let [a, b] =
            ["a", "b"].map(|id| place.blob(&format!("SELECT content FROM large WHERE row = {ROW}"), id));
        assert_ne!(a, b);
    }
}
