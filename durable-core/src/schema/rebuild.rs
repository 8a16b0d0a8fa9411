//! Building a type from a decoded [`Value`]: how a snapshot of an older shape becomes one of today's.
//!
//! The writer's schema gives every part of the value its name, and serde does the rest, as it would with JSON: fields and variants
//! are found by name whatever their order, `default` and `alias` apply, an `Option` that was not there is `None`, what is not
//! known any more is left out, and integers may change their width as long as the number fits. Nothing is guessed: a number that
//! would change, a tuple in place of a struct, a payload that was not there are errors.

mod parts;

use super::{Value, VariantValue};
use parts::{Elements, Pairs, Variant};
use serde::{
    Deserializer,
    de::{self, DeserializeOwned, Expected, Unexpected, Visitor},
};
use std::fmt::{self, Display};

/// Why a value cannot become a value of another type: where in it, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RebuildError {
    /// From the outside in, `.field` or `[index]`.
    path: Vec<String>,
    what: String,
}

impl RebuildError {
    /// From the outside in, `.field`, `.Variant` or `[index]`.
    pub(crate) fn path(&self) -> &[String] {
        &self.path
    }

    fn within(mut self, part: impl FnOnce() -> String) -> Self {
        self.path.insert(0, part());
        self
    }
}

impl Display for RebuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "`{}`: ", self.path.concat().trim_start_matches('.'))?;
        }
        f.write_str(&self.what)
    }
}

impl std::error::Error for RebuildError {}

impl de::Error for RebuildError {
    fn custom<T: Display>(what: T) -> Self {
        Self { path: Vec::new(), what: what.to_string() }
    }
}

impl Value {
    /// Builds a `T`, with what serde does for formats that carry names.
    ///
    /// # Errors
    ///
    /// If `T` cannot be built without guessing; the error names the place in the value.
    pub fn rebuild<T: DeserializeOwned>(self) -> Result<T, RebuildError> {
        T::deserialize(self)
    }

    /// What it is, for an error.
    fn unexpected(&self) -> Unexpected<'_> {
        match self {
            Value::Unit | Value::UnitStruct { .. } => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Signed(value) => match i64::try_from(*value) {
                Ok(value) => Unexpected::Signed(value),
                Err(_) => Unexpected::Other("a large integer"),
            },
            Value::Unsigned(value) => match u64::try_from(*value) {
                Ok(value) => Unexpected::Unsigned(value),
                Err(_) => Unexpected::Other("a large integer"),
            },
            Value::F32(value) => Unexpected::Float(f64::from(*value)),
            Value::F64(value) => Unexpected::Float(*value),
            Value::Char(value) => Unexpected::Char(*value),
            Value::String(value) => Unexpected::Str(value),
            Value::Bytes(value) => Unexpected::Bytes(value),
            Value::Option(_) => Unexpected::Option,
            Value::Seq(_) => Unexpected::Seq,
            Value::Map(_) => Unexpected::Map,
            Value::Tuple(_) => Unexpected::Other("a tuple"),
            Value::NewtypeStruct { .. } => Unexpected::NewtypeStruct,
            Value::TupleStruct { .. } => Unexpected::Other("a tuple struct"),
            Value::Struct { .. } => Unexpected::Other("a struct"),
            Value::Enum { .. } => Unexpected::Enum,
        }
    }

    /// Not of the kind that is expected.
    #[cold]
    fn instead_of(&self, expected: &dyn Expected) -> RebuildError {
        de::Error::invalid_type(self.unexpected(), expected)
    }

    /// The value itself: a newtype is what it wraps.
    fn unwrapped(self) -> Self {
        match self {
            Value::NewtypeStruct { inner, .. } => inner.unwrapped(),
            other => other,
        }
    }
}

/// What each kind of value is taken from. Apart from the visitors, whose types are many: crates with workflows compile the code of
/// the deserializer anew for each of theirs.
impl Value {
    fn bool(self, expected: &dyn Expected) -> Result<bool, RebuildError> {
        match self.unwrapped() {
            Value::Bool(value) => Ok(value),
            other => Err(other.instead_of(expected)),
        }
    }

