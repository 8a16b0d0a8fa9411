//! Schema rows in both directions: the numbers of a description's await points, and what a number stands for. Rows never
//! change, so what was once read is kept.

use crate::shapes::Shapes;
use durable_core::{
    Description, Fingerprint, PointSchema,
    store::{Registered, Registration, SchemaId, SchemaRow, Store, StoreError, Version},
    stored::STORED_HEADER_BYTES,
};
use std::{
    collections::HashMap,
    ops::Range,
    sync::{Arc, PoisonError, RwLock},
};

/// A cache of one store's schema rows.
pub(crate) struct Schemas {
    store: Arc<dyn Store>,
    rows: RwLock<HashMap<SchemaId, Arc<KnownRow>>>,
    /// By the address of the description: there is one for each workflow and process.
    registered: RwLock<HashMap<usize, Arc<Registered>>>,
    /// Those of events and outputs.
    pub(crate) shapes: Shapes,
}

/// A schema row with its fingerprint.
#[derive(Debug)]
pub(crate) struct KnownRow {
    pub(crate) workflow: String,
    pub(crate) point: Arc<PointSchema>,
    pub(crate) fingerprint: Fingerprint,
}

impl KnownRow {
    /// Where in a snapshot, header included, the large fields are.
    pub(crate) fn large_fields(&self, snapshot: &[u8]) -> Vec<Range<usize>> {
        let fields = self.point.large_fields(&snapshot[STORED_HEADER_BYTES..]);
        fields.into_iter().map(|at| at.start + STORED_HEADER_BYTES..at.end + STORED_HEADER_BYTES).collect()
    }
}

impl Schemas {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        let shapes = Shapes::new(Arc::clone(&store));
        Self { store, rows: RwLock::default(), registered: RwLock::default(), shapes }
    }

    /// What a number stands for; `None` if the store has no such row.
    pub(crate) async fn row(&self, schema: SchemaId) -> Result<Option<Arc<KnownRow>>, StoreError> {
        let known = self.rows.read().unwrap_or_else(PoisonError::into_inner).get(&schema).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let Some(row) = self.store.schema(schema).await? else { return Ok(None) };
        let SchemaRow { workflow, point } = row;
        let row = KnownRow { fingerprint: point.fingerprint(), workflow, point: Arc::new(point) };
        let row = Arc::new(row);
        self.rows.write().unwrap_or_else(PoisonError::into_inner).insert(schema, Arc::clone(&row));
        Ok(Some(row))
    }

    /// The same; a row that something refers to must be there.
    pub(crate) async fn existing_row(&self, schema: SchemaId) -> Result<Arc<KnownRow>, StoreError> {
        self.row(schema).await?.ok_or_else(|| StoreError::Corrupt {
            location: self.store.describe(),
            reason: format!("schema row {} is not there", schema.0),
        })
    }

    /// All versions of a workflow that were ever registered, the oldest first.
    pub(crate) async fn versions(&self, workflow: &str) -> Result<Vec<Version>, StoreError> {
        self.store.versions(workflow).await
    }

    /// The numbers of a workflow, which is registered the first time it is asked for: a child's, when it first commits.
    pub(crate) async fn numbers(
        &self,
        description: &'static Description,
    ) -> Result<Arc<Registered>, StoreError> {
        let key = std::ptr::from_ref(description) as usize;
        let known = self.registered.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let registration = Registration {
            workflow: description.name.to_owned(),
            version: description.version,
            fingerprint: description.fingerprint,
            points: description.points.clone(),
        };
        let registered = Arc::new(self.store.register(registration).await?);
        let mut all = self.registered.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(key, Arc::clone(&registered));
        Ok(registered)
    }
}
