//! Events that nobody can receive.

use crate::bad_input::{
    flows::{Seal, note, pack},
    place::{Place, names, shipped, until, within},
};
use durable::{Client, ClientError, Status};

#[tokio::test]
async fn an_event_of_another_type_sets_its_receiver_aside_and_both_are_kept() {
    let place = Place::parked(&["a", "b"]).await;
    let store = place.open().await;
    let worker = place.builder(&store).start().await.unwrap();
    let client = Client::new(&store);
    let handle = client.handle::<pack>("a").unwrap();
    handle.send("seal", &17u32).await.unwrap();
    let error = within(handle.result()).await.unwrap_err();
    assert!(matches!(error, ClientError::SetAside { .. }), "{error:?}");
    names(&error, &["`a`", "event `seal`", "another shape", "Seal", "one type under one name"]);
    place.ships(&client, "b").await;
    // More may be sent to it: it has not ended.
    handle.send("seal", &Seal { by: "ada".into() }).await.unwrap();
    worker.shutdown().await.unwrap();

    let kept = place.blob(
        "SELECT payload FROM event WHERE seq = 1 AND row = (SELECT row FROM execution WHERE id = ?1)",
        "a",
    );
    assert_eq!(durable::events::decode_event::<u32>(&kept).unwrap(), 17);
    place.sql("DELETE FROM event WHERE seq = 1 AND row = (SELECT row FROM execution WHERE id = ?1)", ["a"]);
    place.sql("UPDATE execution SET waiting = waiting - 1 WHERE id = ?1", ["a"]);
    place.redrive("a");
    let _worker = place.builder(&store).start().await.unwrap();
    assert_eq!(within(handle.result()).await.unwrap(), shipped("a"));
}

#[tokio::test]
async fn an_event_to_an_unknown_execution_is_refused() {
    let place = Place::parked(&["a"]).await;
    let store = place.open().await;
    let _worker = place.builder(&store).start().await.unwrap();
    let client = Client::new(&store);
    let nobody = client.handle::<pack>("nobody").unwrap();
    let error = nobody.send("seal", &Seal { by: "ada".into() }).await.unwrap_err();
    assert!(matches!(&error, ClientError::UnknownExecution(id) if id.as_str() == "nobody"), "{error:?}");
    names(&error, &["`nobody`", "start it first"]);
    for error in [
        nobody.state().await.map(drop).unwrap_err(),
        nobody.result().await.map(drop).unwrap_err(),
        nobody.cancel().await.map(drop).unwrap_err(),
        nobody.history().await.map(drop).unwrap_err(),
        nobody.status().await.map(drop).unwrap_err(),
    ] {
        assert!(matches!(error, ClientError::UnknownExecution(_)), "{error:?}");
    }
    place.ships(&client, "a").await;
}

#[tokio::test]
async fn an_event_to_a_finished_execution_is_refused() {
    let place = Place::new();
    let store = place.open().await;
    let _worker = place.builder(&store).start().await.unwrap();
    let client = Client::new(&store);
    let handle = client.start("a", note::input("x".into())).await.unwrap();
    within(handle.result()).await.unwrap().unwrap();
    let error = handle.send("seal", &1u8).await.unwrap_err();
    assert!(matches!(error, ClientError::Ended { status: Status::Succeeded, .. }), "{error:?}");
    names(&error, &["`a`", "already ended (succeeded)", "receives nothing"]);
    assert_eq!(within(handle.result()).await.unwrap().unwrap(), "<x>", "its result is still there");
}

#[tokio::test]
async fn a_cancelled_execution_has_no_result_and_receives_nothing() {
    let place = Place::parked(&["a", "b"]).await;
    let store = place.open().await;
    let _worker = place.builder(&store).start().await.unwrap();
    let client = Client::new(&store);
    let handle = client.handle::<pack>("a").unwrap();
    assert!(handle.cancel().await.unwrap());
    let error = within(handle.result()).await.unwrap_err();
    assert!(matches!(&error, ClientError::Cancelled { id } if id.as_str() == "a"), "{error:?}");
    names(&error, &["`a`", "cancelled"]);
    assert!(!handle.cancel().await.unwrap(), "it had ended already");
    let error = handle.send("seal", &Seal { by: "ada".into() }).await.unwrap_err();
    assert!(matches!(error, ClientError::Ended { status: Status::Cancelled, .. }), "{error:?}");
    let error = handle.state().await.unwrap_err();
    assert!(matches!(error, ClientError::Ended { status: Status::Cancelled, .. }), "{error:?}");
    assert_eq!(place.depot.count(&shipped("a")), 0);
    place.ships(&client, "b").await;
}

#[tokio::test]
async fn a_handle_of_another_workflow_is_told_so() {
    let place = Place::parked(&["a"]).await;
    let store = place.open().await;
    let _worker = place.builder(&store).start().await.unwrap();
    let client = Client::new(&store);
    let wrong = client.handle::<note>("a").unwrap();
    let error = wrong.state().await.unwrap_err();
    assert!(matches!(error, ClientError::OtherWorkflow { expected: "note", .. }), "{error:?}");
    names(&error, &["`a`", "of workflow `pack`", "not `note`", "handle"]);
    place.ships(&client, "a").await;
    let error = within(wrong.result()).await.unwrap_err();
    assert!(matches!(error, ClientError::OtherWorkflow { expected: "note", .. }), "{error:?}");
    until(&client.handle::<pack>("a").unwrap(), Status::Succeeded).await;
}