    fn integer(self, expected: &dyn Expected) -> Result<Integer, RebuildError> {
        let integer = match self.unwrapped() {
            Value::Signed(value) => i64::try_from(value).map(Integer::Signed),
            Value::Unsigned(value) => u64::try_from(value).map(Integer::Unsigned),
            other => return Err(other.instead_of(expected)),
        };
        integer.map_err(|_| de::Error::invalid_value(Unexpected::Other("a large integer"), expected))
    }

    fn large_integer(self, expected: &dyn Expected) -> Result<LargeInteger, RebuildError> {
        match self.unwrapped() {
            Value::Signed(value) => Ok(LargeInteger::Signed(value)),
            Value::Unsigned(value) => Ok(LargeInteger::Unsigned(value)),
            other => Err(other.instead_of(expected)),
        }
    }

    fn char(self, expected: &dyn Expected) -> Result<char, RebuildError> {
        let value = self.unwrapped();
        let character = match &value {
            Value::Char(value) => Some(*value),
            Value::String(text) => {
                let mut characters = text.chars();
                characters.next().filter(|_| characters.next().is_none())
            }
            _ => None,
        };
        character.ok_or_else(|| value.instead_of(expected))
    }

    fn text(self, expected: &dyn Expected) -> Result<String, RebuildError> {
        match self.unwrapped() {
            Value::String(text) => Ok(text),
            Value::Char(character) => Ok(character.into()),
            Value::Bytes(bytes) => String::from_utf8(bytes)
                .map_err(|error| Value::Bytes(error.into_bytes()).instead_of(expected)),
            other => Err(other.instead_of(expected)),
        }
    }

    fn bytes(self, expected: &dyn Expected) -> Result<Vec<u8>, RebuildError> {
        match self.unwrapped() {
            Value::Bytes(bytes) => Ok(bytes),
            Value::String(text) => Ok(text.into_bytes()),
            // `Vec<u8>` and `serde_bytes` are the same to a reader.
            Value::Seq(values) | Value::Tuple(values) => {
                let bytes = values.into_iter().map(|value| match value.integer(expected)? {
                    Integer::Unsigned(value) => u8::try_from(value)
                        .map_err(|_| de::Error::invalid_value(Unexpected::Unsigned(value), &"a byte")),
                    Integer::Signed(other) => {
                        Err(de::Error::invalid_value(Unexpected::Signed(other), &"a byte"))
                    }
                });
                bytes.collect()
            }
            other => Err(other.instead_of(expected)),
        }
    }

    fn unit(self, expected: &dyn Expected) -> Result<(), RebuildError> {
        match self {
            Value::Unit | Value::UnitStruct { .. } => Ok(()),
            other => Err(other.instead_of(expected)),
        }
    }

    /// What was always there is there.
    fn option(self) -> Option<Value> {
        match self {
            Value::Option(inner) => inner.map(|inner| *inner),
            value => Some(value),
        }
    }

    fn sequence(self, expected: &dyn Expected) -> Result<Elements, RebuildError> {
        match self.unwrapped() {
            Value::Bytes(bytes) => {
                let values = bytes.into_iter().map(|byte| Value::Unsigned(byte.into()));
                Ok(Elements::new(values.collect()))
            }
            value => value.elements(expected),
        }
    }

    fn elements(self, expected: &dyn Expected) -> Result<Elements, RebuildError> {
        match self {
            Value::Seq(values) | Value::Tuple(values) | Value::TupleStruct { fields: values, .. } => {
                Ok(Elements::new(values))
            }
            other => Err(other.instead_of(expected)),
        }
    }

    fn pairs(self, expected: &dyn Expected) -> Result<Pairs, RebuildError> {
        match self.unwrapped() {
            Value::Struct { fields, .. } => Ok(Pairs::members(fields)),
            Value::Map(pairs) => Ok(Pairs::entries(pairs)),
            other => Err(other.instead_of(expected)),
        }
    }

    /// Text is a variant without payload.
    fn variant(self, name: &str) -> Result<Variant, RebuildError> {
        match self.unwrapped() {
            Value::Enum { variant, payload, .. } => Ok(Variant { variant, payload }),
            Value::String(variant) => Ok(Variant { variant: variant.into(), payload: VariantValue::Unit }),
            other => Err(other.instead_of(&&*format!("enum {name}"))),
        }
    }
}

enum Integer {
    Signed(i64),
    Unsigned(u64),
}

enum LargeInteger {
    Signed(i128),
    Unsigned(u128),
}

