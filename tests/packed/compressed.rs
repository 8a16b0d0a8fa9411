//! Large payloads are compressed, whatever they are, and read by workers and clients that compress nothing.

use super::flows::{builder, patient, round, treat};
use crate::bad_input::{
    flows::{Seal, pack, produce},
    place::{Place, names, until, within},
};
use durable::{Client, ClientError, Status};
use serde_json::json;

const SNAPSHOT: &str = "SELECT snapshot FROM position WHERE row = (SELECT row FROM execution WHERE id = ?1)";
const INPUT: &str = "SELECT snapshot FROM input WHERE row = (SELECT row FROM execution WHERE id = ?1)";
const EVENT: &str = "SELECT payload FROM event WHERE row = (SELECT row FROM execution WHERE id = ?1)";
const OUTPUT: &str = "SELECT output FROM execution WHERE id = ?1";

#[tokio::test]
async fn inputs_snapshots_events_and_outputs_are_stored_small_and_read_whole() {
    let place = Place::new();
    let store = place.open().await;
    let client = Client::new(&store);
    let parcel = "a parcel, ".repeat(10_000);
    let worker = place.builder(&store).register::<produce>().start().await.unwrap();
    let handle = client.start("large", pack::input(parcel.clone())).await.unwrap();
    until(&handle, Status::Parked).await;
    worker.shutdown().await.unwrap();
    handle.send("seal", &Seal { by: "ada, ".repeat(10_000) }).await.unwrap();
    for (what, query) in [("input", INPUT), ("snapshot", SNAPSHOT), ("event", EVENT)] {
        let bytes = place.blob(query, "large").len();
        assert!((30..1_000).contains(&bytes), "{what}: {bytes} bytes");
    }
    assert_eq!(handle.state_json().await.unwrap()["state"]["label"], json!(format!("<{parcel}>")));
    assert!(handle.state().await.is_ok());

    // The same start, although it comes as other bytes.
    let plainly = Client::new(&store).compress_above(None);
    plainly.start("large", pack::input(parcel.clone())).await.unwrap();
    let error = plainly.start("large", pack::input(parcel.replace('p', "P"))).await.unwrap_err();
    assert!(matches!(error, ClientError::Conflict { .. }), "{error:?}");

    let _worker = place.builder(&store).register::<produce>().compress_above(None).start().await.unwrap();
    let line = format!("<{parcel}> sealed by {}", "ada, ".repeat(10_000));
    assert_eq!(within(handle.result()).await.unwrap(), line);
    // From the store, not from the worker.
    let later = plainly.handle::<pack>("large").unwrap();
    assert_eq!(within(later.result()).await.unwrap(), line);
}

#[tokio::test]
async fn a_compressed_output_is_read_from_the_store_and_by_whoever_waits_in_the_process() {
    let place = Place::new();
    let store = place.open().await;
    let client = Client::new(&store);
    let _worker = place.builder(&store).register::<produce>().start().await.unwrap();
    let waits = client.start("much", produce::input(100_000)).await.unwrap();
    assert_eq!(within(waits.result()).await.unwrap(), vec![7; 100_000]);
    assert!(place.blob(OUTPUT, "much").len() < 200);
    let reads = client.handle::<produce>("much").unwrap();
    assert_eq!(within(reads.result()).await.unwrap(), vec![7; 100_000]);

    // Each says what it would be and where the limit is.
    let strict = Client::new(&store).payload_bytes_max(50_000);
    let error = strict.handle::<produce>("much").unwrap().result().await.unwrap_err();
    assert!(matches!(error, ClientError::Payload { what: "output", .. }), "{error:?}");
    names(&error, &["output of execution `much`", "limit of 50000", "payload_bytes_max"]);
}

#[tokio::test]
async fn the_frames_of_children_are_compressed_too() {
    let place = Place::new();
    let store = place.open().await;
    let client = Client::new(&store);
    let worker = builder(&place, &store).start().await.unwrap();
    let name = "ada ".repeat(5_000);
    let handle = client.start("child", round::input(patient(&name))).await.unwrap();
    until(&handle, Status::Parked).await;
    worker.shutdown().await.unwrap();
    let state = handle.state_json().await.unwrap();
    assert_eq!(state["child"]["state"]["letter"], json!(format!("letter about {name}")));
    let frame = "SELECT snapshot FROM frame WHERE row = (SELECT row FROM execution WHERE id = ?1)";
    assert!(place.blob(frame, "child").len() < 1_000);
    let _worker = builder(&place, &store).start().await.unwrap();
    handle.send("doctor", &"grace".to_owned()).await.unwrap();
    assert_eq!(within(handle.result()).await.unwrap(), format!("letter about {name}: referred to grace"));
    let again = client.start("child", treat::input(patient(&name))).await.unwrap_err();
    assert!(matches!(again, ClientError::Conflict { .. }), "{again:?}");
}

#[tokio::test]
async fn an_input_or_event_over_the_limit_is_refused_however_small_it_would_be_stored() {
    let place = Place::parked(&["kept"]).await;
    let store = place.open().await;
    let client = Client::new(&store).payload_bytes_max(50_000);
    let long = "x".repeat(60_000);
    let error = client.start("long", pack::input(long.clone())).await.unwrap_err();
    names(&error, &["input of execution `long`", "limit of 50000", "payload_bytes_max"]);
    let handle = client.handle::<pack>("kept").unwrap();
    let error = handle.send("seal", &Seal { by: long }).await.unwrap_err();
    names(&error, &["event `seal` for execution `kept`", "limit of 50000"]);
}
