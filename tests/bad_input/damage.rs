//! Snapshots that were damaged in the file: set aside with the reason, and back to work with the repaired bytes.

use crate::bad_input::{
    flows::{Seal, note, pack},
    place::{Place, names, shipped, until, within},
};
use durable::{Client, ClientError, Status};

const SNAPSHOT: &str = "SELECT snapshot FROM position WHERE row = (SELECT row FROM execution WHERE id = ?1)";
const SET_SNAPSHOT: &str =
    "UPDATE position SET snapshot = ?2 WHERE row = (SELECT row FROM execution WHERE id = ?1)";
const INPUT: &str = "SELECT snapshot FROM input WHERE row = (SELECT row FROM execution WHERE id = ?1)";
const SET_INPUT: &str =
    "UPDATE input SET snapshot = ?2 WHERE row = (SELECT row FROM execution WHERE id = ?1)";

type Damage = fn(&mut Vec<u8>);

/// What happens to the bytes, and how the reason must call it.
const DAMAGES: &[(&str, Damage, &str)] = &[
    ("cut", |bytes| bytes.truncate(bytes.len() - 1), "damaged: its checksum"),
    ("header", |bytes| bytes.truncate(10), "truncated: 10 bytes"),
    ("emptied", Vec::clear, "truncated: 0 bytes"),
    ("flipped", |bytes| *bytes.last_mut().unwrap() ^= 0x10, "damaged: its checksum"),
    ("row", |bytes| bytes[4] ^= 2, "damaged: its checksum"),
    ("zeroed", |bytes| bytes.fill(0), "damaged: its checksum"),
    ("grown", |bytes| bytes.push(0), "damaged: its checksum"),
];

