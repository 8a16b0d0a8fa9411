//! What a blob says, for people: where the execution stands, and with which values.

use crate::Error;
use durable_core::{
    Description, RunError, Workflow,
    snapshot::{self, Decoded, Header, Limits, SnapshotError},
};
use serde::de::DeserializeOwned;
use std::fmt;

/// Where the innermost frame of an execution stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) workflow: String,
    pub(super) point: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` of `{}`", self.point, self.workflow)
    }
}

/// The place whose operation comes next.
pub(super) fn innermost(blob: &[u8]) -> Result<Place, Error> {
    let last = frames(blob).map_err(unreadable)?.pop();
    let (header, _) = last.ok_or_else(|| unreadable(SnapshotError::NotASnapshot))?;
    Ok(Place { workflow: header.workflow, point: header.point })
}

/// The parameters that a start blob holds.
pub(super) fn input<W: Workflow<Input: DeserializeOwned>>(start: &[u8]) -> Result<W::Input, Error> {
    let payload = snapshot::decode(start, &Limits::default()).map_err(unreadable)?.payload;
    postcard::from_bytes(payload).map_err(|error| Error::Input { reason: error.to_string() })
}

/// The whole state as text, one frame a line.
pub(super) fn describe(workflow: Option<&Description>, blob: &[u8]) -> String {
    match frames(blob) {
        Ok(frames) => {
            let lines: Vec<_> =
                frames.iter().map(|(header, payload)| frame(workflow, header, payload)).collect();
            lines.join("\n")
        }
        Err(error) => format!("<{error}>"),
    }
}

/// The fields of the workflow's own frames; of other workflows' frames only the place is known here.
fn frame(workflow: Option<&Description>, header: &Header, payload: &[u8]) -> String {
    let place = match header.frame {
        0 => header.point.clone(),
        number => format!("child {number}, `{}` at {}", header.workflow, header.point),
    };
    match fields(workflow, header, payload) {
        Some(fields) => format!("{place} {{ {} }}", fields.join(", ")),
        None => place,
    }
}

fn fields(workflow: Option<&Description>, header: &Header, mut payload: &[u8]) -> Option<Vec<String>> {
    let description = workflow.filter(|description| description.name == header.workflow)?;
    let point = &description.points[description.point(&header.point)?];
    let mut fields = Vec::new();
    for (name, schema) in &point.fields {
        let (value, rest) = schema.decode(payload).ok()?;
        fields.push(format!("{name}: {value}"));
        payload = rest;
    }
    Some(fields)
}

fn frames(mut blob: &[u8]) -> Result<Vec<(Header, &[u8])>, SnapshotError> {
    let mut frames = Vec::new();
    while !blob.is_empty() {
        let Decoded { header, payload, rest, .. } = snapshot::decode(blob, &Limits::default())?;
        frames.push((header, payload));
        blob = rest;
    }
    Ok(frames)
}

fn unreadable(error: SnapshotError) -> Error {
    Error::Run { when: "at a blob".into(), source: Box::new(RunError::Snapshot(error)) }
}
