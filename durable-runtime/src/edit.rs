//! Edits of what an execution has saved: JSON in place of its locals, checked against the recorded schema of its await point and
//! written by it, without the program that saved them.

mod from_json;
#[cfg(test)]
mod tests;

pub use from_json::EditProblem;

use crate::{
    error::ClientError,
    payload::{Codec, Owner, Packed, PayloadError},
    saved::Loaded,
    schemas::{KnownRow, Schemas},
};
use durable_core::{
    ExecutionId, PointSchema, Status,
    store::{EditError, EditRequest, FrameRecord, LargeField, Store},
    stored::{self, STORED_HEADER_BYTES},
};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// Changes what is saved to what the JSON says. False: that is what is saved already.
pub(crate) async fn edit(
    store: &dyn Store,
    schemas: &Schemas,
    codec: &Codec,
    id: &ExecutionId,
    json: &Json,
    by: &str,
) -> Result<bool, ClientError> {
    let loaded = Loaded::read(store, id).await?;
    let record = &loaded.record;
    let status = record.status;
    if status.is_terminal() && status != Status::Failed {
        return Err(ClientError::Ended { id: id.clone(), status });
    }
    let mut edit = Edit::default();
    let (mut here, mut path) = (Some(json), String::new());
    for (at, frame) in record.frames.iter().enumerate() {
        let known = schemas.existing_row(frame.schema).await?;
        let has_child = at + 1 < record.frames.len();
        let place = Place { codec, loaded: &loaded, frame, known: &known };
        let unusable = |error| ClientError::Payload { id: id.clone(), what: "snapshot", error };
        let saved = place.saved().map_err(unusable)?;
        let edited = edit.frame(here, &mut path, &known, saved.as_deref(), has_child);
        if let Some(bytes) = edited.bytes {
            // The store sees it compressed, and whoever reads it does not.
            codec.check_size(|| format!("the snapshot of execution `{id}`"), bytes.len())?;
            let (snapshot, large) = place.stored(bytes).map_err(unusable)?;
            edit.frames.push((frame.frame, snapshot.into()));
            edit.large.extend(large);
        }
        here = edited.child;
    }
    let Edit { problems, frames, large, changed } = edit;
    if !problems.is_empty() {
        return Err(ClientError::Edit { id: id.clone(), problems });
    }
    if frames.is_empty() {
        return Ok(false);
    }
    let note = format!("by {by}: {}", changed.join(", "));
    store.edit(EditRequest { id: id.clone(), epoch: record.epoch, frames, large, note }).await?;
    Ok(true)
}

#[derive(Default)]
struct Edit {
    problems: Vec<EditProblem>,
    /// Snapshots that change.
    frames: Vec<(u64, Arc<[u8]>)>,
    /// What these refer to.
    large: Vec<LargeField>,
    /// The paths of what changes, for history.
    changed: Vec<String>,
}

/// A frame that may be edited.
struct Place<'a> {
    codec: &'a Codec,
    loaded: &'a Loaded,
    frame: &'a FrameRecord,
    known: &'a KnownRow,
}

impl Place<'_> {
    fn owner(&self) -> Owner<'_> {
        Owner::Snapshot {
            instance: self.loaded.record.instance,
            frame: self.frame.frame,
            visit: self.frame.visit,
            workflow: &self.known.workflow,
            point: &self.known.point.name,
        }
    }

    /// The saved locals; `None` if they are damaged. A key that is missing is no damage.
    fn saved(&self) -> Result<Option<Vec<u8>>, PayloadError> {
        let Ok((header, _)) = stored::open_packed(&self.frame.snapshot) else { return Ok(None) };
        let Loaded { record, large } = self.loaded;
        let (snapshot, owner) = (&self.frame.snapshot, self.owner());
        let unpacked = self.codec.unpack_snapshot(header.packing, snapshot, record.instance, &owner, large);
        match unpacked {
            Ok(blob) => Ok(Some(blob[STORED_HEADER_BYTES..].to_vec())),
            Err(
                PayloadError::NotAuthentic { .. }
                | PayloadError::Undecompressed { .. }
                | PayloadError::MissingField { .. }
                | PayloadError::DamagedField { .. }
                | PayloadError::Parts(_)
                | PayloadError::Truncated { .. },
            ) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A snapshot as it is stored, of bytes whose header is blank.
    fn stored(&self, mut bytes: Vec<u8>) -> Result<(Vec<u8>, Vec<LargeField>), PayloadError> {
        let record = &self.loaded.record;
        stored::stamp(&mut bytes, self.frame.schema, record.epoch + 1);
        let large = self.known.large_fields(&bytes);
        // What is there may be what is damaged.
        let Packed { blob, new, .. } =
            self.codec.pack_snapshot(&bytes, &large, record.instance, &self.owner(), |_| false)?;
        Ok((blob.unwrap_or(bytes), new))
    }
}

/// What becomes of a frame.
#[derive(Default)]
struct Edited<'j> {
    /// Its locals behind a blank header, if they change.
    bytes: Option<Vec<u8>>,
    /// The JSON of the next frame.
    child: Option<&'j Json>,
}

