//! What is refused before anything runs.

use crate::{
    counter::counter,
    lab::Lab,
    script::{script, step},
    surroundings::Surroundings,
};
use durable_runtime::{StartError, Worker};
use std::time::Duration;

#[tokio::test]
async fn a_missing_resource_is_named() {
    let all = Surroundings::new();
    all.client.start("a", script::input(&[step("one")])).await.unwrap();
    let error = Worker::builder(&all.store).register::<script>().start().await.unwrap_err();
    assert!(matches!(error, StartError::MissingResource(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains("`script`") && text.contains("lab: &") && text.contains(".resource(..)"), "{text}");
    assert_eq!(all.lab.runs("one"), 0);
}

#[tokio::test]
async fn two_workflows_of_one_name_are_refused() {
    let all = Surroundings::new();
    let error = all.builder().register::<counter>().start().await.unwrap_err();
    assert!(matches!(error, StartError::DuplicateWorkflow { name: "counter", version: 1 }), "{error}");
}

#[tokio::test]
async fn a_worker_without_workflows_is_refused() {
    let all = Surroundings::new();
    let error = Worker::builder(&all.store).resource(Lab::default()).start().await.unwrap_err();
    assert!(matches!(error, StartError::NoWorkflow), "{error}");
}

#[tokio::test]
async fn senseless_options_are_refused() {
    let all = Surroundings::new();
    let error = all.builder().concurrency(0).start().await.unwrap_err();
    assert!(matches!(error, StartError::Option { option: "concurrency", .. }), "{error}");
    let error = all.builder().beat(Duration::ZERO).start().await.unwrap_err();
    assert!(matches!(error, StartError::Option { option: "beat", .. }), "{error}");
    let error = all.builder().lease(Duration::from_secs(6)).start().await.unwrap_err();
    assert!(matches!(error, StartError::Option { option: "lease", .. }), "{error}");
}
