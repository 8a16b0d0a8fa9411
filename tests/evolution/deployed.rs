//! A deploy: a worker with the first version until the execution waits, then one with the second.

use durable::{Client, Input, NeedsMigration, Status, Worker, Workflow};
use durable_core::memory::{ManualClock, MemoryStore};
use std::{sync::Arc, time::Duration};

/// What versions are written with.
pub(crate) mod prelude {
    pub(crate) use durable::{Input, event, step, workflow};
    pub(crate) use serde::{Deserialize, Serialize};
    pub(crate) use std::collections::{BTreeMap, VecDeque};

    pub(crate) use super::{body, saves};

    /// Payment services.
    pub(crate) async fn charge(cents: u64) -> u64 {
        cents
    }

    /// The other way round.
    pub(crate) async fn refund(cents: u64) -> u64 {
        cents
    }

    /// Another service.
    pub(crate) async fn audit(text: &str) -> usize {
        text.len()
    }
}

/// What is to become of an execution of the first version.
pub(crate) enum Expected {
    /// The second version goes on from where it stood, and returns this.
    Continues(&'static str),
    /// It stays where it stood, for this reason.
    Stays(&'static str),
    /// It is set aside, for this reason.
    SetAside(&'static str),
}

/// What became of it.
#[derive(Debug)]
pub(crate) enum Found {
    Continued(String),
    Stayed(Vec<NeedsMigration>),
    SetAside(String),
}

/// A version that saves one value, of this type, with these items beside it.
macro_rules! saves {
    ($ty:ty = $value:expr; $($items:tt)*) => {
        $($items)*

        #[workflow]
        pub(crate) async fn place_order(id: u64) -> String {
            let value: $ty = $value;
            let _: u64 = event("go").await;
            format!("{id} {value:?}")
        }

        pub(crate) fn begin() -> Input<place_order> {
            place_order::input(7)
        }
    };
}
pub(crate) use saves;

/// A workflow with this body.
macro_rules! body {
    (($($parameters:tt)*) $body:block) => {
        #[workflow]
        pub(crate) async fn place_order($($parameters)*) -> String $body

        pub(crate) fn begin() -> Input<place_order> {
            place_order::input(7)
        }
    };
}
pub(crate) use body;

/// Runs the first version until it waits, and then the second one.
pub(crate) async fn deploy<Was, Is>(input: Input<Was>) -> Found
where
    Was: Workflow<Output = String>,
    Is: Workflow<Output = String>,
{
    assert_eq!(Was::NAME, Is::NAME, "they are versions of one workflow");
    let store = MemoryStore::new(Arc::new(ManualClock::default()));
    let client = Client::new(&store);

    let first = Worker::builder(&store).register::<Was>().start().await.unwrap();
    client.start::<Was>("one", input).await.unwrap();
    until_parked(&store, "one").await;
    first.shutdown().await.unwrap();

    let handle = client.handle::<Is>("one").unwrap();
    let stands = handle.state_json().await.unwrap();
    handle.send("go", &1u64).await.unwrap();
    let second = Worker::builder(&store).register::<Is>().start().await.unwrap();
    let needs_migration = second.needs_migration().to_vec();
    let here =
        needs_migration.into_iter().filter(|left_out| stands["point"] == *left_out.point).collect::<Vec<_>>();
    if here.is_empty() {
        let output = tokio::time::timeout(Duration::from_secs(20), handle.result()).await;
        return match output.expect("it goes on") {
            Ok(output) => Found::Continued(output),
            Err(error) => Found::SetAside(error.to_string()),
        };
    }
    // A start of its own goes through the same worker: whatever was claimable by then has been claimed.
    let record = handle.record().await.unwrap();
    assert_eq!(record.crashes, 0);
    assert!(!record.status.is_terminal() && record.status != Status::SetAside, "{record:?}");
    second.shutdown().await.unwrap();

    // Nothing of it is lost: the first version still finishes it.
    let first = Worker::builder(&store).register::<Was>().start().await.unwrap();
    let first_handle = client.handle::<Was>("one").unwrap();
    tokio::time::timeout(Duration::from_secs(20), first_handle.result()).await.expect("it goes on").unwrap();
    first.shutdown().await.unwrap();
    Found::Stayed(here)
}

pub(crate) async fn until_parked(store: &MemoryStore, id: &str) {
    use durable::Store;
    let id = durable::ExecutionId::new(id).unwrap();
    let waits = async {
        while store.execution(&id).await.unwrap().unwrap().status != Status::Parked {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waits).await.expect("it comes to wait");
}

pub(crate) fn compare(found: &Found, expected: &Expected) {
    match (found, expected) {
        (Found::Continued(output), Expected::Continues(expected)) => assert_eq!(output, expected),
        (Found::Stayed(left_out), Expected::Stays(reason)) => {
            assert!(left_out.iter().any(|left_out| left_out.reason.contains(reason)), "{left_out:#?}");
        }
        (Found::SetAside(found), Expected::SetAside(reason)) => assert!(found.contains(reason), "{found}"),
        (found, _) => panic!("{found:#?}"),
    }
}
