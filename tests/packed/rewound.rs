//! An encrypted execution goes back to where it stood: its kept snapshots stay bound to it, and to the visit they were saved at. A fork
//! is bound to itself.

use super::flows::{builder, client, patient, seven, treat};
use crate::bad_input::place::{Place, names, until, within};
use durable::{ClientError, Status};

const ROW: &str = "(SELECT row FROM execution WHERE id = ?1)";

#[tokio::test]
async fn kept_snapshots_are_encrypted_and_can_be_gone_back_to() {
    let place = Place::new();
    let store = place.open().await;
    let client = client(&store);
    let _worker = builder(&place, &store).encryption(seven()).keep_snapshots(8).start().await.unwrap();
    let handle = client.start("a", treat::input(patient("ada"))).await.unwrap();
    until(&handle, Status::Parked).await;
    handle.send("doctor", &"nobody".to_owned()).await.unwrap();
    assert!(within(handle.result()).await.unwrap().is_err());

    let found = handle.snapshots().await.unwrap();
    let points: Vec<_> = found.iter().map(|kept| &*kept.point).collect();
    assert_eq!(points, ["EventDoctor", "Refer"]);
    let bytes = place.blob(&format!("SELECT snapshot FROM kept WHERE row = {ROW} LIMIT 1"), "a");
    assert!(!bytes.windows(3).any(|text| text == b"ada"), "a kept snapshot shows what it saves");

    handle.rewind(found[0].epoch, "grace").await.unwrap();
    until(&handle, Status::Parked).await;
    let state = handle.state_json().await.unwrap();
    assert_eq!(state["state"]["letter"], "letter about ada");
    handle.send("doctor", &"grace".to_owned()).await.unwrap();
    let answer = within(handle.result()).await.unwrap().unwrap();
    assert_eq!(answer, "letter about ada: referred to grace");
}

#[tokio::test]
async fn a_kept_snapshot_of_another_visit_is_refused() {
    let place = Place::new();
    let store = place.open().await;
    let client = client(&store);
    let worker = builder(&place, &store).encryption(seven()).keep_snapshots(8).start().await.unwrap();
    let handle = client.start("a", treat::input(patient("ada"))).await.unwrap();
    until(&handle, Status::Parked).await;
    handle.send("doctor", &"nobody".to_owned()).await.unwrap();
    assert!(within(handle.result()).await.unwrap().is_err());
    worker.shutdown().await.unwrap();

    place.sql(&format!("UPDATE kept SET visit = visit + 1 WHERE row = {ROW}"), ["a"]);
    let first = handle.snapshots().await.unwrap()[0].epoch;
    handle.rewind(first, "grace").await.unwrap();
    let error = handle.state().await.unwrap_err();
    assert!(matches!(error, ClientError::Payload { what: "snapshot", .. }), "{error:?}");
    names(&error, &["`a`", "moved here"]);
}

#[tokio::test]
async fn a_fork_is_encrypted_for_itself() {
    let place = Place::new();
    let store = place.open().await;
    let client = client(&store);
    let _worker = builder(&place, &store).encryption(seven()).keep_snapshots(8).start().await.unwrap();
    let handle = client.start("a", treat::input(patient("ada"))).await.unwrap();
    until(&handle, Status::Parked).await;
    let first = handle.snapshots().await.unwrap()[0].epoch;
    for (id, epoch) in [("b", Some(first)), ("c", None)] {
        let fork = handle.fork(epoch, id, "grace").await.unwrap();
        until(&fork, Status::Parked).await;
        handle.fork(epoch, id, "grace").await.unwrap();
        fork.send("doctor", &"grace".to_owned()).await.unwrap();
        let answer = within(fork.result()).await.unwrap().unwrap();
        assert_eq!(answer, "letter about ada: referred to grace");
        let error = client.start(id, treat::input(patient("ada"))).await.unwrap_err();
        assert!(matches!(error, ClientError::Conflict { .. }), "{error:?}");
    }
    // What was started is no fork, whatever its state.
    client.start("d", treat::input(patient("ada"))).await.unwrap();
    let error = handle.fork(Some(first), "d", "grace").await.unwrap_err();
    assert!(matches!(error, ClientError::ForkConflict { .. }), "{error:?}");
}
