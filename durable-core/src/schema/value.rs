//! A decoded value in a form of its own, for people, JSON and migrations.

use std::collections::HashSet;
use std::fmt::{self, Display, Formatter};

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::Name;

/// A value read by [`Schema::decode`](super::Schema::decode).
///
/// `Display` writes compact Rust-like text: `Order { customer: "ada", total: 10 }`.
///
/// `Serialize` writes the JSON people expect, which can be read back with the schema: structs are objects,
/// tuples and sequences are arrays, newtypes are what they wrap, `None` and units are null, `Some(x)` is `x`, or `{"Some": x}`
/// where `x` is itself null.
/// An enum without payload is its variant's name, with one `{"Variant": payload}`. Bytes are a string of
/// hexadecimal digits. Integers outside `i64`/`u64`, NaN and infinities are strings. A map is an object if all
/// its keys are different strings, characters, integers, bools or variants without payload (stringified), else an
/// array of pairs.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `()`
    Unit,
    /// A bool.
    Bool(bool),
    /// A signed integer of any size.
    Signed(i128),
    /// An unsigned integer of any size.
    Unsigned(u128),
    /// An `f32`.
    F32(f32),
    /// An `f64`.
    F64(f64),
    /// A character.
    Char(char),
    /// Text.
    String(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// An option.
    Option(Option<Box<Value>>),
    /// A sequence.
    Seq(Vec<Value>),
    /// A map, in the order of the bytes.
    Map(Vec<(Value, Value)>),
    /// A tuple or an array.
    Tuple(Vec<Value>),
    /// `Name`
    UnitStruct {
        /// The type's name.
        name: Name,
    },
    /// `Name(inner)`
    NewtypeStruct {
        /// The type's name.
        name: Name,
        /// What it wraps.
        inner: Box<Value>,
    },
    /// `Name(a, b)`
    TupleStruct {
        /// The type's name.
        name: Name,
        /// The fields in order.
        fields: Vec<Value>,
    },
    /// `Name { a, b }`
    Struct {
        /// The type's name.
        name: Name,
        /// The fields in order.
        fields: Vec<(Name, Value)>,
    },
    /// A variant of an enum.
    Enum {
        /// The enum's name.
        name: Name,
        /// The variant's name.
        variant: Name,
        /// What it carries.
        payload: VariantValue,
    },
}

/// What a decoded variant carries.
#[derive(Clone, Debug, PartialEq)]
pub enum VariantValue {
    /// `Variant`
    Unit,
    /// `Variant(inner)`
    Newtype(Box<Value>),
    /// `Variant(a, b)`
    Tuple(Vec<Value>),
    /// `Variant { a, b }`
    Struct(Vec<(Name, Value)>),
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Value::Unit => f.write_str("()"),
            Value::Bool(value) => value.fmt(f),
            Value::Signed(value) => value.fmt(f),
            Value::Unsigned(value) => value.fmt(f),
            Value::F32(value) => write!(f, "{value:?}"),
            Value::F64(value) => write!(f, "{value:?}"),
            Value::Char(value) => write!(f, "{value:?}"),
            Value::String(value) => write!(f, "{value:?}"),
            Value::Bytes(bytes) => write!(f, "b\"{}\"", bytes.escape_ascii()),
            Value::Option(None) => f.write_str("None"),
            Value::Option(Some(value)) => write!(f, "Some({value})"),
            Value::Seq(values) => list(f, "[", values, "]"),
            Value::Map(pairs) => {
                f.write_str("{")?;
                for (index, (key, value)) in pairs.iter().enumerate() {
                    write!(f, "{}{key}: {value}", comma(index))?;
                }
                f.write_str("}")
            }
            Value::Tuple(values) if values.len() == 1 => write!(f, "({},)", values[0]),
            Value::Tuple(values) => list(f, "(", values, ")"),
            Value::UnitStruct { name } => f.write_str(name),
            Value::NewtypeStruct { name, inner } => write!(f, "{name}({inner})"),
            Value::TupleStruct { name, fields } => {
                f.write_str(name)?;
                list(f, "(", fields, ")")
            }
            Value::Struct { name, fields } => braces(f, name, fields),
            Value::Enum { variant, payload, .. } => match payload {
                VariantValue::Unit => f.write_str(variant),
                VariantValue::Newtype(inner) => write!(f, "{variant}({inner})"),
                VariantValue::Tuple(fields) => {
                    f.write_str(variant)?;
                    list(f, "(", fields, ")")
                }
                VariantValue::Struct(fields) => braces(f, variant, fields),
            },
        }
    }
}

fn list(f: &mut Formatter<'_>, open: &str, values: &[Value], close: &str) -> fmt::Result {
    f.write_str(open)?;
    for (index, value) in values.iter().enumerate() {
        write!(f, "{}{value}", comma(index))?;
    }
    f.write_str(close)
}

