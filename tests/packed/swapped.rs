//! Encrypted payloads that someone moved about in the file: noticed, set aside, and whole again once they are back.

use super::flows::{builder, client, collapse, patient, round, seven, treat};
use crate::bad_input::place::{Place, names, until, within};
use durable::{Client, ClientError, SqliteStore, Status};

const ROW: &str = "(SELECT row FROM execution WHERE id = ?1)";

/// Executions that wait for their doctor; `c` in a child.
async fn wards() -> (Place, SqliteStore, Client) {
    let place = Place::new();
    let store = place.open().await;
    let client = client(&store);
    let worker = builder(&place, &store).encryption(seven()).start().await.unwrap();
    for id in ["a", "b"] {
        let handle = client.start(id, treat::input(patient(id))).await.unwrap();
        until(&handle, Status::Parked).await;
    }
    until(&client.start("c", round::input(patient("c"))).await.unwrap(), Status::Parked).await;
    worker.shutdown().await.unwrap();
    (place, store, client)
}

fn get(place: &Place, column: &str, table: &str, id: &str) -> Vec<u8> {
    place.blob(&format!("SELECT {column} FROM {table} WHERE row = {ROW}"), id)
}

fn set(place: &Place, column: &str, table: &str, id: &str, bytes: &[u8]) {
    place.sql(&format!("UPDATE {table} SET {column} = ?2 WHERE row = {ROW}"), (id, bytes));
}

async fn is_refused(client: &Client, id: &str, reason: &[&str]) {
    let handle = client.handle::<treat>(id).unwrap();
    let error = within(handle.result()).await.unwrap_err();
    assert!(matches!(error, ClientError::SetAside { .. }), "{error:?}");
    names(&error, &["moved here", "key 7", "backup"]);
    names(&error, reason);
}

#[tokio::test]
async fn snapshots_swapped_between_executions_are_refused_and_can_be_put_back() {
    let (place, store, client) = wards().await;
    let [a, b] = ["a", "b"].map(|id| get(&place, "snapshot", "position", id));
    set(&place, "snapshot", "position", "a", &b);
    set(&place, "snapshot", "position", "b", &a);
    let error = client.handle::<treat>("a").unwrap().state().await.unwrap_err();
    assert!(matches!(error, ClientError::Payload { what: "snapshot", .. }), "{error:?}");
    names(&error, &["`a`", "moved here from another execution"]);

    let worker = builder(&place, &store).encryption(seven()).start().await.unwrap();
    for id in ["a", "b"] {
        client.handle::<treat>(id).unwrap().send("doctor", &"grace".to_owned()).await.unwrap();
        is_refused(&client, id, &["frame 0", "await point `EventDoctor`"]).await;
    }
    worker.shutdown().await.unwrap();
    for (id, bytes) in [("a", a), ("b", b)] {
        set(&place, "snapshot", "position", id, &bytes);
        place.redrive(id);
    }
    let _worker = builder(&place, &store).encryption(seven()).start().await.unwrap();
    for id in ["a", "b"] {
        let result = within(client.handle::<treat>(id).unwrap().result()).await.unwrap().unwrap();
        assert_eq!(result, format!("letter about {id}: referred to grace"));
    }
}

#[tokio::test]
async fn an_earlier_snapshot_of_the_same_execution_is_refused() {
    let (place, store, client) = wards().await;
    // Its start, in place of the await point it has reached; even with the row's other columns as they were, it is another visit.
    let input = get(&place, "snapshot", "input", "a");
    let schema = u32::from_le_bytes(input[4..8].try_into().unwrap());
    set(&place, "snapshot", "position", "a", &input);
    place.sql(&format!("UPDATE position SET schema = ?2 WHERE row = {ROW}"), ("a", schema));
    client.handle::<treat>("a").unwrap().send("doctor", &"grace".to_owned()).await.unwrap();
    let _worker = builder(&place, &store).encryption(seven()).start().await.unwrap();
    is_refused(&client, "a", &["await point `Start`"]).await;
}

