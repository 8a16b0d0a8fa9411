//! Building a type from a decoded [`Value`]: how a snapshot of an older shape becomes one of today's.
//!
//! The writer's schema gives every part of the value its name, and serde does the rest, as it would with JSON: fields and variants
//! are found by name whatever their order, `default` and `alias` apply, an `Option` that was not there is `None`, what is not
//! known any more is left out, and integers may change their width as long as the number fits. Nothing is guessed: a number that
//! would change, a tuple in place of a struct, a payload that was not there are errors.

use super::{Name, Value, VariantValue};
use serde::{
    Deserializer,
    de::{
        self, DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
        Unexpected, VariantAccess, Visitor, value::StrDeserializer,
    },
    forward_to_deserialize_any,
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

    fn instead_of<T>(&self, expected: &str) -> Result<T, RebuildError> {
        Err(de::Error::invalid_type(self.unexpected(), &expected))
    }

    /// The value itself: a newtype is what it wraps.
    fn unwrapped(self) -> Self {
        match self {
            Value::NewtypeStruct { inner, .. } => inner.unwrapped(),
            other => other,
        }
    }
}

/// Numbers keep their value or are refused: floats are rounded by serde, and so are integers that become floats.
macro_rules! floats {
    ($($deserialize:ident $visit:ident $float:ty),*) => {$(
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RebuildError> {
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "compared with what it was")]
            let exact = match self.clone().unwrapped() {
                Value::Signed(value) => Some(value as $float).filter(|float| *float as i128 == value),
                Value::Unsigned(value) => Some(value as $float).filter(|float| *float as u128 == value),
                Value::F32(value) => Some(value as $float),
                Value::F64(value) => {
                    Some(value as $float).filter(|float| f64::from(*float) == value || value.is_nan())
                }
                _ => return self.deserialize_any(visitor),
            };
            match exact {
                Some(float) => visitor.$visit(float),
                None => self.instead_of(concat!("a number that an ", stringify!($float), " holds exactly")),
            }
        }
    )*};
}

