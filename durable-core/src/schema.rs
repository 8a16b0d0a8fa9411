//! Schemas: the full shape of a saved type, traced through serde's `Deserialize` alone.
//!
//! A snapshot's payload is postcard, which is not self-describing. The [`Schema`] recorded beside it is what
//! lets any tool read the bytes without the program that wrote them ([`Schema::decode`], [`Value`]), and what
//! tells one version of a type from another ([`Fingerprint`]).

mod alone;
mod changes;
mod decode;
mod difference;
mod dry_run;
mod encode;
mod fingerprint;
mod point;
mod rebuild;
mod shape;
pub mod text;
mod trace;
mod value;
mod write;

#[cfg(test)]
mod decode_tests;
#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod rebuild_tests;
#[cfg(test)]
mod trace_tests;
#[cfg(test)]
mod write_tests;

use std::sync::Arc;

pub(crate) use changes::{Change, changes};
pub(crate) use decode::Allowance;
pub use decode::{DecodeError, VALUE_DEPTH_MAX};
pub(crate) use dry_run::dry_run;
pub use encode::SchemaError;
pub use fingerprint::{Fingerprint, FingerprintError, fingerprint_of};
pub use point::{PointSchema, versioned_fingerprint, workflow_fingerprint};
pub use rebuild::RebuildError;
pub use shape::Shape;
pub use trace::{TraceError, trace};
pub use value::{Value, VariantValue};
pub use write::EncodeError;

/// The most nodes one schema may have. Larger ones are refused when traced and when read.
pub const SCHEMA_NODES_MAX: usize = 1 << 16;

/// The deepest nesting one schema may have.
pub const SCHEMA_DEPTH_MAX: usize = 128;

/// A name inside a schema. Shared, because every decoded [`Value`] repeats it.
pub type Name = Arc<str>;

/// The shape of a type as postcard writes it.
///
/// Types that contain themselves are closed with [`Schema::Ref`]. Only those are: a type that is merely used
/// twice is written out twice, so that removing one use does not change how the other one looks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Schema {
    /// `()`, no bytes.
    Unit,
    /// One byte, 0 or 1.
    Bool,
    /// One byte.
    I8,
    /// Zigzag varint.
    I16,
    /// Zigzag varint.
    I32,
    /// Zigzag varint; `isize` too.
    I64,
    /// Zigzag varint.
    I128,
    /// One byte.
    U8,
    /// Varint.
    U16,
    /// Varint.
    U32,
    /// Varint; `usize` too.
    U64,
    /// Varint.
    U128,
    /// Four bytes, little-endian.
    F32,
    /// Eight bytes, little-endian.
    F64,
    /// A length and the character in UTF-8.
    Char,
    /// A length and UTF-8.
    String,
    /// A length and bytes.
    Bytes,
    /// A tag byte, then the value if the tag is 1.
    Option(Box<Schema>),
    /// A count, then the elements.
    Seq(Box<Schema>),
    /// A count, then keys and values in turn.
    Map(Box<Schema>, Box<Schema>),
    /// The elements, no count. Arrays too.
    Tuple(Vec<Schema>),
    /// `struct Name;`, no bytes.
    UnitStruct {
        /// The type's serde name.
        name: Name,
    },
    /// `struct Name(Inner);`
    NewtypeStruct {
        /// The type's serde name.
        name: Name,
        /// What it wraps.
        inner: Box<Schema>,
    },
    /// `struct Name(A, B);`
    TupleStruct {
        /// The type's serde name.
        name: Name,
        /// The fields in order.
        fields: Vec<Schema>,
    },
    /// `struct Name { a: A, b: B }`
    Struct {
        /// The type's serde name.
        name: Name,
        /// The fields in the order of the bytes, by serde name.
        fields: Vec<(Name, Schema)>,
    },
    /// An enum: the variant's position as a varint, then its payload.
    Enum {
        /// The type's serde name.
        name: Name,
        /// The variants by position. Where a variant has aliases, the alphabetically first of its names.
        variants: Vec<(Name, VariantSchema)>,
    },
    /// A type that contains itself, met again: the node of this number, counting the nodes of the whole
    /// schema from its root (0) in the order they are written, each `Ref` included. Always an earlier node.
    Ref(u32),
}

/// What one variant of an enum carries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum VariantSchema {
    /// `Variant`
    Unit,
    /// `Variant(Inner)`
    Newtype(Box<Schema>),
    /// `Variant(A, B)`
    Tuple(Vec<Schema>),
    /// `Variant { a: A, b: B }`
    Struct(Vec<(Name, Schema)>),
    /// The type's own `Deserialize` refuses this variant before reading its payload (`OsString::Windows` on
    /// Unix), so no value of it can have been saved by a program that could read it back.
    Unreadable,
}

impl Schema {
    /// The nodes of this schema in the order [`Schema::Ref`] counts them.
    pub fn nodes(&self) -> Vec<&Schema> {
        let mut nodes = Vec::new();
        self.collect_nodes(&mut nodes);
        nodes
    }

    fn collect_nodes<'s>(&'s self, nodes: &mut Vec<&'s Schema>) {
        nodes.push(self);
        self.each_part(&mut |part| part.collect_nodes(nodes));
    }

    /// The schemas in this one, in the order of the bytes.
    pub(crate) fn parts(&self) -> Vec<&Schema> {
        let mut parts = Vec::new();
        self.each_part(&mut |part| parts.push(part));
        parts
    }

    pub(crate) fn each_part<'s>(&'s self, each: &mut dyn FnMut(&'s Schema)) {
        match self {
            Schema::Option(inner) | Schema::Seq(inner) | Schema::NewtypeStruct { inner, .. } => each(inner),
            Schema::Map(key, value) => {
                each(key);
                each(value);
            }
            Schema::Tuple(fields) | Schema::TupleStruct { fields, .. } => fields.iter().for_each(each),
            Schema::Struct { fields, .. } => fields.iter().for_each(|(_, field)| each(field)),
            Schema::Enum { variants, .. } => variants.iter().for_each(|(_, variant)| variant.each_part(each)),
            _ => {}
        }
    }

    /// Whether its values take no bytes. A type that contains itself does so behind a tag or a count.
    pub(crate) fn is_always_empty(&self) -> bool {
        match self {
            Schema::Unit | Schema::UnitStruct { .. } => true,
            Schema::NewtypeStruct { inner, .. } => inner.is_always_empty(),
            Schema::Tuple(fields) | Schema::TupleStruct { fields, .. } => {
                fields.iter().all(Schema::is_always_empty)
            }
            Schema::Struct { fields, .. } => fields.iter().all(|(_, field)| field.is_always_empty()),
            _ => false,
        }
    }

    /// Whether this node has parts, and so may be the target of a [`Schema::Ref`].
    pub(crate) fn is_composite(&self) -> bool {
        matches!(
            self,
            Schema::Option(_)
                | Schema::Seq(_)
                | Schema::Map(..)
                | Schema::Tuple(_)
                | Schema::NewtypeStruct { .. }
                | Schema::TupleStruct { .. }
                | Schema::Struct { .. }
                | Schema::Enum { .. }
        )
    }
}

impl VariantSchema {
    pub(crate) fn each_part<'s>(&'s self, each: &mut dyn FnMut(&'s Schema)) {
        match self {
            VariantSchema::Unit | VariantSchema::Unreadable => {}
            VariantSchema::Newtype(inner) => each(inner),
            VariantSchema::Tuple(fields) => fields.iter().for_each(each),
            VariantSchema::Struct(fields) => fields.iter().for_each(|(_, field)| each(field)),
        }
    }
}
