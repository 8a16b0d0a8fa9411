//! Snapshots as they stand in the store, with the schema row that describes each: read without the program that saved them, as JSON or
//! as a portable blob.

use crate::{
    error::ClientError,
    payload::{Codec, LargeFields, Owner},
    schemas::{KnownRow, Schemas},
};
use durable_core::{
    snapshot::{self, Header},
    store::{ExecutionId, ExecutionRecord, FrameRecord, Row, Store, StoreError},
    stored::{self, STORED_HEADER_BYTES},
};
use serde_json::{Map, Value, json};
use std::{borrow::Cow, sync::Arc, time::Duration};

/// An execution as it stands; there must be one.
pub(crate) async fn record(store: &dyn Store, id: &ExecutionId) -> Result<ExecutionRecord, ClientError> {
    let record = store.execution(id).await?;
    record.ok_or_else(|| ClientError::UnknownExecution(id.clone()))
}

/// An execution as it stands, with the large fields of its snapshots.
pub(crate) struct Loaded {
    pub(crate) record: ExecutionRecord,
    pub(crate) large: LargeFields,
}

impl Loaded {
    pub(crate) async fn read(store: &dyn Store, id: &ExecutionId) -> Result<Self, ClientError> {
        let mut reads = Reads::default();
        loop {
            let record = record(store, id).await?;
            let snapshots: Vec<_> = record.frames.iter().map(|frame| Arc::clone(&frame.snapshot)).collect();
            if let Some(large) = reads.large_fields(store, id, record.row, snapshots).await? {
                return Ok(Self { record, large });
            }
        }
    }
}

/// How often an execution is read that goes on all the time.
const READS: u32 = 100;

/// Reads of an execution that may go on between a snapshot and its large fields.
#[derive(Default)]
pub(crate) struct Reads {
    count: u32,
    last: Vec<Arc<[u8]>>,
}

impl Reads {
    /// The large fields of snapshots that were just read; `None`: the execution has gone on meanwhile, and is to be read again. If it
    /// stands still, those that are not there are missing.
    pub(crate) async fn large_fields(
        &mut self,
        store: &dyn Store,
        id: &ExecutionId,
        row: Row,
        snapshots: Vec<Arc<[u8]>>,
    ) -> Result<Option<LargeFields>, StoreError> {
        let large = LargeFields::read(store, row, snapshots.iter().map(|snapshot| &**snapshot)).await?;
        // In the header of a snapshot is the epoch: no two are the same.
        if large.are_all_there() || self.last == snapshots {
            return Ok(Some(large));
        }
        self.last = snapshots;
        self.count += 1;
        if self.count == READS {
            let reason = format!("execution `{id}` goes on faster than it can be read: try again");
            return Err(StoreError::Busy { location: store.describe(), reason });
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        Ok(None)
    }
}

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
    schemas: &Schemas,
    codec: &Codec,
    Loaded { record, large }: &Loaded,
    frame: &'a FrameRecord,
) -> Result<Saved<'a>, ClientError> {
    let id = || record.id.clone();
    let opened = stored::open_packed(&frame.snapshot);
    let (header, _) = opened.map_err(|error| ClientError::Snapshot { id: id(), error })?;
    let known = schemas.existing_row(header.schema).await?;
    let owner = Owner::Snapshot {
        instance: record.instance,
        frame: frame.frame,
        visit: frame.visit,
        workflow: &known.workflow,
        point: &known.point.name,
    };
    let blob = codec.unpack_snapshot(header.packing, &frame.snapshot, record.instance, &owner, large);
    let blob = blob.map_err(|error| ClientError::Payload { id: id(), what: "snapshot", error })?;
    Ok(Saved { known, blob })
}

/// The frames of an execution, one inside the other.
pub(crate) async fn json(
    store: &dyn Store,
    schemas: &Schemas,
    codec: &Codec,
    id: &ExecutionId,
) -> Result<Value, ClientError> {
    let loaded = Loaded::read(store, id).await?;
    let record = &loaded.record;
    let mut outermost = None;
    for frame in record.frames.iter().rev() {
        let saved = open(schemas, codec, &loaded, frame).await?;
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
    id: &ExecutionId,
) -> Result<Vec<u8>, ClientError> {
    let loaded = Loaded::read(store, id).await?;
    let record = &loaded.record;
    if record.frames.is_empty() {
        return Err(ClientError::Ended { id: record.id.clone(), status: record.status });
    }
    let mut blob = Vec::new();
    for frame in &record.frames {
        let saved = open(schemas, codec, &loaded, frame).await?;
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
