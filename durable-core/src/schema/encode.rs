//! The canonical bytes of a schema: what fingerprints hash and what stores keep.
//!
//! Version 1: the byte 1, then the nodes from the root, each a tag byte and its parts in order. Counts and
//! node numbers are minimal LEB128 `u32`; names are a count and UTF-8. Tags: 0 `Unit`, 1 `Bool`,
//! 2..=6 `I8`..`I128`, 7..=11 `U8`..`U128`, 12 `F32`, 13 `F64`, 14 `Char`, 15 `String`, 16 `Bytes`,
//! 17 `Option` (node), 18 `Seq` (node), 19 `Map` (key, value), 20 `Tuple` (count, nodes), 21 `UnitStruct` (name),
//! 22 `NewtypeStruct` (name, node), 23 `TupleStruct` (name, count, nodes), 24 `Struct` (name, count,
//! (name, node)s), 25 `Enum` (name, count, (name, variant)s), 26 `Ref` (number). Variants: 0 `Unit`,
//! 1 `Newtype` (node), 2 `Tuple` (count, nodes), 3 `Struct` (count, (name, node)s), 4 `Unreadable`.
//! One schema has one encoding; tags are never reused. A change of any of this is a new version.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Name, SCHEMA_DEPTH_MAX, SCHEMA_NODES_MAX, Schema, VariantSchema};

/// The version of the encoding, its first byte.
pub(crate) const ENCODING_VERSION: u8 = 1;

/// Why bytes are not a schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// A newer version wrote it.
    #[error(
        "schema encoding version {found} is unknown (newest known: {ENCODING_VERSION}); read it with a newer `durable`"
    )]
    UnknownVersion {
        /// The first byte.
        found: u8,
    },
    /// The bytes end early.
    #[error(
        "the schema ends at byte {at} in the middle of a part; the stored row was cut, restore it from a backup"
    )]
    Truncated {
        /// Where more was needed.
        at: usize,
    },
    /// A byte that cannot stand where it stands.
    #[error("the schema is malformed at byte {at}: {what}; the stored row was damaged or is not a schema")]
    Malformed {
        /// Where.
        at: usize,
        /// What is wrong there.
        what: &'static str,
    },
    /// More nodes or deeper nesting than any traced schema has.
    #[error(
        "the schema passes the limit of {max} {unit} at byte {at}; no traced type is that large, so the bytes are not trusted"
    )]
    TooLarge {
        /// Where.
        at: usize,
        /// The limit.
        max: usize,
        /// What the limit counts.
        unit: &'static str,
    },
}

impl Schema {
    /// The canonical encoding. Two schemas are equal exactly if their bytes are.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![ENCODING_VERSION];
        write_node(self, &mut out);
        out
    }

    /// Reads what [`Schema::to_bytes`] wrote. Bounded in depth and size: hostile bytes give an error.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SchemaError> {
        let mut reader = SchemaReader::new(bytes)?;
        let schema = reader.root()?;
        reader.finish()?;
        Ok(schema)
    }
}

/// Appends one node and its parts.
pub(crate) fn write_node(schema: &Schema, out: &mut Vec<u8>) {
    out.push(tag_of(schema));
    match schema {
        Schema::Option(inner) | Schema::Seq(inner) => write_node(inner, out),
        Schema::Map(key, value) => {
            write_node(key, out);
            write_node(value, out);
        }
        Schema::Tuple(fields) => write_tuple(fields, out),
        Schema::UnitStruct { name } => write_name(name, out),
        Schema::NewtypeStruct { name, inner } => {
            write_name(name, out);
            write_node(inner, out);
        }
        Schema::TupleStruct { name, fields } => {
            write_name(name, out);
            write_tuple(fields, out);
        }
        Schema::Struct { name, fields } => {
            write_name(name, out);
            write_fields(fields, out);
        }
        Schema::Enum { name, variants } => {
            write_name(name, out);
            write_count(variants.len(), out);
            for (name, variant) in variants {
                write_name(name, out);
                write_variant(variant, out);
            }
        }
        Schema::Ref(number) => write_u32(*number, out),
        _ => {}
    }
}

