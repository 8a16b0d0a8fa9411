//! From a store to a blob: what an execution has saved leaves the store, and goes on without it.

use super::deployed::until_parked;
use durable::{
    Arrived, Client, ClientError, ExecutionId, Moved, Run, Worker, event,
    events::encode_event,
    memory::{ManualClock, MemoryStore},
    snapshot::{self, Limits},
    workflow,
};
use std::{sync::Arc, time::Duration};

#[workflow]
async fn approved(id: u64) -> u64 {
    let by: u64 = event("approval").await;
    id + by
}

#[workflow]
async fn place_order(id: u64, note: String) -> String {
    let approval: u64 = approved(id).await;
    format!("{note} {approval}")
}

#[tokio::test]
async fn an_exported_execution_shows_what_it_saved_and_goes_on_elsewhere() {
    let store = MemoryStore::new(Arc::new(ManualClock::default()));
    let client = Client::new(&store);
    let worker = Worker::builder(&store).register::<place_order>().start().await.unwrap();
    let handle = client.start("one", place_order::input(7, "gift".into())).await.unwrap();
    until_parked(&store, "one").await;

    let blob = client.export("one").await.unwrap();
    assert_eq!(blob, handle.export().await.unwrap());
    let root = snapshot::decode(&blob, &Limits::default()).unwrap();
    assert_eq!(root.value().unwrap().unwrap().to_string(), r#"Approved { id: 7, note: "gift" }"#);
    let child = snapshot::decode(root.rest, &Limits::default()).unwrap();
    assert_eq!(child.value().unwrap().unwrap().to_string(), "EventApproval { id: 7 }");
    assert_eq!((child.header.instance, child.header.parent), (root.header.instance, Some(0)));
    match durable::read_state::<place_order>(&blob).unwrap() {
        PlaceOrderState::Approved { id, note } => assert_eq!((id, note.as_str()), (7, "gift")),
        other => panic!("{other:?}"),
    }

    let arrived = Arrived::Event(encode_event(&3_u64).unwrap());
    let id = ExecutionId::new("elsewhere").unwrap();
    let mut run = Run::<place_order>::resume(id, (), &blob, arrived).unwrap();
    let output = loop {
        match run.next().await.unwrap() {
            Moved::Finished(output) => break output,
            Moved::Saved(_) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(output, "gift 10");

    // The one in the store is where it was.
    assert_eq!(handle.export().await.unwrap(), blob);
    handle.send("approval", &4_u64).await.unwrap();
    let output = tokio::time::timeout(Duration::from_secs(20), handle.result()).await.expect("it goes on");
    assert_eq!(output.unwrap(), "gift 11");
    assert!(matches!(handle.export().await.unwrap_err(), ClientError::Ended { .. }));
    assert!(matches!(client.export("none").await.unwrap_err(), ClientError::UnknownExecution(_)));
    worker.shutdown().await.unwrap();
}
