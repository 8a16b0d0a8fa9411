//! Snapshots as they stand in the store, with the schema row that describes each: read without the program that saved them, as JSON or
//! as a portable blob.

use crate::{
    error::ClientError,
    payload::{Codec, Owner},
    schemas::{KnownRow, Schemas},
};
use durable_core::{
    snapshot::{self, Header},
    store::{ExecutionRecord, FrameRecord, Store, StoreError},
    stored::{self, Form, STORED_HEADER_BYTES},
};
use serde_json::{Map, Value, json};
use std::{borrow::Cow, sync::Arc};

/// What a frame stands at, and the bytes of its saved locals.
pub(crate) struct Saved<'a> {
    pub(crate) known: Arc<KnownRow>,
    blob: Cow<'a, [u8]>,
}

impl Saved<'_> {
    pub(crate) fn payload(&self) -> &[u8] {
        &self.blob[STORED_HEADER_BYTES..]
    }
}

/// Checks a snapshot, finds its schema, and unpacks it.
pub(crate) async fn open<'a>(
    store: &dyn Store,
    schemas: &Schemas,
    codec: &Codec,
    record: &ExecutionRecord,
    frame: &'a FrameRecord,
) -> Result<Saved<'a>, ClientError> {
    let id = || record.id.clone();
    let opened = stored::open_packed(&frame.snapshot);
    let (header, _) = opened.map_err(|error| ClientError::Snapshot { id: id(), error })?;
    let Some(known) = schemas.row(header.schema).await? else {
        return Err(ClientError::Store(StoreError::Corrupt {
            location: store.describe(),
            reason: format!("schema row {} is not there", header.schema.0),
        }));
    };
    let owner = Owner::Snapshot {
        instance: record.instance,
        frame: frame.frame,
        visit: frame.visit,
        workflow: &known.workflow,
        point: &known.point.name,
    };
    let blob = codec.unpack(Form::Snapshot, header.packing, &frame.snapshot, &owner);
    let blob = blob.map_err(|error| ClientError::Payload { id: id(), what: "snapshot", error })?;
    Ok(Saved { known, blob })
}

/// The frames of an execution, one inside the other.
pub(crate) async fn json(
    store: &dyn Store,
    schemas: &Schemas,
    codec: &Codec,
    record: &ExecutionRecord,
) -> Result<Value, ClientError> {
    let id = &record.id;
    let mut outermost = None;
    for frame in record.frames.iter().rev() {
        let saved = open(store, schemas, codec, record, frame).await?;
        let (workflow, point) = (&saved.known.workflow, &saved.known.point);
        let decoded = point.decode(saved.payload()).map_err(|error| error.to_string());
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

/// The frames of an execution as one portable blob, each with its schema.
pub(crate) async fn export(
    store: &dyn Store,
    schemas: &Schemas,
    codec: &Codec,
    record: &ExecutionRecord,
) -> Result<Vec<u8>, ClientError> {
    if record.frames.is_empty() {
        return Err(ClientError::Ended { id: record.id.clone(), status: record.status });
    }
    let mut blob = Vec::new();
    for frame in &record.frames {
        let saved = open(store, schemas, codec, record, frame).await?;
        let header = Header {
            workflow: saved.known.workflow.clone(),
            point: saved.known.point.name.clone(),
            fingerprint: saved.known.fingerprint,
            instance: record.instance,
            run: record.run,
            epoch: record.epoch,
            frame: frame.frame,
            parent: frame.parent,
            visit: frame.visit,
            failed: frame.failed,
        };
        let schema = saved.known.point.to_bytes();
        let envelope = snapshot::encode(&header, Some(&schema), saved.payload());
        blob.extend(envelope.map_err(|error| ClientError::Export { id: record.id.clone(), error })?);
    }
    Ok(blob)
}
