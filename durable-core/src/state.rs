//! Reading a snapshot as the generated enum: typed fields, and [`Inferred`] where the macro could not see the type.

use crate::{Durable, Point, Witness, Witnesses, migration::Encoded, schema::Schema};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt;

/// A saved value whose type the macro could not see. It is kept encoded, with its shape, so it can be printed by anyone and
/// decoded by whoever knows the type. Annotate the local, and the field has its own type instead.
#[derive(Clone, PartialEq)]
pub struct Inferred {
    bytes: Vec<u8>,
    schema: Schema,
}

impl Inferred {
    /// The value, if `T` is what was saved. The type must be the local's own; postcard cannot tell some types apart, so the
    /// shape is compared first.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, StateError> {
        let expected = crate::schema::trace::<T>().map_err(|error| StateError::Codec(error.to_string()))?;
        if expected != self.schema {
            return Err(StateError::OtherType { type_name: std::any::type_name::<T>() });
        }
        postcard::from_bytes(&self.bytes).map_err(|error| StateError::Codec(error.to_string()))
    }

    /// A value for a field whose type the macro could not see: what a migration puts there. `T` must be the local's own type; a
    /// value of another shape is refused where it is used.
    pub fn new<T: Durable>(value: &T) -> Result<Self, StateError> {
        let codec = |error: &dyn fmt::Display| StateError::Codec(error.to_string());
        let schema = crate::schema::trace::<T>().map_err(|error| codec(&error))?;
        let bytes = postcard::to_stdvec(value).map_err(|error| codec(&error))?;
        Ok(Self { bytes, schema })
    }

    /// The encoded value.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its shape.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }
}

impl fmt::Debug for Inferred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.schema.decode(&self.bytes) {
            Ok((value, _)) => write!(f, "{value}"),
            Err(error) => write!(f, "<{error}>"),
        }
    }
}

impl Serialize for Inferred {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (value, _) = self.schema.decode(&self.bytes).map_err(serde::ser::Error::custom)?;
        value.serialize(serializer)
    }
}

/// A snapshot that could not be read as a state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The enum has no such variant.
    #[error("the workflow has no await point `{0}` in this build")]
    UnknownPoint(String),
    /// A field could not be read.
    #[error("the saved fields cannot be read: {0}")]
    Codec(String),
    /// [`Inferred::decode`] was asked for another type than the one saved.
    #[error("`{type_name}` has another shape than the value that was saved")]
    OtherType {
        /// What was asked for.
        type_name: &'static str,
    },
}

/// Reads the fields of one snapshot, in order. Generated code calls it.
#[doc(hidden)]
#[derive(Debug)]
pub struct FieldReader<'a> {
    schemas: std::slice::Iter<'a, (String, Schema)>,
    rest: &'a [u8],
}

impl<'a> FieldReader<'a> {
    /// Over a payload whose fields have these schemas.
    pub fn new(fields: &'a [(String, Schema)], payload: &'a [u8]) -> Self {
        Self { schemas: fields.iter(), rest: payload }
    }

    /// A field of known type.
    pub fn typed<T>(&mut self, witness: Witness<T>) -> Result<T, StateError> {
        self.schemas.next();
        (&witness).load(&mut self.rest).map_err(|error| StateError::Codec(error.to_string()))
    }

    /// A field whose type the macro could not see.
    pub fn inferred(&mut self) -> Result<Inferred, StateError> {
        let missing = || StateError::Codec("a field has no schema".into());
        let (_, schema) = self.schemas.next().ok_or_else(missing)?;
        let length = schema.skip(self.rest).map_err(|error| StateError::Codec(error.to_string()))?;
        let (bytes, rest) = self.rest.split_at(length);
        self.rest = rest;
        Ok(Inferred { bytes: bytes.to_vec(), schema: schema.clone() })
    }
}

impl FieldReader<'_> {
    /// All fields of a variant at once: a tuple of [`Fields`].
    pub fn all<F: Fields>(&mut self, fields: F) -> Result<F::Values, StateError> {
        fields.read(self)
    }
}

/// How the fields of a variant are read: a witness for a typed one, [`InferredField`] for another, and tuples of these, so that
/// generated code makes one call for each variant.
#[doc(hidden)]
pub trait Fields {
    /// The fields.
    type Values;
    /// Reads them in order.
    fn read(self, reader: &mut FieldReader<'_>) -> Result<Self::Values, StateError>;
}

/// Reads a field whose type the macro could not see.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct InferredField;

impl Fields for InferredField {
    type Values = Inferred;