#[tokio::test]
async fn a_snapshot_of_one_frame_is_refused_in_another_and_so_is_another_epoch_in_its_header() {
    let (place, store, client) = wards().await;
    let child = get(&place, "snapshot", "frame", "c");
    set(&place, "snapshot", "position", "c", &child);
    place.sql(
        &format!(
            "UPDATE position SET schema = (SELECT schema FROM frame WHERE row = {ROW}) WHERE row = {ROW}"
        ),
        ["c"],
    );
    let mut epoch = get(&place, "snapshot", "position", "b");
    epoch[8] ^= 1;
    durable_core::stored::sum(durable_core::stored::Form::Snapshot, &mut epoch);
    set(&place, "snapshot", "position", "b", &epoch);
    let _worker = builder(&place, &store).encryption(seven()).start().await.unwrap();
    for id in ["b", "c"] {
        client.handle::<treat>(id).unwrap().send("doctor", &"grace".to_owned()).await.unwrap();
        is_refused(&client, id, &["frame 0"]).await;
    }
}

#[tokio::test]
async fn an_input_of_another_execution_is_no_start_of_this_one() {
    let (place, _store, client) = wards().await;
    let b = get(&place, "snapshot", "input", "b");
    set(&place, "snapshot", "input", "a", &b);
    let error = client.start("a", treat::input(patient("b"))).await.unwrap_err();
    assert!(matches!(error, ClientError::Payload { what: "input", .. }), "{error:?}");
    names(&error, &["input of execution `a`", "moved here"]);
}

#[tokio::test]
async fn events_and_outputs_are_refused_elsewhere() {
    let (place, store, client) = wards().await;
    for id in ["a", "b"] {
        client.handle::<treat>(id).unwrap().send("doctor", &format!("grace of {id}")).await.unwrap();
    }
    let event = get(&place, "payload", "event", "b");
    set(&place, "payload", "event", "a", &event);
    // Sent under another name.
    client.handle::<round>("c").unwrap().send("nurse", &"joy".to_owned()).await.unwrap();
    place.sql(&format!("UPDATE event SET name = 'doctor' WHERE row = {ROW}"), ["c"]);
    place.sql("UPDATE execution SET wake = 0 WHERE id = ?1", ["c"]);
    let _worker = builder(&place, &store).encryption(seven()).start().await.unwrap();
    is_refused(&client, "a", &["event `doctor`"]).await;
    is_refused(&client, "c", &["event `doctor`"]).await;

    let b = client.handle::<treat>("b").unwrap();
    within(b.result()).await.unwrap().unwrap();
    let d = client.start("d", treat::input(patient("d"))).await.unwrap();
    d.send("doctor", &"grace".to_owned()).await.unwrap();
    within(d.result()).await.unwrap().unwrap();
    let output = place.blob("SELECT output FROM execution WHERE id = ?1", "d");
    place.sql("UPDATE execution SET output = ?2 WHERE id = ?1", ("b", output));
    let error = b.result().await.unwrap_err();
    assert!(matches!(error, ClientError::Payload { what: "output", .. }), "{error:?}");
    names(&error, &["output of execution `b`", "moved here"]);
}

#[tokio::test]
async fn an_error_text_of_another_execution_is_not_shown() {
    let place = Place::new();
    let store = place.open().await;
    let client = client(&store);
    let _worker = builder(&place, &store).encryption(seven()).start().await.unwrap();
    let [a, b] = ["a", "b"].map(|id| client.handle::<collapse>(id).unwrap());
    for id in ["a", "b"] {
        let handle = client.start(id, collapse::input(patient(id))).await.unwrap();
        let error = within(handle.result()).await.unwrap_err();
        names(&error, &[&format!("{id} collapsed")]);
    }
    place.sql(
        "UPDATE execution SET error = (SELECT error FROM execution WHERE id = ?2) WHERE id = ?1",
        ["a", "b"],
    );
    let error = a.result().await.unwrap_err();
    names(&error, &["cannot be read", "moved here"]);
    assert!(!error.to_string().contains("collapsed"), "{error}");
    names(&b.result().await.unwrap_err(), &["b collapsed"]);
}