fn tag_of(schema: &Schema) -> u8 {
    match schema {
        Schema::Unit => 0,
        Schema::Bool => 1,
        Schema::I8 => 2,
        Schema::I16 => 3,
        Schema::I32 => 4,
        Schema::I64 => 5,
        Schema::I128 => 6,
        Schema::U8 => 7,
        Schema::U16 => 8,
        Schema::U32 => 9,
        Schema::U64 => 10,
        Schema::U128 => 11,
        Schema::F32 => 12,
        Schema::F64 => 13,
        Schema::Char => 14,
        Schema::String => 15,
        Schema::Bytes => 16,
        Schema::Option(_) => 17,
        Schema::Seq(_) => 18,
        Schema::Map(..) => 19,
        Schema::Tuple(_) => 20,
        Schema::UnitStruct { .. } => 21,
        Schema::NewtypeStruct { .. } => 22,
        Schema::TupleStruct { .. } => 23,
        Schema::Struct { .. } => 24,
        Schema::Enum { .. } => 25,
        Schema::Ref(_) => 26,
    }
}

fn write_variant(variant: &VariantSchema, out: &mut Vec<u8>) {
    match variant {
        VariantSchema::Unit => out.push(0),
        VariantSchema::Newtype(inner) => {
            out.push(1);
            write_node(inner, out);
        }
        VariantSchema::Tuple(fields) => {
            out.push(2);
            write_tuple(fields, out);
        }
        VariantSchema::Struct(fields) => {
            out.push(3);
            write_fields(fields, out);
        }
        VariantSchema::Unreadable => out.push(4),
    }
}

fn write_tuple(fields: &[Schema], out: &mut Vec<u8>) {
    write_count(fields.len(), out);
    fields.iter().for_each(|field| write_node(field, out));
}

fn write_fields(fields: &[(Name, Schema)], out: &mut Vec<u8>) {
    write_count(fields.len(), out);
    for (name, field) in fields {
        write_name(name, out);
        write_node(field, out);
    }
}

pub(crate) fn write_name(name: &str, out: &mut Vec<u8>) {
    write_count(name.len(), out);
    out.extend_from_slice(name.as_bytes());
}

/// Counts above `u32::MAX` cannot come from a traced type; a hand-made one saturates and is refused on reading.
pub(crate) fn write_count(count: usize, out: &mut Vec<u8>) {
    write_u32(u32::try_from(count).unwrap_or(u32::MAX), out);
}

fn write_u32(mut number: u32, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Reads schemas from bytes nobody vouches for.
pub(crate) struct SchemaReader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Per node of the current root, whether a `Ref` may point at it.
    composite: Vec<bool>,
    /// Nodes of all roots: the size limit is for the whole input.
    nodes: usize,
}

