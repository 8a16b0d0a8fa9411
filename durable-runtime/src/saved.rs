//! Snapshots as they stand in the store, with the schema row that describes each: read without the program that saved them.

use crate::{
    error::ClientError,
    schemas::{KnownRow, Schemas},
};
use durable_core::{
    ExecutionId,
    store::{ExecutionRecord, FrameRecord, Store, StoreError},
    stored,
};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What a frame stands at, and the bytes of its saved locals.
pub(crate) struct Saved<'a> {
    pub(crate) known: Arc<KnownRow>,
    pub(crate) payload: &'a [u8],
}

/// Checks a snapshot, and finds its schema.
pub(crate) async fn open<'a>(
    store: &dyn Store,
    schemas: &Schemas,
    id: &ExecutionId,
    frame: &'a FrameRecord,
) -> Result<Saved<'a>, ClientError> {
    let opened = stored::open(&frame.snapshot);
    let (header, payload) = opened.map_err(|error| ClientError::Snapshot { id: id.clone(), error })?;
    match schemas.row(header.schema).await? {
        Some(known) => Ok(Saved { known, payload }),
        None => Err(ClientError::Store(StoreError::Corrupt {
            location: store.describe(),
            reason: format!("schema row {} is not there", header.schema.0),
        })),
    }
}

/// The frames of an execution, one inside the other.
pub(crate) async fn json(
    store: &dyn Store,
    schemas: &Schemas,
    record: &ExecutionRecord,
) -> Result<Value, ClientError> {
    let id = &record.id;
    let mut outermost = None;
    for frame in record.frames.iter().rev() {
        let Saved { known, payload } = open(store, schemas, id, frame).await?;
        let (workflow, point) = (&known.workflow, &known.point);
        let decoded = point.decode(payload).map_err(|error| error.to_string());
        let state = decoded.and_then(|value| serde_json::to_value(value).map_err(|error| error.to_string()));
        let state = state.map_err(|error| ClientError::Undecoded {
            id: id.clone(),
            workflow: workflow.clone(),
            point: point.name.clone(),
            error,
        })?;
        let mut object = Map::new();
        object.insert("workflow".into(), json!(workflow));
        object.insert("point".into(), json!(point.name));
        object.insert("state".into(), state);
        if let Some(child) = outermost.take() {
            object.insert("child".into(), child);
        }
        outermost = Some(Value::Object(object));
    }
    outermost.ok_or_else(|| ClientError::Ended { id: id.clone(), status: record.status })
}
