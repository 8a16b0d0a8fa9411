//! What the types of events and outputs look like, in both directions (E5): recorded in the store before the first value of a type is
//! written, and found there for a value of another version. They never change, so what was once written or read is kept.

use durable_core::{
    Fingerprint, Schema,
    schema::Shape,
    store::{Store, StoreError},
};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

/// A cache of what one store has.
pub(crate) struct Shapes {
    store: Arc<dyn Store>,
    known: RwLock<HashMap<Fingerprint, Arc<Schema>>>,
}

impl Shapes {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, known: RwLock::default() }
    }

    /// Sees to it that the store has these; values of them may be written then.
    pub(crate) async fn record(&self, shapes: &[&'static Shape]) -> Result<(), StoreError> {
        // Nearly always there is none, and then nothing is allocated.
        let new: Vec<_> = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            let new = shapes.iter().filter(|shape| !known.contains_key(&shape.fingerprint()));
            new.map(|shape| Arc::clone(shape.schema())).collect()
        };
        if new.is_empty() {
            return Ok(());
        }
        self.store.record_shapes(new).await?;
        for shape in shapes {
            self.keep(shape.fingerprint(), Arc::clone(shape.schema()));
        }
        Ok(())
    }

    /// The schema with this fingerprint; `None` if the store has none: the value was written before schemas of values were recorded.
    pub(crate) async fn read(&self, fingerprint: Fingerprint) -> Result<Option<Arc<Schema>>, StoreError> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&fingerprint).cloned();
        if known.is_some() {
            return Ok(known);
        }
        // That there is none is not kept: somebody may record it.
        let Some(schema) = self.store.shape(fingerprint).await? else { return Ok(None) };
        let schema = Arc::new(schema);
        self.keep(fingerprint, Arc::clone(&schema));
        Ok(Some(schema))
    }

    fn keep(&self, fingerprint: Fingerprint, schema: Arc<Schema>) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).entry(fingerprint).or_insert(schema);
    }
}
