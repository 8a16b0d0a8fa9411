//! What is known of a saved type when its name is forgotten: its shape, and how an older value becomes one.

use crate::{
    Durable,
    schema::{RebuildError, Schema, TraceError, Value, trace},
};
use std::fmt;

/// A type that is saved, for code that does not know it.
pub struct SavedType {
    trace: fn() -> Result<Schema, TraceError>,
    rebuild: fn(Value, &mut Vec<u8>) -> Result<(), Unbuilt>,
}

/// Why a value did not become one of this type.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unbuilt {
    /// Serde could not build it.
    #[error(transparent)]
    Rebuild(RebuildError),
    /// It was built, and cannot be saved.
    #[error(transparent)]
    Save(postcard::Error),
}

impl SavedType {
    /// What is known of `T`.
    pub(crate) const fn of<T: Durable>() -> &'static Self {
        const { &Self { trace: trace::<T>, rebuild: rebuild::<T> } }
    }

    /// Its shape. Takes milliseconds for a large type.
    pub fn trace(&self) -> Result<Schema, TraceError> {
        (self.trace)()
    }

    /// Builds one from a value of another shape, and appends it as it is saved.
    pub(crate) fn rebuild(&self, value: Value, into: &mut Vec<u8>) -> Result<(), Unbuilt> {
        (self.rebuild)(value, into)
    }
}

impl fmt::Debug for SavedType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SavedType").finish_non_exhaustive()
    }
}

fn rebuild<T: Durable>(value: Value, into: &mut Vec<u8>) -> Result<(), Unbuilt> {
    let built: T = value.rebuild().map_err(Unbuilt::Rebuild)?;
    postcard::serialize_with_flavor(&built, crate::durable::Append(into)).map_err(Unbuilt::Save)
}