    fn read(self, reader: &mut FieldReader<'_>) -> Result<Inferred, StateError> {
        reader.inferred()
    }
}

impl<T> Fields for &Witness<T> {
    type Values = T;

    fn read(self, reader: &mut FieldReader<'_>) -> Result<T, StateError> {
        reader.typed(*self)
    }
}

/// How the fields of a variant are shown and saved: the same tuple as for reading them, with a tuple of references, so that generated code
/// makes one call for each variant.
#[doc(hidden)]
pub trait ShowFields<Values> {
    /// Shows them in order under the names that are left.
    fn show(self, values: Values, shown: &mut Shown<'_, '_, '_>);
    /// Saves them in order.
    fn encode(self, values: Values, encoded: &mut Encoded);
}

/// A variant that is being shown.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "it is a part of one")]
pub struct Shown<'a, 'b, 'n> {
    variant: fmt::DebugStruct<'a, 'b>,
    names: std::slice::Iter<'n, &'static str>,
}

impl Shown<'_, '_, '_> {
    fn field(&mut self, value: &dyn fmt::Debug) {
        if let Some(name) = self.names.next() {
            self.variant.field(name, value);
        }
    }
}

/// Shows a variant with its fields, for the enum's `Debug`.
#[doc(hidden)]
pub fn show_variant<F: ShowFields<V>, V>(
    f: &mut fmt::Formatter<'_>,
    points: &[Point],
    at: usize,
    fields: F,
    values: V,
) -> fmt::Result {
    let point = &points[at];
    let mut shown = Shown { variant: f.debug_struct(point.name), names: point.fields.iter() };
    fields.show(values, &mut shown);
    shown.variant.finish()
}

impl<T> ShowFields<&T> for &Witness<T> {
    fn show(self, value: &T, shown: &mut Shown<'_, '_, '_>) {
        match Witness::show(self, value) {
            Some(text) => shown.field(&format_args!("{text}")),
            None => shown.field(&format_args!("<{}>", std::any::type_name::<T>())),
        }
    }

    fn encode(self, value: &T, encoded: &mut Encoded) {
        encoded.typed(self, value);
    }
}

impl ShowFields<&Inferred> for InferredField {
    fn show(self, value: &Inferred, shown: &mut Shown<'_, '_, '_>) {
        shown.field(value);
    }

    fn encode(self, value: &Inferred, encoded: &mut Encoded) {
        encoded.inferred(self, value);
    }
}

macro_rules! fields {
    ($($($name:ident $value:ident)*;)*) => {$(
        impl<$($name: Fields),*> Fields for ($($name,)*) {
            type Values = ($($name::Values,)*);

            #[allow(non_snake_case, unused_variables, clippy::unused_unit)]
            fn read(self, reader: &mut FieldReader<'_>) -> Result<Self::Values, StateError> {
                let ($($name,)*) = self;
                Ok(($($name.read(reader)?,)*))
            }
        }

        impl<$($name: ShowFields<$value>, $value),*> ShowFields<($($value,)*)> for ($($name,)*) {
            #[allow(non_snake_case, unused_variables, clippy::unused_unit)]
            fn show(self, values: ($($value,)*), shown: &mut Shown<'_, '_, '_>) {
                let (($($name,)*), ($($value,)*)) = (self, values);
                $($name.show($value, shown);)*
            }

            #[allow(non_snake_case, unused_variables, clippy::unused_unit)]
            fn encode(self, values: ($($value,)*), encoded: &mut Encoded) {
                let (($($name,)*), ($($value,)*)) = (self, values);
                $($name.encode($value, encoded);)*
            }
        }
    )*};
}

fields! {
    ;
    A AV;
    A AV B BV;
    A AV B BV C CV;
    A AV B BV C CV D DV;
    A AV B BV C CV D DV E EV;
    A AV B BV C CV D DV E EV F FV;
    A AV B BV C CV D DV E EV F FV G GV;
    A AV B BV C CV D DV E EV F FV G GV H HV;
    A AV B BV C CV D DV E EV F FV G GV H HV I IV;
    A AV B BV C CV D DV E EV F FV G GV H HV I IV J JV;
}
