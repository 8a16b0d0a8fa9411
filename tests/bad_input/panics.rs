//! Panics in user code: of a step that can return them, of one that cannot, and of the workflow itself.

use crate::bad_input::{
    flows::{Depot, note},
    place::{Place, names, within},
};
use durable::{Client, ClientError, Status, StepFailure, step, workflow};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
enum PipeError {
    #[error("the pipe broke: {0}")]
    Broke(String),
}

impl From<StepFailure> for PipeError {
    fn from(failure: StepFailure) -> Self {
        Self::Broke(failure.to_string())
    }
}

/// Panics until the depot was told that this step is repaired.
fn pump(depot: &Depot, step: &str) -> u32 {
    depot.call(step.to_owned());
    assert!(depot.count(&format!("repaired {step}")) > 0, "{step} burst");
    7
}

#[step]
async fn typed(depot: &Depot) -> Result<u32, PipeError> {
    Ok(pump(depot, "typed"))
}

#[step]
async fn untyped(depot: &Depot) -> Result<u32, String> {
    Ok(pump(depot, "untyped"))
}

#[step(retry(attempts = 3, initial = "1ms"))]
async fn retried(depot: &Depot) -> Result<u32, PipeError> {
    if depot.count("retried") == 2 {
        depot.call("repaired retried".into());
    }
    Ok(pump(depot, "retried"))
}

#[workflow]
async fn with_conversion(depot: &Depot) -> Result<u32, PipeError> {
    typed(depot).await
}

#[workflow]
async fn without_conversion(depot: &Depot, lot: u32) -> Result<u32, String> {
    let pumped: u32 = untyped(depot).await?;
    Ok(pumped + lot)
}

#[workflow]
async fn with_retries(depot: &Depot) -> Result<u32, PipeError> {
    retried(depot).await
}

#[workflow]
async fn careless(depot: &Depot, divisor: u32) -> u32 {
    let label: String = depot.label("divided").await;
    let parts: u32 = label.len() as u32 / divisor;
    depot.ship(&label).await;
    parts
}

/// One of each panics; the neighbours and the store do not notice.
#[tokio::test]
async fn a_panic_is_its_executions_own_affair() {
    let place = Place::new();
    let store = place.open().await;
    let builder = place.builder(&store).register::<with_conversion>().register::<without_conversion>();
    let worker = builder.register::<with_retries>().register::<careless>().start().await.unwrap();
    let client = Client::new(&store);

    // A3: the failure becomes the step's error, and the workflow returns it like any other.
    let handle = client.start("typed", with_conversion::input()).await.unwrap();
    let error = within(handle.result()).await.unwrap().unwrap_err();
    names(&error, &["panicked", "typed burst"]);
    assert_eq!(handle.status().await.unwrap(), Status::Failed);

    // A3: nothing can carry it, so the execution fails.
    let handle = client.start("untyped", without_conversion::input(3)).await.unwrap();
    let error = within(handle.result()).await.unwrap_err();
    assert!(matches!(&error, ClientError::Failed { id, .. } if id.as_str() == "untyped"), "{error:?}");
    names(
        &error,
        &["`untyped` failed", "step `untyped`", "panicked", "untyped burst", "last snapshot is kept"],
    );
    let record = handle.record().await.unwrap();
    assert_eq!((record.status, record.frames.len()), (Status::Failed, 1));

    let handle = client.start("retried", with_retries::input()).await.unwrap();
    assert_eq!(within(handle.result()).await.unwrap(), Ok(7));
    assert_eq!(place.depot.count("retried"), 3, "a panic is a failed attempt");

    let handle = client.start("careless", careless::input(0)).await.unwrap();
    let error = within(handle.result()).await.unwrap_err();
    assert!(matches!(&error, ClientError::Failed { id, .. } if id.as_str() == "careless"), "{error:?}");
    names(
        &error,
        &[
            "`careless` failed",
            "workflow `careless` panicked",
            "at or after await point `Label`",
            "divide by zero",
            "last snapshot is kept",
        ],
    );
    let record = handle.record().await.unwrap();
    assert_eq!((record.status, record.frames.len(), record.epoch), (Status::Failed, 1, 2));
    assert_eq!(place.depot.count("<divided>"), 0);

    let fine = client.start("fine", careless::input(3)).await.unwrap();
    assert_eq!(within(fine.result()).await.unwrap(), 3);
    within(client.start("note", note::input("x".into())).await.unwrap().result()).await.unwrap().unwrap();
    assert_eq!(worker.stats().set_aside, 0);
    worker.shutdown().await.unwrap();

    // With the pump repaired, what failed without an output goes on from its last await point (X4).
    place.depot.call("repaired untyped".into());
    place.redrive("untyped");
    let _worker = place.builder(&store).register::<without_conversion>().start().await.unwrap();
    let handle = client.handle::<without_conversion>("untyped").unwrap();
    assert_eq!(within(handle.result()).await.unwrap(), Ok(10));
}
