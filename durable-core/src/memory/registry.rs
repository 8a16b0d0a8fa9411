//! Queues and schema rows: insert-or-compare (PROTOCOL, Versions).

use super::state::LOCATION;
use crate::{
    Fingerprint, PointSchema, Schema,
    store::{QueueId, Registered, Registration, SchemaId, SchemaRow, StoreError, Version},
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

#[derive(Default)]
pub(super) struct Registry {
    queues: Vec<Queue>,
    queue_numbers: HashMap<(String, Fingerprint), QueueId>,
    /// Of events and outputs.
    shapes: HashMap<Fingerprint, Arc<Schema>>,
    schemas: Vec<SchemaRow>,
    schema_numbers: HashMap<(String, String, Fingerprint), SchemaId>,
}

struct Queue {
    workflow: String,
    version: u32,
    fingerprint: Fingerprint,
    /// Its await points: what another registration under the same fingerprint must bring, too.
    points: BTreeSet<SchemaId>,
}

impl Registry {
    pub(super) fn register(&mut self, registration: Registration) -> Result<Registered, StoreError> {
        self.compare(&registration)?;
        let Registration { workflow, version, fingerprint, points } = registration;
        let schemas: Vec<_> = points.into_iter().map(|point| self.insert_point(&workflow, point)).collect();
        let queue = *self.queue_numbers.entry((workflow.clone(), fingerprint)).or_insert_with(|| {
            let points = schemas.iter().copied().collect();
            self.queues.push(Queue { workflow, version, fingerprint, points });
            QueueId(number(self.queues.len()))
        });
        Ok(Registered { queue, schemas })
    }

    pub(super) fn schema(&self, schema: SchemaId) -> Option<&SchemaRow> {
        self.schemas.get((schema.0 as usize).checked_sub(1)?)
    }

    pub(super) fn record_shapes(&mut self, shapes: Vec<Arc<Schema>>) {
        for schema in shapes {
            self.shapes.entry(schema.fingerprint()).or_insert(schema);
        }
    }

    pub(super) fn shape(&self, fingerprint: Fingerprint) -> Option<Arc<Schema>> {
        self.shapes.get(&fingerprint).cloned()
    }

    pub(super) fn versions(&self, workflow: &str) -> Vec<Version> {
        let queues = self.queues.iter().enumerate().filter(|(_, queue)| queue.workflow == workflow);
        let versions = queues.map(|(index, queue)| Version {
            queue: QueueId(number(index + 1)),
            version: queue.version,
            fingerprint: queue.fingerprint,
            points: queue
                .points
                .iter()
                .filter_map(|schema| Some((*schema, self.schema(*schema)?.point.clone())))
                .collect(),
        });
        versions.collect()
    }

    /// The workflow of a queue.
    pub(super) fn workflow(&self, queue: QueueId) -> Result<&str, StoreError> {
        let found = (queue.0 as usize).checked_sub(1).and_then(|index| self.queues.get(index));
        found.map(|queue| queue.workflow.as_str()).ok_or_else(|| StoreError::Corrupt {
            location: LOCATION.to_owned(),
            reason: format!("queue {} is not registered in this store; register the workflow first", queue.0),
        })
    }

    /// Checks everything before anything is written, so that a refused registration leaves no trace.
    fn compare(&self, registration: &Registration) -> Result<(), StoreError> {
        let Registration { workflow, version, fingerprint, points } = registration;
        let conflict = |point: &str, fingerprint: Fingerprint| StoreError::SchemaConflict {
            workflow: workflow.clone(),
            point: point.to_owned(),
            fingerprint,
        };
        for point in points {
            let known = self.point_number(workflow, point).and_then(|id| self.schema(id));
            if known.is_some_and(|known| known.point != *point) {
                return Err(conflict(&point.name, point.fingerprint()));
            }
        }
        let Some(queue) = self.queue_numbers.get(&(workflow.clone(), *fingerprint)) else { return Ok(()) };
        let queue = &self.queues[queue.0 as usize - 1];
        if queue.version != *version {
            return Err(conflict("", *fingerprint));
        }
        let mut given = BTreeSet::new();
        for point in points {
            match self.point_number(workflow, point).filter(|id| queue.points.contains(id)) {
                Some(id) => given.insert(id),
                None => return Err(conflict(&point.name, *fingerprint)),
            };
        }
        let missing = queue.points.difference(&given).find_map(|id| self.schema(*id));
        missing.map_or(Ok(()), |row| Err(conflict(&row.point.name, *fingerprint)))
    }

    fn point_number(&self, workflow: &str, point: &PointSchema) -> Option<SchemaId> {
        self.schema_numbers.get(&(workflow.to_owned(), point.name.clone(), point.fingerprint())).copied()
    }

    fn insert_point(&mut self, workflow: &str, point: PointSchema) -> SchemaId {
        let key = (workflow.to_owned(), point.name.clone(), point.fingerprint());
        *self.schema_numbers.entry(key).or_insert_with(|| {
            self.schemas.push(SchemaRow { workflow: workflow.to_owned(), point });
            SchemaId(number(self.schemas.len()))
        })
    }
}

/// Numbers begin with 1, so that 0 is never a valid one.
fn number(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
