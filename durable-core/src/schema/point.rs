//! The schema of an await point, and the fingerprint of a workflow. (PROTOCOL, Versions.)

use super::decode::Allowance;
use super::encode::{ENCODING_VERSION, SchemaReader, write_count, write_name, write_node};
use super::{DecodeError, Fingerprint, Schema, SchemaError, Value};
use crate::stored::LARGE_FIELD_BYTES;
use std::ops::Range;

/// Marks a point's operation and fields in the hashed bytes, so that they never equal a type's schema.
const FIELDS_TAG: u8 = 0x52;
/// Marks a stored point, which carries its name too.
const POINT_TAG: u8 = 0x53;
/// Marks the pairs a workflow fingerprint hashes.
const WORKFLOW_TAG: u8 = 0x57;

/// What one await point does and saves: its name, its operation and the shape of each saved local, in the order of the bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PointSchema {
    /// The await point's name (`Charge`).
    pub name: String,
    /// The name of what is called there (`charge`), as in [`Point::operation`](crate::Point::operation).
    pub operation: String,
    /// The saved locals.
    pub fields: Vec<(String, Schema)>,
}

/// The fingerprint of a workflow: its (name, point fingerprint) pairs, sorted, so that moving an await point
/// in the source changes nothing.
pub fn workflow_fingerprint(points: &[PointSchema]) -> Fingerprint {
    versioned_fingerprint(1, points)
}

/// The same of a later [version](crate::Workflow::VERSION): versions are told apart even where they save the same. The first one's is
/// the one without a version, so that a workflow need not say that it is the first.
pub fn versioned_fingerprint(version: u32, points: &[PointSchema]) -> Fingerprint {
    let mut pairs: Vec<_> = points.iter().map(|point| (point.name.as_str(), point.fingerprint())).collect();
    pairs.sort();
    let mut out = vec![ENCODING_VERSION, WORKFLOW_TAG];
    write_count(pairs.len(), &mut out);
    for (name, fingerprint) in pairs {
        write_name(name, &mut out);
        out.extend_from_slice(&fingerprint.0);
    }
    if version != 1 {
        out.extend_from_slice(&version.to_be_bytes());
    }
    Fingerprint::of_bytes(&out)
}

impl PointSchema {
    /// The point fingerprint: operation, field names and shapes. The point's own name is not in it; snapshots and the
    /// workflow fingerprint carry that beside it.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut out = vec![ENCODING_VERSION, FIELDS_TAG];
        write_name(&self.operation, &mut out);
        self.write_fields(&mut out);
        Fingerprint::of_bytes(&out)
    }

    /// Reads a payload that was saved at this await point: a struct of the point's name, with a field for each saved local. The
    /// program that saved it is not needed.
    ///
    /// # Errors
    ///
    /// If the bytes are not what this schema writes.
    pub fn decode(&self, payload: &[u8]) -> Result<Value, DecodeError> {
        // One for all fields: a payload of many empty sequences is no larger for it.
        let (mut rest, mut allowance) = (payload, Allowance::of(payload));
        let mut fields = Vec::with_capacity(self.fields.len());
        for (name, schema) in &self.fields {
            let (value, after) = schema
                .decode_part(rest, &mut allowance)
                .map_err(|error| error.further(payload.len() - rest.len()))?;
            fields.push((name.as_str().into(), value));
            rest = after;
        }
        match rest.len() {
            0 => Ok(Value::Struct { name: self.name.as_str().into(), fields }),
            left => Err(DecodeError::Trailing { at: payload.len() - left, left }),
        }
    }

    /// Where in a payload the fields of [`LARGE_FIELD_BYTES`] or more are. None in bytes that this schema did not write.
    pub fn large_fields(&self, payload: &[u8]) -> Vec<Range<usize>> {
        let mut allowance = Allowance::of(payload);
        let (mut large, mut at) = (Vec::new(), 0);
        for (_, schema) in &self.fields {
            let Ok(length) = schema.skip_part(&payload[at..], &mut allowance) else { return Vec::new() };
            if length >= LARGE_FIELD_BYTES {
                large.push(at..at + length);
            }
            at += length;
        }
        large
    }

    /// Whether a few bytes of it may cost any amount of time or stack.
    pub(crate) fn is_unbounded(&self) -> bool {
        self.fields.iter().flat_map(|(_, schema)| schema.nodes()).any(Schema::may_be_unbounded)
    }

    /// Whether the types themselves can read a payload, in finite time and on a thread's stack; else the number of the field that they
    /// cannot.
    pub(crate) fn check_bounds(&self, payload: &[u8]) -> Result<(), (usize, DecodeError)> {
        let (mut rest, mut allowance) = (payload, Allowance::of_a_program(payload));
        for (at, (_, schema)) in self.fields.iter().enumerate() {
            let length = schema.skip_part(rest, &mut allowance);
            rest = &rest[length.map_err(|error| (at, error.further(payload.len() - rest.len())))?..];
        }
        Ok(())
    }

    /// Name, operation and fields, for a store's schema table.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![ENCODING_VERSION, POINT_TAG];
        write_name(&self.name, &mut out);
        write_name(&self.operation, &mut out);
        self.write_fields(&mut out);
        out
    }

    /// Reads what [`PointSchema::to_bytes`] wrote, with the same bounds as [`Schema::from_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SchemaError> {
        let mut reader = SchemaReader::new(bytes)?;
        if reader.byte()? != POINT_TAG {
            return Err(reader.malformed("not the schema of an await point"));
        }
        let (name, operation) = (reader.name()?.to_string(), reader.name()?.to_string());
        let count = reader.count()?;
        let fields = (0..count)
            .map(|_| Ok((reader.name()?.to_string(), reader.root()?)))
            .collect::<Result<_, SchemaError>>()?;
        reader.finish()?;
        Ok(PointSchema { name, operation, fields })
    }

    fn write_fields(&self, out: &mut Vec<u8>) {
        write_count(self.fields.len(), out);
        for (name, schema) in &self.fields {
            write_name(name, out);
            write_node(schema, out);
        }
    }
}
