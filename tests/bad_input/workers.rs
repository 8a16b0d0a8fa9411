//! Workers that are refused before they run anything.

use crate::bad_input::{
    flows::{Depot, note, pack},
    place::{Place, names, within},
};
use durable::{Client, ClientError, StartError, Status, Worker, WorkerBuilder, step, workflow};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Loose {
    Number(u32),
    Text(String),
}

#[step]
async fn look() -> Result<u32, String> {
    Ok(1)
}

#[workflow]
async fn keeps_json() -> Result<String, String> {
    let found: serde_json::Value = serde_json::json!({ "a": 1 });
    let n: u32 = look().await?;
    Ok(format!("{found} {n}"))
}

#[workflow]
async fn keeps_untagged() -> Result<String, String> {
    let found: Loose = if std::process::id() == 0 { Loose::Number(1) } else { Loose::Text("a".into()) };
    let n: u32 = look().await?;
    Ok(format!("{found:?} {n}"))
}

#[workflow]
async fn returns_json() -> serde_json::Value {
    let n: Result<u32, String> = look().await;
    serde_json::json!({ "n": n })
}

/// Starts it and gives the error; the store must be usable all the same, and nothing have run.
async fn refusal(builder: impl FnOnce(&durable::SqliteStore, &Place) -> WorkerBuilder) -> StartError {
    let place = Place::new();
    let store = place.open().await;
    let client = Client::new(&store);
    let waiting = client.start("waiting", note::input("x".into())).await.unwrap();
    let error = builder(&store, &place).start().await.expect_err("this worker must not start");
    assert_eq!(waiting.status().await.unwrap(), Status::Ready);
    let _worker = place.builder(&store).start().await.unwrap();
    within(waiting.result()).await.unwrap().unwrap();
    error
}

#[tokio::test]
async fn a_missing_resource_is_named() {
    let error = refusal(|store, _| Worker::builder(store).register::<note>()).await;
    assert!(matches!(error, StartError::MissingResource(_)), "{error:?}");
    names(&error, &["workflow `note`", "`depot: &", "Depot`", "`.resource(..)`", "before `.start()`"]);
    // A resource of another type is none.
    let error =
        refusal(|store, place| Worker::builder(store).resource(Some(place.depot.clone())).register::<note>())
            .await;
    assert!(matches!(error, StartError::MissingResource(_)), "{error:?}");
}

#[tokio::test]
async fn a_local_that_cannot_be_read_back_is_named() {
    let error = refusal(|store, place| place.builder(store).register::<keeps_json>()).await;
    assert!(matches!(error, StartError::Undescribed(_)), "{error:?}");
    names(
        &error,
        &[
            "workflow `keeps_json`",
            "`found`",
            "await point `Look`",
            "Value",
            "cannot be read back",
            "as a `String`",
        ],
    );
    let error = refusal(|store, place| place.builder(store).register::<keeps_untagged>()).await;
    assert!(matches!(error, StartError::Undescribed(_)), "{error:?}");
    names(&error, &["workflow `keeps_untagged`", "`found`", "await point `Look`", "Loose", "untagged"]);
}

#[tokio::test]
async fn an_output_that_cannot_be_read_back_is_named() {
    let error = refusal(|store, place| place.builder(store).register::<returns_json>()).await;
    assert!(matches!(error, StartError::Output { workflow: "returns_json", .. }), "{error:?}");
    names(&error, &["output of workflow `returns_json`", "Value", "cannot be read back"]);
}

#[tokio::test]
async fn a_client_refuses_what_no_worker_could_run() {
    let place = Place::new();
    let store = place.open().await;
    let client = Client::new(&store);
    let error = client.start("a", keeps_json::input()).await.unwrap_err();
    assert!(matches!(error, ClientError::Undescribed(_)), "{error:?}");
    names(&error, &["workflow `keeps_json`", "`found`", "await point `Look`"]);
    assert!(client.list(durable::store::Filter::default()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_workflow_that_is_registered_twice_is_named() {
    let error = refusal(|store, place| place.builder(store).register::<pack>()).await;
    assert!(matches!(error, StartError::DuplicateWorkflow { name: "pack", version: 1 }), "{error:?}");
    names(&error, &["`pack`", "registered twice", "remove one `.register`", "`#[workflow(name = \"..\")]`"]);
}

#[tokio::test]
async fn two_workflows_of_one_name_are_refused() {
    mod other {
        //! Another workflow that happens to be called so.
        #[durable::workflow]
        pub(crate) async fn pack() -> u32 {
            let one: u32 = async { 1 }.await;
            one
        }
    }
    let error = refusal(|store, place| place.builder(store).register::<other::pack>()).await;
    assert!(matches!(error, StartError::DuplicateWorkflow { name: "pack", version: 1 }), "{error:?}");
}

#[tokio::test]
async fn a_worker_without_workflows_or_with_senseless_options_is_refused() {
    let error = refusal(|store, _| Worker::builder(store).resource(Depot::default())).await;
    assert!(matches!(error, StartError::NoWorkflow), "{error:?}");
    names(&error, &["no workflow", ".register::<"]);
    let error = refusal(|store, place| place.builder(store).concurrency(0)).await;
    assert!(matches!(error, StartError::Option { option: "concurrency", .. }), "{error:?}");
    names(&error, &["concurrency", "at least 1"]);
}