impl<'a> SchemaReader<'a> {
    /// Checks the version byte.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, SchemaError> {
        let mut reader = SchemaReader { bytes, at: 0, composite: Vec::new(), nodes: 0 };
        match reader.byte()? {
            ENCODING_VERSION => Ok(reader),
            found => Err(SchemaError::UnknownVersion { found }),
        }
    }

    /// One schema; its `Ref`s count from here.
    pub(crate) fn root(&mut self) -> Result<Schema, SchemaError> {
        self.composite.clear();
        self.node(0)
    }

    /// Nothing may follow.
    pub(crate) fn finish(&self) -> Result<(), SchemaError> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(self.malformed("bytes after the end")) }
    }

    fn node(&mut self, depth: usize) -> Result<Schema, SchemaError> {
        if depth >= SCHEMA_DEPTH_MAX {
            return Err(SchemaError::TooLarge { at: self.at, max: SCHEMA_DEPTH_MAX, unit: "levels" });
        }
        if self.nodes >= SCHEMA_NODES_MAX {
            return Err(SchemaError::TooLarge { at: self.at, max: SCHEMA_NODES_MAX, unit: "nodes" });
        }
        self.nodes += 1;
        let tag = self.byte()?;
        self.composite.push(matches!(tag, 17..=20 | 22..=25));
        let depth = depth + 1;
        Ok(match tag {
            0 => Schema::Unit,
            1 => Schema::Bool,
            2 => Schema::I8,
            3 => Schema::I16,
            4 => Schema::I32,
            5 => Schema::I64,
            6 => Schema::I128,
            7 => Schema::U8,
            8 => Schema::U16,
            9 => Schema::U32,
            10 => Schema::U64,
            11 => Schema::U128,
            12 => Schema::F32,
            13 => Schema::F64,
            14 => Schema::Char,
            15 => Schema::String,
            16 => Schema::Bytes,
            17 => Schema::Option(Box::new(self.node(depth)?)),
            18 => Schema::Seq(Box::new(self.node(depth)?)),
            19 => Schema::Map(Box::new(self.node(depth)?), Box::new(self.node(depth)?)),
            20 => Schema::Tuple(self.tuple(depth)?),
            21 => Schema::UnitStruct { name: self.name()? },
            22 => Schema::NewtypeStruct { name: self.name()?, inner: Box::new(self.node(depth)?) },
            23 => Schema::TupleStruct { name: self.name()?, fields: self.tuple(depth)? },
            24 => Schema::Struct { name: self.name()?, fields: self.fields(depth)? },
            25 => Schema::Enum { name: self.name()?, variants: self.variants(depth)? },
            26 => self.reference()?,
            _ => return Err(self.malformed("unknown tag")),
        })
    }

    fn reference(&mut self) -> Result<Schema, SchemaError> {
        let number = self.u32()?;
        match self.composite.get(number as usize) {
            Some(true) => Ok(Schema::Ref(number)),
            _ => Err(self.malformed("a reference to no earlier composite node")),
        }
    }

    fn tuple(&mut self, depth: usize) -> Result<Vec<Schema>, SchemaError> {
        let count = self.count()?;
        (0..count).map(|_| self.node(depth)).collect()
    }

    fn fields(&mut self, depth: usize) -> Result<Vec<(Name, Schema)>, SchemaError> {
        let count = self.count()?;
        (0..count).map(|_| Ok((self.name()?, self.node(depth)?))).collect()
    }

    fn variants(&mut self, depth: usize) -> Result<Vec<(Name, VariantSchema)>, SchemaError> {
        let count = self.count()?;
        (0..count).map(|_| Ok((self.name()?, self.variant(depth)?))).collect()
    }

    fn variant(&mut self, depth: usize) -> Result<VariantSchema, SchemaError> {
        Ok(match self.byte()? {
            0 => VariantSchema::Unit,
            1 => VariantSchema::Newtype(Box::new(self.node(depth)?)),
            2 => VariantSchema::Tuple(self.tuple(depth)?),
            3 => VariantSchema::Struct(self.fields(depth)?),
            4 => VariantSchema::Unreadable,
            _ => return Err(self.malformed("unknown variant tag")),
        })
    }

    pub(crate) fn name(&mut self) -> Result<Name, SchemaError> {
        let count = self.count()?;
        let bytes = &self.bytes[self.at..self.at + count];
        let name = std::str::from_utf8(bytes).map_err(|_| self.malformed("a name that is not UTF-8"))?;
        self.at += count;
        Ok(name.into())
    }

    /// A count of things of at least one byte each, so it is bounded by the bytes left.
    pub(crate) fn count(&mut self) -> Result<usize, SchemaError> {
        let count = self.u32()? as usize;
        if count > self.bytes.len() - self.at {
            Err(SchemaError::Truncated { at: self.bytes.len() })
        } else {
            Ok(count)
        }
    }

    fn u32(&mut self) -> Result<u32, SchemaError> {
        let mut number = 0u32;
        for shift in (0..32).step_by(7) {
            let byte = self.byte()?;
            if shift == 28 && byte > 0x0f {
                return Err(self.malformed("a number above 32 bits"));
            }
            number |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return Err(self.malformed("a number in a longer form than needed"));
                }
                return Ok(number);
            }
        }
        Err(self.malformed("a number above 32 bits"))
    }

    pub(crate) fn byte(&mut self) -> Result<u8, SchemaError> {
        let byte = *self.bytes.get(self.at).ok_or(SchemaError::Truncated { at: self.at })?;
        self.at += 1;
        Ok(byte)
    }

    pub(crate) fn malformed(&self, what: &'static str) -> SchemaError {
        SchemaError::Malformed { at: self.at.saturating_sub(1), what }
    }
}

impl Serialize for Schema {
    /// As its canonical bytes.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.to_bytes())
    }
}

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(SchemaVisitor)
    }
}

struct SchemaVisitor;

impl<'de> Visitor<'de> for SchemaVisitor {
    type Value = Schema;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the canonical bytes of a schema")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Schema, E> {
        Schema::from_bytes(bytes).map_err(E::custom)
    }

    /// Formats without bytes (JSON) write them as a sequence.
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Schema, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = seq.next_element()? {
            bytes.push(byte);
        }
        self.visit_bytes(&bytes)
    }
}