fn braces(f: &mut Formatter<'_>, name: &str, fields: &[(Name, Value)]) -> fmt::Result {
    if fields.is_empty() {
        return write!(f, "{name} {{}}");
    }
    write!(f, "{name} {{ ")?;
    for (index, (field, value)) in fields.iter().enumerate() {
        write!(f, "{}{field}: {value}", comma(index))?;
    }
    f.write_str(" }")
}

fn comma(index: usize) -> &'static str {
    if index == 0 { "" } else { ", " }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Unit | Value::UnitStruct { .. } | Value::Option(None) => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Signed(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => serializer.serialize_i64(value),
                (_, Ok(value)) => serializer.serialize_u64(value),
                _ => serializer.collect_str(value),
            },
            Value::Unsigned(value) => match u64::try_from(*value) {
                Ok(value) => serializer.serialize_u64(value),
                Err(_) => serializer.collect_str(value),
            },
            Value::F32(value) if value.is_finite() => serializer.serialize_f32(*value),
            Value::F64(value) if value.is_finite() => serializer.serialize_f64(*value),
            Value::F32(value) => serializer.collect_str(value),
            Value::F64(value) => serializer.collect_str(value),
            Value::Char(value) => serializer.serialize_char(*value),
            Value::String(value) => serializer.serialize_str(value),
            Value::Bytes(bytes) => serializer.collect_str(&Hex(bytes)),
            Value::Option(Some(value)) if value.is_null() => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(SOME, value)?;
                map.end()
            }
            Value::Option(Some(value)) => value.serialize(serializer),
            Value::Seq(values) | Value::Tuple(values) | Value::TupleStruct { fields: values, .. } => {
                serializer.collect_seq(values)
            }
            Value::Map(pairs) => serialize_pairs(pairs, serializer),
            Value::NewtypeStruct { inner, .. } => inner.serialize(serializer),
            Value::Struct { fields, .. } => Fields(fields).serialize(serializer),
            Value::Enum { variant, payload, .. } => serialize_variant(variant, payload, serializer),
        }
    }
}

/// Marks a `Some` that would else be taken for `None`.
const SOME: &str = "Some";

impl Value {
    /// Whether its JSON is null, or looks like the mark around null; a `Some` of it is marked (once more).
    fn is_null(&self) -> bool {
        match self {
            Value::Unit | Value::UnitStruct { .. } | Value::Option(None) => true,
            Value::Option(Some(inner)) | Value::NewtypeStruct { inner, .. } => inner.is_null(),
            Value::Struct { fields, .. } => is_marked(fields),
            Value::Map(pairs) => match pairs.as_slice() {
                [(key, value)] => key_text(key).is_some_and(|key| key == SOME) && value.is_null(),
                _ => false,
            },
            Value::Enum { variant, payload, .. } => {
                **variant == *SOME
                    && match payload {
                        VariantValue::Newtype(inner) => inner.is_null(),
                        VariantValue::Struct(fields) => is_marked(fields),
                        VariantValue::Unit | VariantValue::Tuple(_) => false,
                    }
            }
            _ => false,
        }
    }
}

fn is_marked(fields: &[(Name, Value)]) -> bool {
    matches!(fields, [(name, value)] if **name == *SOME && value.is_null())
}

fn serialize_variant<S: Serializer>(
    name: &str,
    payload: &VariantValue,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if let VariantValue::Unit = payload {
        return serializer.serialize_str(name);
    }
    let mut map = serializer.serialize_map(Some(1))?;
    match payload {
        VariantValue::Unit => {}
        VariantValue::Newtype(inner) => map.serialize_entry(name, inner)?,
        VariantValue::Tuple(values) => map.serialize_entry(name, values)?,
        VariantValue::Struct(fields) => map.serialize_entry(name, &Fields(fields))?,
    }
    map.end()
}

fn serialize_pairs<S: Serializer>(pairs: &[(Value, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    let keys: Option<Vec<String>> = pairs.iter().map(|(key, _)| key_text(key)).collect();
    // Two of one text would be one.
    if let Some(keys) = keys.filter(|keys| keys.iter().collect::<HashSet<_>>().len() == keys.len()) {
        let mut map = serializer.serialize_map(Some(pairs.len()))?;
        for (key, (_, value)) in keys.iter().zip(pairs) {
            map.serialize_entry(key, value)?;
        }
        return map.end();
    }
    let mut seq = serializer.serialize_seq(Some(pairs.len()))?;
    for pair in pairs {
        seq.serialize_element(pair)?;
    }
    seq.end()
}

fn key_text(key: &Value) -> Option<String> {
    match key {
        Value::String(text) => Some(text.clone()),
        Value::Char(value) => Some(value.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Signed(value) => Some(value.to_string()),
        Value::Unsigned(value) => Some(value.to_string()),
        Value::NewtypeStruct { inner, .. } => key_text(inner),
        Value::Enum { variant, payload: VariantValue::Unit, .. } => Some(variant.to_string()),
        _ => None,
    }
}

struct Fields<'a>(&'a [(Name, Value)]);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (&**name, value)))
    }
}

struct Hex<'a>(&'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