macro_rules! unwrapping {
    ($($deserialize:ident)*) => {$(
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RebuildError> {
            self.unwrapped().deserialize_any(visitor)
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
            Value::Option(None) => visitor.visit_none(),
            Value::Option(Some(value)) => visitor.visit_some(*value),
            Value::Seq(values) | Value::Tuple(values) | Value::TupleStruct { fields: values, .. } => {
                elements(values, visitor)
            }
            Value::Map(pairs) => entries(pairs, visitor),
            Value::NewtypeStruct { inner, .. } => visitor.visit_newtype_struct(*inner),
            Value::Struct { fields, .. } => members(fields, visitor),
            Value::Enum { variant, payload, .. } => visitor.visit_enum(Variant { variant, payload }),
        }
    }

    unwrapping! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
    }

    floats!(deserialize_f32 visit_f32 f32, deserialize_f64 visit_f64 f64);

    /// What was always there is there.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RebuildError> {
        match self {
            Value::Option(None) => visitor.visit_none(),
            Value::Option(Some(value)) => visitor.visit_some(*value),
            value => visitor.visit_some(value),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, RebuildError> {
        self.deserialize_any(visitor)
    }

    /// A type may be wrapped, and wrapped no more.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, RebuildError> {
        match self {
            Value::NewtypeStruct { inner, .. } => visitor.visit_newtype_struct(*inner),
            value => visitor.visit_newtype_struct(value),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RebuildError> {
        match self.unwrapped() {
            // `Vec<u8>` and `serde_bytes` are the same to a reader.
            Value::Bytes(bytes) => {
                elements(bytes.into_iter().map(|byte| Value::Unsigned(byte.into())).collect(), visitor)
            }
            value => value.deserialize_any(visitor),
        }
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
        self.deserialize_any(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RebuildError> {
        self.unwrapped().deserialize_any(visitor)
    }

    /// By name only: derived code would take a tuple's elements in the order of the fields.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RebuildError> {
        match self.unwrapped() {
            Value::Struct { fields, .. } => members(fields, visitor),
            Value::Map(pairs) => entries(pairs, visitor),
            other => other.instead_of(&format!("struct {name}")),
        }
    }

    /// Text is a variant without payload.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RebuildError> {
        match self.unwrapped() {
            Value::Enum { variant, payload, .. } => visitor.visit_enum(Variant { variant, payload }),
            Value::String(variant) => {
                visitor.visit_enum(Variant { variant: variant.into(), payload: VariantValue::Unit })
            }
            other => other.instead_of(&format!("enum {name}")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RebuildError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { unit identifier }

    /// As postcard: types that look different to people were saved in the other form.
    fn is_human_readable(&self) -> bool {
        false
    }
}

fn elements<'de, V: Visitor<'de>>(values: Vec<Value>, visitor: V) -> Result<V::Value, RebuildError> {
    let length = values.len();
    let mut elements = Elements { values: values.into_iter(), at: 0 };
    let built = visitor.visit_seq(&mut elements)?;
    match elements.values.len() {
        0 => Ok(built),
        left => Err(de::Error::invalid_length(length, &&*format!("{} elements", length - left))),
    }
}

struct Elements {
    values: std::vec::IntoIter<Value>,
    at: usize,
}

impl<'de> SeqAccess<'de> for Elements {
    type Error = RebuildError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, RebuildError> {
        let Some(value) = self.values.next() else { return Ok(None) };
        let at = self.at;
        self.at += 1;
        seed.deserialize(value).map(Some).map_err(|error| error.within(|| format!("[{at}]")))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.values.len())
    }
}

fn members<'de, V: Visitor<'de>>(fields: Vec<(Name, Value)>, visitor: V) -> Result<V::Value, RebuildError> {
    let pairs = fields.into_iter().map(|(name, value)| (Key::Field(name), value));
    visitor.visit_map(Pairs { pairs, value: None })
}

fn entries<'de, V: Visitor<'de>>(pairs: Vec<(Value, Value)>, visitor: V) -> Result<V::Value, RebuildError> {
    let pairs = pairs.into_iter().map(|(key, value)| (Key::Value(key), value));
    visitor.visit_map(Pairs { pairs, value: None })
}

/// What a value is found under.
enum Key {
    /// In a struct.
    Field(Name),
    /// In a map.
    Value(Value),
}

/// A key that was given out.
enum Part {
    Field(Name),
    Entry(String),
}

impl Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Field(name) => write!(f, ".{name}"),
            Part::Entry(key) => write!(f, "[{key}]"),
        }
    }
}

/// The fields of a struct, or the entries of a map.
struct Pairs<I> {
    pairs: I,
    /// With where it is, for an error.
    value: Option<(Part, Value)>,
}

impl<'de, I: ExactSizeIterator<Item = (Key, Value)>> MapAccess<'de> for Pairs<I> {
    type Error = RebuildError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, RebuildError> {
        let Some((key, value)) = self.pairs.next() else { return Ok(None) };
        let (part, built) = match key {
            Key::Field(name) => {
                let text: StrDeserializer<'_, RebuildError> = (&*name).into_deserializer();
                let built = seed.deserialize(text)?;
                (Part::Field(name), built)
            }
            Key::Value(key) => {
                let shown = key.to_string();
                let built =
                    seed.deserialize(key).map_err(|error| error.within(|| format!("[key {shown}]")))?;
                (Part::Entry(shown), built)
            }
        };
        self.value = Some((part, value));
        Ok(Some(built))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, RebuildError> {
        match self.value.take() {
            Some((part, value)) => seed.deserialize(value).map_err(|error| error.within(|| part.to_string())),
            None => Err(de::Error::custom("a value was asked for before its key")),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.pairs.len())
    }
}

struct Variant {
    variant: Name,
    payload: VariantValue,
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = RebuildError;
    type Variant = Payload;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Payload), RebuildError> {
        let name: StrDeserializer<'_, RebuildError> = (&*self.variant).into_deserializer();
        let variant = seed.deserialize(name)?;
        Ok((variant, Payload { variant: self.variant, payload: self.payload }))
    }
}

/// What a variant carries, for a variant of the new type.
struct Payload {
    variant: Name,
    payload: VariantValue,
}

impl Payload {
    fn within(variant: &Name) -> impl FnOnce(RebuildError) -> RebuildError + use<> {
        let part = format!(".{variant}");
        move |error| error.within(|| part)
    }

    fn other<T>(self, expected: &str) -> Result<T, RebuildError> {
        let found = match self.payload {
            VariantValue::Unit => Unexpected::UnitVariant,
            VariantValue::Newtype(_) => Unexpected::NewtypeVariant,
            VariantValue::Tuple(_) => Unexpected::TupleVariant,
            VariantValue::Struct(_) => Unexpected::StructVariant,
        };
        Err(de::Error::invalid_type(found, &expected)).map_err(Self::within(&self.variant))
    }
}

impl<'de> VariantAccess<'de> for Payload {
    type Error = RebuildError;

    fn unit_variant(self) -> Result<(), RebuildError> {
        match self.payload {
            VariantValue::Unit => Ok(()),
            _ => self.other("a variant without payload: what it carried would be lost"),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, RebuildError> {
        match self.payload {
            VariantValue::Newtype(inner) => seed.deserialize(*inner).map_err(Self::within(&self.variant)),
            _ => self.other("a variant with one value"),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, RebuildError> {
        match self.payload {
            VariantValue::Tuple(values) => elements(values, visitor).map_err(Self::within(&self.variant)),
            _ => self.other("a variant with several values"),
        }
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RebuildError> {
        match self.payload {
            VariantValue::Struct(fields) => members(fields, visitor).map_err(Self::within(&self.variant)),
            _ => self.other("a variant with named fields"),
        }
    }
}
