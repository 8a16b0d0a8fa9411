//! What is known of a type whose values are sent or returned: traced once per type and process.

use super::{DecodeError, Fingerprint, Schema, TraceError, decode::Allowance, trace};
use serde::de::DeserializeOwned;
use std::{
    any::TypeId,
    collections::HashMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

/// The schema of a type with its fingerprint.
#[derive(Debug)]
pub struct Shape {
    schema: Arc<Schema>,
    fingerprint: Fingerprint,
    /// Whether a few bytes of it may cost any amount of time or stack.
    unbounded: bool,
}

impl Shape {
    /// That of `T`, traced the first time it is asked for.
    ///
    /// # Errors
    ///
    /// If the type cannot be described.
    pub fn of<T: DeserializeOwned + 'static>() -> Result<&'static Self, TraceError> {
        traced_once(TypeId::of::<T>(), trace::<T>)
    }

    /// The schema.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The fingerprint of the schema.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Whether bytes can be read as the type in finite time and on a thread's stack: a damaged count of elements of no bytes would be
    /// believed, and so would any depth of a type that contains itself. Types that can do neither are not looked at.
    ///
    /// # Errors
    ///
    /// If they cannot.
    pub(crate) fn check(&self, payload: &[u8]) -> Result<(), DecodeError> {
        if self.unbounded {
            self.schema.skip_part(payload, &mut Allowance::of_a_program(payload))?;
        }
        Ok(())
    }
}

fn traced_once(id: TypeId, trace: fn() -> Result<Schema, TraceError>) -> Result<&'static Shape, TraceError> {
    type Traced = Result<&'static Shape, TraceError>;
    static KNOWN: OnceLock<RwLock<HashMap<TypeId, Traced>>> = OnceLock::new();
    let known = KNOWN.get_or_init(RwLock::default);
    // A poisoned lock is harmless: entries are inserted whole.
    if let Some(result) = known.read().unwrap_or_else(PoisonError::into_inner).get(&id) {
        return result.clone();
    }
    // Traced outside the lock: a type's `Deserialize` is user code.
    let traced = trace().map(Shape::new);
    let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
    known.entry(id).or_insert_with(|| traced.map(|shape| &*Box::leak(Box::new(shape)))).clone()
}

impl Shape {
    fn new(schema: Schema) -> Self {
        Self {
            fingerprint: schema.fingerprint(),
            unbounded: schema.nodes().into_iter().any(Schema::may_be_unbounded),
            schema: Arc::new(schema),
        }
    }
}

impl Schema {
    /// Whether it is a part of a type that contains itself, and may be nested to any depth; or a collection whose elements have no
    /// bytes, as `Vec<()>` is: then a few bytes may claim any number of them.
    pub(crate) fn may_be_unbounded(&self) -> bool {
        match self {
            Schema::Ref(_) => true,
            Schema::Seq(inner) => inner.is_always_empty(),
            Schema::Map(key, value) => key.is_always_empty() && value.is_always_empty(),
            _ => false,
        }
    }
}
