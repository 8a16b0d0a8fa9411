//! Events and outputs that were damaged in the file.

use crate::bad_input::{
    flows::{Seal, note, pack},
    place::{Place, names, shipped, within},
};
use durable::{Client, ClientError};

const PAYLOAD: &str = "SELECT payload FROM event WHERE row = (SELECT row FROM execution WHERE id = ?1)";
const SET_PAYLOAD: &str =
    "UPDATE event SET payload = ?2 WHERE row = (SELECT row FROM execution WHERE id = ?1)";

#[tokio::test]
async fn a_damaged_event_sets_its_receiver_aside_and_is_kept() {
    let place = Place::parked(&["cut", "flipped", "whole"]).await;
    let store = place.open().await;
    let client = Client::new(&store);
    let mut whole = Vec::new();
    for id in ["cut", "flipped"] {
        client.handle::<pack>(id).unwrap().send("seal", &Seal { by: "ada".into() }).await.unwrap();
        let bytes = place.blob(PAYLOAD, id);
        let mut damaged = bytes.clone();
        match id {
            "cut" => damaged.truncate(5),
            // Without a checksum this would be another name, silently.
            _ => *damaged.last_mut().unwrap() ^= 1,
        }
        place.sql(SET_PAYLOAD, (id, damaged));
        whole.push((id, bytes));
    }
    let worker = place.builder(&store).start().await.unwrap();
    for (id, reason) in [("cut", "truncated"), ("flipped", "damaged: its checksum")] {
        let error = within(client.handle::<pack>(id).unwrap().result()).await.unwrap_err();
        assert!(matches!(error, ClientError::SetAside { .. }), "{error:?}");
        names(&error, &[&format!("`{id}`"), "event `seal`", reason, "backup"]);
    }
    place.ships(&client, "whole").await;
    worker.shutdown().await.unwrap();

    for (id, bytes) in whole {
        place.sql(SET_PAYLOAD, (id, bytes));
        place.redrive(id);
    }
    let _worker = place.builder(&store).start().await.unwrap();
    for id in ["cut", "flipped"] {
        assert_eq!(within(client.handle::<pack>(id).unwrap().result()).await.unwrap(), shipped(id));
    }
}

#[tokio::test]
async fn a_damaged_output_is_refused_and_readable_once_repaired() {
    let place = Place::new();
    let store = place.open().await;
    let _worker = place.builder(&store).start().await.unwrap();
    let client = Client::new(&store);
    let handle = client.start("a", note::input("hello".into())).await.unwrap();
    within(handle.result()).await.unwrap().unwrap();
    // One that has not heard the end from the worker itself.
    let handle = client.handle::<note>("a").unwrap();
    let whole = place.blob("SELECT output FROM execution WHERE id = ?1", "a");
    for bit in 0..whole.len() * 8 {
        let mut damaged = whole.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        place.sql("UPDATE execution SET output = ?2 WHERE id = ?1", ("a", damaged));
        let error = within(handle.result()).await.expect_err("a flipped bit must not give another output");
        assert!(matches!(error, ClientError::Output { .. }), "{bit}: {error:?}");
        names(&error, &["output of execution `a`", "damaged: its checksum", "backup"]);
    }
    place.sql("UPDATE execution SET output = ?2 WHERE id = ?1", ("a", &whole[..whole.len() - 1]));
    assert!(matches!(within(handle.result()).await, Err(ClientError::Output { .. })));
    place.sql("UPDATE execution SET output = ?2 WHERE id = ?1", ("a", &whole));
    assert_eq!(within(handle.result()).await.unwrap().unwrap(), "<hello>");
}
