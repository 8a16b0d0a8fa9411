//! The workflows of these tests, and the world they act on.

use durable::{event, workflow};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use tokio::sync::watch;

/// Records every call, and keeps visitors waiting at its gate while it is shut.
#[derive(Clone, Default)]
pub(crate) struct Depot {
    calls: Arc<Mutex<Vec<String>>>,
    shut: Arc<watch::Sender<bool>>,
    arrived: Arc<watch::Sender<u32>>,
}

impl Depot {
    pub(crate) async fn label(&self, parcel: &str) -> String {
        self.call(format!("label {parcel}"));
        format!("<{parcel}>")
    }

    pub(crate) async fn ship(&self, line: &str) {
        self.call(line.to_owned());
    }

    /// Goes through the gate as soon as it is open.
    pub(crate) async fn pass(&self) {
        self.arrived.send_modify(|count| *count += 1);
        let _ = self.shut.subscribe().wait_for(|shut| !shut).await;
        self.call("passed".into());
    }

    pub(crate) fn shut(&self) {
        self.shut.send_replace(true);
    }

    pub(crate) fn open(&self) {
        self.shut.send_replace(false);
    }

    /// Ends when this many have come to the gate.
    pub(crate) async fn arrived(&self, count: u32) {
        let _ = self.arrived.subscribe().wait_for(|arrived| *arrived >= count).await;
    }

    /// How often this was done.
    pub(crate) fn count(&self, call: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|made| *made == call).count()
    }

    pub(crate) fn call(&self, call: String) {
        self.calls.lock().unwrap().push(call);
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seal {
    pub(crate) by: String,
}

/// Labels, waits for the seal, ships.
#[workflow]
pub(crate) async fn pack(depot: &Depot, parcel: String) -> String {
    let label: String = depot.label(&parcel).await;
    let seal: Seal = event("seal").await;
    let line: String = format!("{label} sealed by {}", seal.by);
    depot.ship(&line).await;
    line
}

/// A neighbour that must go on whatever happens to the others.
#[workflow]
pub(crate) async fn note(depot: &Depot, text: String) -> Result<String, String> {
    let label: String = depot.label(&text).await;
    depot.ship(&label).await;
    if label.len() > 1_000 { Err("too long".into()) } else { Ok(label) }
}

/// Waits at the gate, then saves this many bytes.
#[workflow]
pub(crate) async fn grow(depot: &Depot, bytes: usize) -> usize {
    depot.pass().await;
    let load: Vec<u8> = vec![7; bytes];
    depot.ship("grown").await;
    load.len()
}

/// Returns this many bytes.
#[workflow]
pub(crate) async fn produce(depot: &Depot, bytes: usize) -> Vec<u8> {
    depot.ship("produced").await;
    vec![7; bytes]
}

/// An input whose bytes differ from one map to the next.
#[workflow]
pub(crate) async fn tally(depot: &Depot, counts: HashMap<String, u32>) -> u32 {
    depot.ship("tally").await;
    counts.values().sum()
}
