//! A migration that refuses what was saved sets executions aside; the next build, whose migration takes it, picks them up by itself.

use durable::{Client, ClientError, Handle, Status, Worker};
use durable_core::{
    memory::{ManualClock, MemoryStore},
    store::{ExecutionRecord, HistoryKind},
};
use std::{sync::Arc, time::Duration};

mod was {
    use crate::evolution::prelude::*;

    #[workflow]
    pub(crate) async fn place_order(id: u64) -> String {
        let _: u64 = event("go").await;
        format!("{id}")
    }
}

/// A version that saves `found`, too, with a migration that makes it.
macro_rules! version {
    ($name:ident, $migration:expr) => {
        #[allow(dead_code)]
        mod $name {
            use crate::evolution::prelude::*;

            #[derive(Deserialize)]
            struct Waiting {
                id: u64,
            }

            #[workflow(migrate(EventGo = with_found))]
            pub(crate) async fn place_order(id: u64) -> String {
                let found: u64 = charge(1).await;
                let _: u64 = event("go").await;
                format!("{id} {found}")
            }

            fn with_found(old: Waiting) -> Result<PlaceOrderState, String> {
                let found: fn(u64) -> Result<u64, String> = $migration;
                Ok(PlaceOrderState::EventGo { id: old.id, found: found(old.id)? })
            }
        }
    };
}

version!(hasty, |id| Err(format!("id {id} is too old")));
version!(patient, |id| Ok(id * 10));

async fn until<W: durable::Workflow>(
    handle: &Handle<W>,
    what: impl Fn(&ExecutionRecord) -> bool,
) -> ExecutionRecord {
    let stands = async {
        loop {
            let record = handle.record().await.unwrap();
            if what(&record) {
                return record;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), stands).await.expect("it comes to stand so")
}

#[tokio::test]
async fn a_later_build_picks_up_what_an_earlier_one_set_aside() {
    let store = MemoryStore::new(Arc::new(ManualClock::default()));
    let client = Client::new(&store);
    let first =
        Worker::builder(&store).build_id("first").register::<was::place_order>().start().await.unwrap();
    let late = client.start("late", was::place_order::input(7)).await.unwrap();
    until(&late, |record| record.status == Status::Parked).await;
    first.shutdown().await.unwrap();
    late.send("go", &1u64).await.unwrap();

    let hasty =
        Worker::builder(&store).build_id("hasty").register::<hasty::place_order>().start().await.unwrap();
    assert!(hasty.needs_migration().is_empty(), "it only turns out as the migration is asked");
    let error = client.handle::<hasty::place_order>("late").unwrap().result().await.unwrap_err();
    assert!(
        matches!(&error, ClientError::SetAside { reason, .. } if reason.contains("id 7 is too old")),
        "{error}"
    );
    let record = late.record().await.unwrap();
    assert_eq!(record.set_aside_by.unwrap().as_str(), "hasty");
    assert_eq!(late.state_json().await.unwrap()["state"], serde_json::json!({ "id": 7 }), "nothing is lost");
    hasty.shutdown().await.unwrap();

    let patient =
        Worker::builder(&store).build_id("patient").register::<patient::place_order>().start().await.unwrap();
    let handle = client.handle::<patient::place_order>("late").unwrap();
    until(&handle, |record| record.status == Status::Succeeded).await;
    assert_eq!(handle.result().await.unwrap(), "7 70");
    let history = handle.history().await.unwrap();
    let tried = history.iter().find(|entry| entry.kind == HistoryKind::Reconsidered).unwrap();
    assert_eq!(tried.detail, "patient");
    patient.shutdown().await.unwrap();
}
