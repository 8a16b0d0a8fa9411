//! Migrations: the user's functions from what an earlier version saved to a state of this one.

use crate::{
    Description, Inferred, State, Witness,
    schema::{Name, PointSchema, Schema, TraceError, Value, trace},
    state::{InferredField, ShowFields},
};
use serde::de::DeserializeOwned;
use std::fmt;

/// A function from an earlier version's state at one await point to a state of this version.
pub struct Migration {
    point: &'static str,
    old: fn() -> Result<Schema, TraceError>,
    apply: Box<dyn Fn(Value) -> Result<Encoded, String> + Send + Sync>,
}

/// A [`Migration`] with the shape that it takes.
pub(crate) struct KnownMigration {
    migration: Migration,
    old: Old,
}

/// What a migration takes.
enum Old {
    /// A struct with these fields.
    Fields(Vec<(Name, Schema)>),
    /// Whatever serde makes of it, as `serde_json::Value` does.
    Any,
    /// Nothing that locals are saved as.
    Other,
}

impl Old {
    fn of(traced: Result<Schema, TraceError>) -> Self {
        match traced {
            Ok(schema) => schema.fields_alone().map_or(Self::Other, Self::Fields),
            Err(_) => Self::Any,
        }
    }
}

/// A state's fields, as they are saved.
#[derive(Debug)]
pub struct Encoded {
    point: usize,
    /// With its shape, where the macro does not know the type.
    fields: Vec<(Vec<u8>, Option<Schema>)>,
    error: Option<String>,
}

/// What a migration returns: a state, or a `Result` of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no state of this workflow",
    label = "this migration does not give a state of the workflow that it is written at",
    note = "it returns the workflow's state enum, `..State`, or a `Result` of it whose error can be shown"
)]
pub trait IntoState<S> {
    /// The state, or why there is none.
    fn into_state(self) -> Result<S, String>;
}

#[diagnostic::do_not_recommend]
impl<S: State> IntoState<S> for S {
    fn into_state(self) -> Result<S, String> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<S: State, E: fmt::Display> IntoState<S> for Result<S, E> {
    fn into_state(self) -> Result<S, String> {
        self.map_err(|error| error.to_string())
    }
}

/// What a migration takes: anything that serde can read, of just the fields that were saved.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from what was saved",
    label = "this migration takes a `{Self}`",
    note = "a migration takes a struct that derives `serde::Deserialize`, with the saved locals as its fields"
)]
pub trait FromSaved: DeserializeOwned + 'static {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + 'static> FromSaved for T {}

/// Called by generated code.
pub fn migration<S, Old, R, F>(point: &'static str, encode: fn(&S) -> Encoded, function: F) -> Migration
where
    S: 'static,
    Old: FromSaved,
    R: IntoState<S>,
    F: Fn(Old) -> R + Send + Sync + 'static,
{
    let apply = move |value: Value| {
        let old: Old = value.rebuild().map_err(|error| error.to_string())?;
        Ok(encode(&function(old).into_state()?))
    };
    Migration { point, old: trace::<Old>, apply: Box::new(apply) }
}

/// Saves the fields of a variant; called by generated code.
pub fn encode_variant<F: ShowFields<V>, V>(at: usize, fields: F, values: V) -> Encoded {
    let mut encoded = Encoded { point: at, fields: Vec::new(), error: None };
    fields.encode(values, &mut encoded);
    encoded
}

impl Encoded {
    pub(crate) fn typed<T>(&mut self, witness: &Witness<T>, value: &T) {
        let mut bytes = Vec::new();
        if let Err(error) = witness.save(value, &mut bytes) {
            self.error.get_or_insert(error.to_string());
        }
        self.fields.push((bytes, None));
    }

    pub(crate) fn inferred(&mut self, _: InferredField, value: &Inferred) {
        self.fields.push((value.bytes().to_vec(), Some(value.schema().clone())));
    }
}

impl KnownMigration {
    pub(crate) fn new(migration: Migration) -> Self {
        let old = Old::of((migration.old)());
        Self { migration, old }
    }

    /// Whether it was written for just what the writer saved.
    pub(crate) fn takes_exactly(&self, writer: &PointSchema) -> bool {
        let Old::Fields(fields) = &self.old else { return false };
        self.migration.point == writer.name
            && fields.len() == writer.fields.len()
            && fields
                .iter()
                .all(|(name, is)| writer.fields.iter().any(|(saved, was)| **name == **saved && is == was))
    }

    /// Whether it takes whatever was saved there.
    pub(crate) fn takes_anything(&self, writer: &PointSchema) -> bool {
        self.migration.point == writer.name && matches!(self.old, Old::Any)
    }

    /// The number of the await point that the state stands at, and what it saves there.
    pub(crate) fn apply(&self, to: &Description, value: Value) -> Result<(usize, Vec<u8>), String> {
        let Encoded { point, fields, error } = (self.migration.apply)(value)?;
        if let Some(error) = error {
            return Err(error);
        }
        let mut payload = Vec::new();
        for ((bytes, schema), (name, expected)) in fields.into_iter().zip(&to.points[point].fields) {
            if schema.is_some_and(|schema| schema != *expected) {
                let point = &to.points[point].name;
                return Err(format!(
                    "`{name}` at `{point}` has another type than the value that the migration gives"
                ));
            }
            payload.extend(bytes);
        }
        Ok((point, payload))
    }
}

impl fmt::Debug for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Migration({})", self.point)
    }
}

impl fmt::Debug for KnownMigration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.migration.fmt(f)
    }
}