impl Edit {
    /// One frame.
    fn frame<'j>(
        &mut self,
        json: Option<&'j Json>,
        path: &mut String,
        known: &KnownRow,
        saved: Option<&[u8]>,
        has_child: bool,
    ) -> Edited<'j> {
        let Some(json) = json else { return Edited::default() };
        let Json::Object(object) = json else {
            self.problem(path, "", "must be an object with `workflow`, `point` and `state`");
            return Edited::default();
        };
        for (name, expected) in [("workflow", &known.workflow), ("point", &known.point.name)] {
            match object.get(name) {
                Some(Json::String(found)) if found == expected => {}
                Some(found) => {
                    let problem =
                        format!("is {found}, and the execution stands at \"{expected}\": read it again");
                    self.problem(path, name, problem);
                }
                None => {
                    self.problem(path, name, format!("is missing: the execution stands at \"{expected}\""))
                }
            }
        }
        for key in object.keys() {
            if !["workflow", "point", "state", "child"].contains(&key.as_str()) {
                self.problem(path, key, "is unknown: there is `workflow`, `point`, `state` and `child`");
            }
        }
        match (object.get("child"), has_child) {
            (None, true) => self.problem(path, "child", "is missing: a child workflow runs here"),
            (Some(_), false) => self.problem(path, "child", "is unknown: no child workflow runs here"),
            _ => {}
        }
        let bytes = match object.get("state") {
            Some(Json::Object(state)) => self.state(state, path, &known.point, saved),
            Some(_) => {
                self.problem(path, "state", "must be an object");
                None
            }
            None => {
                self.problem(path, "state", "is missing");
                None
            }
        };
        path.push_str("child.");
        Edited { bytes, child: object.get("child") }
    }

    fn state(
        &mut self,
        state: &Map<String, Json>,
        path: &str,
        point: &PointSchema,
        saved: Option<&[u8]>,
    ) -> Option<Vec<u8>> {
        let before = self.problems.len();
        let saved = saved.and_then(|payload| fields(point, payload));
        let (mut bytes, mut changes) = (vec![0; STORED_HEADER_BYTES], saved.is_none());
        for (at, (name, schema)) in point.fields.iter().enumerate() {
            let path = format!("{path}state.{name}");
            let Some(json) = state.get(name) else {
                from_json::add(&mut self.problems, &path, "is missing");
                continue;
            };
            // What is not edited stays byte for byte.
            let saved = saved.as_ref().map(|saved| saved[at]);
            if let Some(saved) = saved
                && schema
                    .decode(saved)
                    .is_ok_and(|(value, _)| serde_json::to_value(value).is_ok_and(|it| it == *json))
            {
                bytes.extend_from_slice(saved);
                continue;
            }
            let Some(value) = from_json::read(schema, json, &path, &mut self.problems) else { continue };
            match schema.encode(&value) {
                Ok(encoded) => {
                    bytes.extend_from_slice(&encoded);
                    if saved != Some(&encoded) {
                        changes = true;
                        self.changed.push(path);
                    }
                }
                Err(error) => from_json::add(&mut self.problems, &path, error.to_string()),
            }
        }
        for key in state.keys().filter(|key| !point.fields.iter().any(|(name, _)| name == *key)) {
            let point = &point.name;
            self.problem(
                path,
                &format!("state.{key}"),
                format!("is unknown: await point `{point}` saves no such local"),
            );
        }
        if self.problems.len() > before || !changes {
            return None;
        }
        // Whatever is written can be read: this bounds the number of values, too.
        if let Err(error) = point.decode(&bytes[STORED_HEADER_BYTES..]) {
            self.problem(path, "state", error.to_string());
            return None;
        }
        Some(bytes)
    }

    fn problem(&mut self, path: &str, name: &str, problem: impl Into<String>) {
        let whole = format!("{path}{name}");
        let whole = whole.strip_suffix('.').unwrap_or(&whole);
        from_json::add(&mut self.problems, if whole.is_empty() { "the state" } else { whole }, problem);
    }
}

/// The bytes of each saved local; `None` if they are damaged.
fn fields<'b>(point: &PointSchema, payload: &'b [u8]) -> Option<Vec<&'b [u8]>> {
    let mut rest = payload;
    let mut fields = Vec::with_capacity(point.fields.len());
    for (_, schema) in &point.fields {
        let (field, after) = rest.split_at_checked(schema.skip(rest).ok()?)?;
        fields.push(field);
        rest = after;
    }
    rest.is_empty().then_some(fields)
}

impl From<EditError> for ClientError {
    fn from(error: EditError) -> Self {
        match error {
            EditError::UnknownExecution(id) => Self::UnknownExecution(id),
            EditError::Ended { id, status } => Self::Ended { id, status },
            EditError::Store(error) => error.into(),
            error => Self::NotEdited(error),
        }
    }
}
