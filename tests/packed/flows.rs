//! The workflows of these tests: everything a store gets to see passes through them.

use crate::bad_input::place::Place;
use durable::{Client, SqliteStore, WorkerBuilder, event, step, workflow};
use durable_runtime::Keys;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Patient {
    pub(crate) name: String,
    pub(crate) findings: BTreeMap<String, String>,
}

#[derive(Debug, thiserror::Error, Serialize, Deserialize)]
#[error("{0}")]
pub(crate) struct Refused(pub(crate) String);

#[step(retry(attempts = 2, initial = "10ms"))]
async fn refer(to: &str) -> Result<String, Refused> {
    if to.contains("nobody") {
        return Err(Refused(format!("{to} takes no patients")));
    }
    Ok(format!("referred to {to}"))
}

/// Input, locals, an event, attempts that fail, and an output or an error: each with what it is given.
#[workflow]
pub(crate) async fn treat(patient: Patient) -> Result<String, Refused> {
    let letter: String = format!("letter about {}", patient.name);
    let doctor: String = event("doctor").await;
    let referral: String = refer(&doctor).await?;
    Ok(format!("{letter}: {referral}"))
}

/// A child of its own frame waits for the event.
#[workflow]
pub(crate) async fn round(patient: Patient) -> String {
    let answer: Result<String, Refused> = treat(patient.clone()).await;
    answer.unwrap_or_else(|error| error.to_string())
}

/// Panics with its input.
#[workflow]
pub(crate) async fn collapse(patient: Patient) -> String {
    durable::sleep(std::time::Duration::from_millis(1)).await;
    panic!("{} collapsed", patient.name)
}

pub(crate) fn patient(name: &str) -> Patient {
    let findings = [("blood".to_owned(), format!("of {name}"))].into();
    Patient { name: name.to_owned(), findings }
}

pub(crate) fn builder(place: &Place, store: &SqliteStore) -> WorkerBuilder {
    place.builder(store).register::<treat>().register::<round>().register::<collapse>()
}

pub(crate) fn seven() -> Keys {
    Keys::new(7, [7; 32])
}

pub(crate) fn client(store: &SqliteStore) -> Client {
    Client::new(store).encryption(seven())
}