/// Numbers keep their value or are refused: floats are rounded by serde, and so are integers that become floats.
macro_rules! floats {
    ($($take:ident $float:ty),*) => {
        impl Value {$(
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "compared with what it was")]
            fn $take(self, expected: &dyn Expected) -> Result<$float, RebuildError> {
                let number = self.unwrapped();
                let exact = match number {
                    Value::Signed(value) => Some(value as $float).filter(|float| *float as i128 == value),
                    Value::Unsigned(value) => Some(value as $float).filter(|float| *float as u128 == value),
                    Value::F32(value) => Some(value as $float),
                    Value::F64(value) => {
                        Some(value as $float).filter(|float| f64::from(*float) == value || value.is_nan())
                    }
                    other => return Err(other.instead_of(expected)),
                };
                exact.ok_or_else(|| {
                    number.instead_of(&concat!("a number that an ", stringify!($float), " holds exactly"))
                })
            }
        )*}
    };
}

floats!(f32 f32, f64 f64);

macro_rules! taken {
    ($($deserialize:ident $take:ident $visit:ident;)*) => {$(
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RebuildError> {
            let value = self.$take(&visitor)?;
            visitor.$visit(value)
        }
    )*};
}

macro_rules! integers {
    ($take:ident $integer:ident $visit_signed:ident $visit_unsigned:ident: $($deserialize:ident)*) => {$(
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RebuildError> {
            match self.$take(&visitor)? {
                $integer::Signed(value) => visitor.$visit_signed(value),
                $integer::Unsigned(value) => visitor.$visit_unsigned(value),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Value {
    type Error = RebuildError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RebuildError> {
        match self {
            Value::Unit | Value::UnitStruct { .. } => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Signed(value) => match i64::try_from(value) {
                Ok(value) => visitor.visit_i64(value),
                Err(_) => visitor.visit_i128(value),
            },
            Value::Unsigned(value) => match u64::try_from(value) {
                Ok(value) => visitor.visit_u64(value),
                Err(_) => visitor.visit_u128(value),
            },
            Value::F32(value) => visitor.visit_f32(value),
            Value::F64(value) => visitor.visit_f64(value),
            Value::Char(value) => visitor.visit_char(value),
            Value::String(value) => visitor.visit_string(value),
            Value::Bytes(value) => visitor.visit_byte_buf(value),
            Value::Option(_) => self.deserialize_option(visitor),
            Value::Seq(_) | Value::Tuple(_) | Value::TupleStruct { .. } => self.deserialize_seq(visitor),
            Value::Map(_) | Value::Struct { .. } => self.deserialize_map(visitor),
            Value::NewtypeStruct { inner, .. } => visitor.visit_newtype_struct(*inner),
            Value::Enum { variant, payload, .. } => visitor.visit_enum(Variant { variant, payload }),
        }
    }

    taken! {
        deserialize_bool bool visit_bool;
        deserialize_f32 f32 visit_f32;
        deserialize_f64 f64 visit_f64;
        deserialize_char char visit_char;
        deserialize_str text visit_string;
        deserialize_string text visit_string;
        deserialize_identifier text visit_string;
        deserialize_bytes bytes visit_byte_buf;
        deserialize_byte_buf bytes visit_byte_buf;
        deserialize_map pairs visit_map;
    }

    integers! { integer Integer visit_i64 visit_u64:
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    integers! { large_integer LargeInteger visit_i128 visit_u128: deserialize_i128 deserialize_u128 }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RebuildError> {
        self.unit(&visitor)?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, RebuildError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RebuildError> {
        match self.option() {
            None => visitor.visit_none(),
            Some(value) => visitor.visit_some(value),
        }
    }

    /// A type may be wrapped, and wrapped no more.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, RebuildError> {
        let inner = match self {
            Value::NewtypeStruct { inner, .. } => *inner,
            value => value,
        };
        visitor.visit_newtype_struct(inner)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RebuildError> {
        self.sequence(&visitor)?.visit(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, RebuildError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, RebuildError> {
        self.elements(&visitor)?.visit(visitor)
    }

    /// By name only: derived code would take a tuple's elements in the order of the fields.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RebuildError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RebuildError> {
        visitor.visit_enum(self.variant(name)?)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RebuildError> {
        visitor.visit_unit()
    }

    /// As postcard: types that look different to people were saved in the other form.
    fn is_human_readable(&self) -> bool {
        false
    }
}
