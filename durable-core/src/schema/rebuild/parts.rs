//! The parts of a decoded value, as serde asks for them: elements, fields and entries, variants and what they carry.

use super::{RebuildError, Value};
use crate::schema::{Name, VariantValue};
use serde::de::{
    self, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, Unexpected, VariantAccess,
    Visitor, value::StrDeserializer,
};
use std::fmt::{self, Display};

pub(super) struct Elements {
    values: std::vec::IntoIter<Value>,
    length: usize,
}

impl Elements {
    pub(super) fn new(values: Vec<Value>) -> Self {
        Self { length: values.len(), values: values.into_iter() }
    }

    pub(super) fn visit<'de, V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, RebuildError> {
        let built = visitor.visit_seq(&mut self)?;
        self.ended()?;
        Ok(built)
    }

    /// Nothing that is left over is lost in silence.
    fn ended(self) -> Result<(), RebuildError> {
        let Self { values, length } = self;
        match values.len() {
            0 => Ok(()),
            left => Err(de::Error::invalid_length(length, &&*format!("{} elements", length - left))),
        }
    }

    /// In the element that was given last.
    #[cold]
    fn within(&self, error: RebuildError) -> RebuildError {
        let at = self.length - self.values.len() - 1;
        error.within(|| format!("[{at}]"))
    }
}

impl<'de> SeqAccess<'de> for Elements {
    type Error = RebuildError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, RebuildError> {
        let Some(value) = self.values.next() else { return Ok(None) };
        seed.deserialize(value).map(Some).map_err(|error| self.within(error))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.values.len())
    }
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
pub(super) struct Pairs {
    pairs: std::vec::IntoIter<(Key, Value)>,
    /// With where it is, for an error.
    value: Option<(Part, Value)>,
}

impl Pairs {
    pub(super) fn members(fields: Vec<(Name, Value)>) -> Self {
        Self::new(fields.into_iter().map(|(name, value)| (Key::Field(name), value)).collect())
    }

    pub(super) fn entries(pairs: Vec<(Value, Value)>) -> Self {
        Self::new(pairs.into_iter().map(|(key, value)| (Key::Value(key), value)).collect())
    }

    fn new(pairs: Vec<(Key, Value)>) -> Self {
        Self { pairs: pairs.into_iter(), value: None }
    }

    /// The next key, for which `deserialize` is called.
    fn next(&mut self) -> Option<Key> {
        let (key, value) = self.pairs.next()?;
        let part = match &key {
            Key::Field(name) => Part::Field(Name::clone(name)),
            Key::Value(key) => Part::Entry(key.to_string()),
        };
        self.value = Some((part, value));
        Some(key)
    }

    /// In the key that was given last.
    #[cold]
    fn within_key(&self, error: RebuildError) -> RebuildError {
        match &self.value {
            Some((Part::Entry(key), _)) => error.within(|| format!("[key {key}]")),
            _ => error,
        }
    }

    fn take(&mut self) -> Result<(Part, Value), RebuildError> {
        self.value.take().ok_or_else(|| de::Error::custom("a value was asked for before its key"))
    }
}

impl<'de> MapAccess<'de> for Pairs {
    type Error = RebuildError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, RebuildError> {
        let Some(key) = self.next() else { return Ok(None) };
        let built = match key {
            Key::Field(name) => seed.deserialize(named(&name)),
            Key::Value(key) => seed.deserialize(key),
        };
        built.map(Some).map_err(|error| self.within_key(error))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, RebuildError> {
        let (part, value) = self.take()?;
        seed.deserialize(value).map_err(|error| error.within(|| part.to_string()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.pairs.len())
    }
}

fn named(name: &Name) -> StrDeserializer<'_, RebuildError> {
    (&**name).into_deserializer()
}

pub(super) struct Variant {
    pub(super) variant: Name,
    pub(super) payload: VariantValue,
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = RebuildError;
    type Variant = Payload;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Payload), RebuildError> {
        let variant = seed.deserialize(named(&self.variant))?;
        Ok((variant, Payload { variant: self.variant, payload: self.payload }))
    }
}

/// What a variant carries, for a variant of the new type.
pub(super) struct Payload {
    variant: Name,
    payload: VariantValue,
}

impl Payload {
    #[cold]
    fn within(variant: &Name, error: RebuildError) -> RebuildError {
        error.within(|| format!(".{variant}"))
    }

    #[cold]
    fn other(&self, expected: &str) -> RebuildError {
        let found = match self.payload {
            VariantValue::Unit => Unexpected::UnitVariant,
            VariantValue::Newtype(_) => Unexpected::NewtypeVariant,
            VariantValue::Tuple(_) => Unexpected::TupleVariant,
            VariantValue::Struct(_) => Unexpected::StructVariant,
        };
        Self::within(&self.variant, de::Error::invalid_type(found, &expected))
    }
}

impl<'de> VariantAccess<'de> for Payload {
    type Error = RebuildError;

    fn unit_variant(self) -> Result<(), RebuildError> {
        match self.payload {
            VariantValue::Unit => Ok(()),
            _ => Err(self.other("a variant without payload: what it carried would be lost")),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, RebuildError> {
        let VariantValue::Newtype(inner) = self.payload else {
            return Err(self.other("a variant with one value"));
        };
        seed.deserialize(*inner).map_err(|error| Self::within(&self.variant, error))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, RebuildError> {
        let VariantValue::Tuple(values) = self.payload else {
            return Err(self.other("a variant with several values"));
        };
        Elements::new(values).visit(visitor).map_err(|error| Self::within(&self.variant, error))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RebuildError> {
        let VariantValue::Struct(fields) = self.payload else {
            return Err(self.other("a variant with named fields"));
        };
        visitor.visit_map(Pairs::members(fields)).map_err(|error| Self::within(&self.variant, error))
    }
}
