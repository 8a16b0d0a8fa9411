//! Edits of what an execution has saved: JSON in place of its locals, checked against the recorded schema of its await point and
//! written by it, without the program that saved them.

mod from_json;
#[cfg(test)]
mod tests;

pub use from_json::EditProblem;

use crate::{error::ClientError, schemas::Schemas};
use durable_core::{
    ExecutionId, PointSchema, Status,
    store::{EditError, EditRequest, FrameRecord, Store, StoreError},
    stored::{self, STORED_HEADER_BYTES},
};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// Changes what is saved to what the JSON says. False: that is what is saved already.
pub(crate) async fn edit(
    store: &dyn Store,
    schemas: &Schemas,
    id: &ExecutionId,
    json: &Json,
    by: &str,
) -> Result<bool, ClientError> {
    let record = store.execution(id).await?;
    let record = record.ok_or_else(|| ClientError::UnknownExecution(id.clone()))?;
    let status = record.status;
    if status.is_terminal() && status != Status::Failed {
        return Err(ClientError::Ended { id: id.clone(), status });
    }
    let mut edit = Edit::default();
    let (mut here, mut path) = (Some(json), String::new());
    for (at, frame) in record.frames.iter().enumerate() {
        let known = schemas.row(frame.schema).await?.ok_or_else(|| {
            ClientError::Store(StoreError::Corrupt {
                location: store.describe(),
                reason: format!("schema row {} is not there", frame.schema.0),
            })
        })?;
        let has_child = at + 1 < record.frames.len();
        here = edit.frame(here, &mut path, &known.workflow, &known.point, frame, has_child, record.epoch + 1);
    }
    let Edit { problems, frames, changed } = edit;
    if !problems.is_empty() {
        return Err(ClientError::Edit { id: id.clone(), problems });
    }
    if frames.is_empty() {
        return Ok(false);
    }
    let note = format!("by {by}: {}", changed.join(", "));
    store.edit(EditRequest { id: id.clone(), epoch: record.epoch, frames, note }).await?;
    Ok(true)
}

#[derive(Default)]
struct Edit {
    problems: Vec<EditProblem>,
    /// Snapshots that change.
    frames: Vec<(u64, Arc<[u8]>)>,
    /// The paths of what changes, for history.
    changed: Vec<String>,
}

impl Edit {
    /// One frame; gives the JSON of the next.
    #[allow(clippy::too_many_arguments)]
    fn frame<'j>(
        &mut self,
        json: Option<&'j Json>,
        path: &mut String,
        workflow: &str,
        point: &PointSchema,
        frame: &FrameRecord,
        has_child: bool,
        epoch: u64,
    ) -> Option<&'j Json> {
        let json = json?;
        let Json::Object(object) = json else {
            self.problem(path, "", "must be an object with `workflow`, `point` and `state`");
            return None;
        };
        for (name, expected) in [("workflow", workflow), ("point", &point.name)] {
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
        match object.get("state") {
            Some(Json::Object(state)) => self.state(state, path, point, frame, epoch),
            Some(_) => self.problem(path, "state", "must be an object"),
            None => self.problem(path, "state", "is missing"),
        }
        path.push_str("child.");
        object.get("child")
    }

    fn state(
        &mut self,
        state: &Map<String, Json>,
        path: &str,
        point: &PointSchema,
        frame: &FrameRecord,
        epoch: u64,
    ) {
        let before = self.problems.len();
        let saved = stored::open(&frame.snapshot).ok().and_then(|(_, payload)| fields(point, payload));
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
            return;
        }
        // Whatever is written can be read: this bounds the number of values, too.
        if let Err(error) = point.decode(&bytes[STORED_HEADER_BYTES..]) {
            return self.problem(path, "state", error.to_string());
        }
        stored::stamp(&mut bytes, frame.schema, epoch);
        self.frames.push((frame.frame, bytes.into()));
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