#[tokio::test]
async fn a_damaged_snapshot_sets_its_execution_aside_and_the_others_go_on() {
    let ids: Vec<&str> = DAMAGES.iter().map(|(id, ..)| *id).chain(["whole"]).collect();
    let place = Place::parked(&ids).await;
    let mut whole = Vec::new();
    for (id, damage, _) in DAMAGES {
        let bytes = place.blob(SNAPSHOT, id);
        let mut damaged = bytes.clone();
        damage(&mut damaged);
        place.sql(SET_SNAPSHOT, (id, damaged));
        whole.push(bytes);
    }

    let store = place.open().await;
    let client = Client::new(&store);
    for (id, _, reason) in DAMAGES {
        let error = client.handle::<pack>(*id).unwrap().state().await.unwrap_err();
        assert!(
            matches!(&error, ClientError::Snapshot { id: named, .. } if named.as_str() == *id),
            "{error:?}"
        );
        names(&error, &[&format!("`{id}`"), reason, "backup"]);
    }

    let worker = place.builder(&store).start().await.unwrap();
    for (id, _, reason) in DAMAGES {
        let handle = client.handle::<pack>(*id).unwrap();
        handle.send("seal", &Seal { by: "ada".into() }).await.unwrap();
        let error = within(handle.result()).await.unwrap_err();
        assert!(
            matches!(&error, ClientError::SetAside { id: named, .. } if named.as_str() == *id),
            "{error:?}"
        );
        names(
            &error,
            &[&format!("`{id}`"), "set aside", "frame 0", "await point `EventSeal`", reason, "backup"],
        );
        assert_eq!(handle.record().await.unwrap().frames.len(), 1, "what is left of it is kept");
    }
    place.ships(&client, "whole").await;
    within(client.start("new", note::input("new".into())).await.unwrap().result()).await.unwrap().unwrap();
    worker.shutdown().await.unwrap();
    for (id, ..) in DAMAGES {
        assert_eq!(place.depot.count(&shipped(id)), 0);
    }

    // With the bytes of a backup each goes on where it stood, and receives the event that came meanwhile.
    for ((id, ..), bytes) in DAMAGES.iter().zip(whole) {
        place.sql(SET_SNAPSHOT, (id, bytes));
        place.redrive(id);
    }
    let worker = place.builder(&store).start().await.unwrap();
    for (id, ..) in DAMAGES {
        let handle = client.handle::<pack>(*id).unwrap();
        assert_eq!(within(handle.result()).await.unwrap(), shipped(id));
        assert_eq!(place.depot.count(&shipped(id)), 1);
        assert_eq!(place.depot.count(&format!("label parcel of {id}")), 1, "nothing before it ran again");
    }
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_damaged_input_is_named_and_no_conflict() {
    let place = Place::new();
    let store = place.open().await;
    let client = Client::new(&store);
    let handle = client.start("a", note::input("hello".into())).await.unwrap();
    let whole = place.blob(INPUT, "a");
    let mut damaged = whole.clone();
    *damaged.last_mut().unwrap() ^= 1;
    place.sql(SET_INPUT, ("a", &damaged));
    // A small one stands where the next snapshots will, too.
    place.sql(SET_SNAPSHOT, ("a", &damaged));

    // Whether the same start was asked for cannot be said: neither yes nor "another input" would be true.
    let error = client.start("a", note::input("hello".into())).await.unwrap_err();
    assert!(matches!(error, ClientError::Snapshot { .. }), "{error:?}");
    names(&error, &["`a`", "damaged", "backup"]);

    let worker = place.builder(&store).start().await.unwrap();
    let error = within(handle.result()).await.unwrap_err();
    assert!(matches!(error, ClientError::SetAside { .. }), "{error:?}");
    names(&error, &["`a`", "frame 0", "await point `Start`", "damaged"]);
    worker.shutdown().await.unwrap();

    place.sql(SET_INPUT, ("a", &whole));
    place.sql(SET_SNAPSHOT, ("a", whole));
    place.redrive("a");
    let _worker = place.builder(&store).start().await.unwrap();
    assert_eq!(within(handle.result()).await.unwrap().unwrap(), "<hello>");
}

#[tokio::test]
async fn a_damaged_row_is_set_aside_and_does_not_keep_the_others_from_being_claimed() {
    let place = Place::new();
    let store = place.open().await;
    let client = Client::new(&store);
    let bad = client.start("bad", note::input("bad".into())).await.unwrap();
    let good = client.start("good", note::input("good".into())).await.unwrap();
    let whole = place.blob(INPUT, "bad");
    place.sql("DELETE FROM input WHERE row = (SELECT row FROM execution WHERE id = ?1)", ["bad"]);
    place.sql(SET_SNAPSHOT, ("bad", None::<Vec<u8>>));

    let worker = place.builder(&store).start().await.unwrap();
    assert_eq!(within(good.result()).await.unwrap().unwrap(), "<good>");
    let error = within(bad.result()).await.unwrap_err();
    assert!(matches!(error, ClientError::SetAside { .. }), "{error:?}");
    names(&error, &["`bad`", "neither a snapshot nor an input"]);
    worker.shutdown().await.unwrap();

    place.sql("INSERT INTO input SELECT row, schema, ?2 FROM position WHERE row = (SELECT row FROM execution WHERE id = ?1)", ("bad", whole));
    place.redrive("bad");
    let _worker = place.builder(&store).start().await.unwrap();
    assert_eq!(within(bad.result()).await.unwrap().unwrap(), "<bad>");
}

#[tokio::test]
async fn a_snapshot_without_its_schema_row_is_set_aside_and_can_be_cancelled() {
    let place = Place::parked(&["a", "b"]).await;
    let mut bytes = place.blob(SNAPSHOT, "a");
    durable_core::stored::stamp(&mut bytes, durable_core::store::SchemaId(999), 2);
    place.sql(
        "UPDATE position SET snapshot = ?2, schema = 999 WHERE row = (SELECT row FROM execution WHERE id = ?1)",
        ("a", bytes),
    );
    let store = place.open().await;
    let _worker = place.builder(&store).start().await.unwrap();
    let client = Client::new(&store);
    let handle = client.handle::<pack>("a").unwrap();
    handle.send("seal", &Seal { by: "ada".into() }).await.unwrap();
    let error = within(handle.result()).await.unwrap_err();
    names(&error, &["`a`", "frame 0", "schema row 999", "does not have"]);
    place.ships(&client, "b").await;

    assert!(handle.cancel().await.unwrap());
    until(&handle, Status::Cancelled).await;
    assert!(matches!(within(handle.result()).await.unwrap_err(), ClientError::Cancelled { .. }));
}
