//! Executions that other builds of a worker's workflows left behind: which of them this build can go on from.
//!
//! A build is older if what it saves was registered earlier, under the same [`Workflow::VERSION`], and newer if later. What older ones
//! saved is read wherever it can be. What newer ones saved is read only where [a loss is accepted](crate::WorkerBuilder::accept_loss): to
//! write it back as this build saves it loses what this build does not know of.
//!
//! [`Workflow::VERSION`]: durable_core::Workflow::VERSION

use crate::{losses::Newer, registry::Registry, schemas::Schemas};
use durable_core::{
    Description, Unreadable,
    schema::PointSchema,
    store::{QueueId, SchemaId, StoreError, Version},
};
use std::{
    collections::{HashMap, HashSet},
    panic::{AssertUnwindSafe, catch_unwind},
};

/// An await point, as another build saved it, at which executions stay where they are: for a build that can go on from there, or may.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NeedsMigration {
    /// The workflow.
    pub workflow: String,
    /// The await point.
    pub point: String,
    /// The store's number of what was saved there.
    pub schema: SchemaId,
    /// Why, in words.
    pub reason: String,
    /// What would be lost if this build went on with what a newer one saved there, as
    /// [`WorkerBuilder::accept_loss`](crate::WorkerBuilder::accept_loss) takes it. Empty if this build cannot read it at all, and where
    /// nothing would be lost.
    pub lost: Vec<String>,
}

/// Why executions stay at an await point.
pub(crate) struct Left {
    pub(crate) reason: String,
    pub(crate) lost: Vec<String>,
}

/// A workflow that a worker registers.
pub(crate) struct Ours<'a> {
    pub(crate) description: &'static Description,
    /// The queue of what this build saves.
    pub(crate) own: QueueId,
    /// The versions that the worker has of it.
    pub(crate) versions: &'a [u32],
}

/// Accepts the queues that other builds left behind of a workflow's version. Await points that this build cannot go on from are left
/// out, and so are versions that the worker does not have.
pub(crate) async fn accept_others(
    registry: &mut Registry,
    schemas: &Schemas,
    ours: &Ours<'_>,
    mut newer: Newer<'_>,
) -> Result<(), StoreError> {
    let Ours { description, own, .. } = *ours;
    let all = schemas.versions(description.name).await?;
    let (known, others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|version| version.version == description.version);
    let mut queues = Queues { registry, ours, told: HashSet::new() };
    queues.leave_versions(others);
    let (ours, known): (Vec<_>, Vec<_>) = known.into_iter().partition(|version| version.queue == own);
    let own_points = ours.iter().flat_map(|version| &version.points);
    own_points.for_each(|(schema, _)| queues.registry.takes(*schema));
    let (before, after): (Vec<_>, Vec<_>) = known.into_iter().partition(|version| version.queue < own);
    queues.accept(before, &mut |point| is_readable(description, point));
    queues.accept(after, &mut |point| newer.may_go_on(point));
    newer.tell_unknown();
    Ok(())
}

struct Queues<'a> {
    registry: &'a mut Registry,
    ours: &'a Ours<'a>,
    /// Await points are told once: versions have most of them in common.
    told: HashSet<SchemaId>,
}

impl Queues<'_> {
    fn accept(&mut self, versions: Vec<Version>, verdict: &mut dyn FnMut(&PointSchema) -> Result<(), Left>) {
        let mut known: HashMap<SchemaId, bool> = HashMap::new();
        for Version { queue, points, .. } in versions {
            let (mut any, mut left_out) = (false, Vec::new());
            for (schema, point) in points {
                let is_taken = *known.entry(schema).or_insert_with(|| {
                    let verdict = verdict(&point);
                    verdict.map_err(|left| self.tell(schema, point, left)).is_ok()
                });
                any |= is_taken;
                match is_taken {
                    true => self.registry.takes(schema),
                    false => left_out.push(schema),
                }
            }
            if any {
                self.registry.accept(queue, self.ours.own);
            }
            self.registry.leave_out(queue, left_out);
        }
    }

    /// Asked for each version of a name, and told once: of the newest.
    fn leave_versions(&mut self, versions: Vec<Version>) {
        let Ours { description, versions: registered, .. } = *self.ours;
        if registered.iter().max() != Some(&description.version) {
            return;
        }
        for Version { version, points, .. } in versions {
            if registered.contains(&version) {
                continue;
            }
            let workflow = description.name;
            let reason = format!(
                "version {version} is not registered: keep it beside the new one, with \
                 `#[workflow(name = \"{workflow}\", version = {version})]`, until it has no executions left"
            );
            tracing::debug!(workflow, version, "a version of a workflow is left to other workers");
            for (schema, point) in points {
                self.registry.tell(self.left(schema, point, Left { reason: reason.clone(), lost: vec![] }));
            }
        }
    }

    fn tell(&mut self, schema: SchemaId, point: PointSchema, left: Left) {
        if self.told.insert(schema) {
            self.registry.tell(self.left(schema, point, left));
        }
    }

    fn left(&self, schema: SchemaId, point: PointSchema, Left { reason, lost }: Left) -> NeedsMigration {
        let workflow = self.ours.description.name.to_owned();
        NeedsMigration { workflow, point: point.name, schema, reason, lost }
    }
}

/// Whether this build goes on from what an older one saved there.
pub(crate) fn is_readable(description: &Description, writer: &PointSchema) -> Result<(), Left> {
    let (workflow, point) = (description.name, &writer.name);
    match tried(|| description.reads(writer)) {
        Ok(how) => {
            tracing::debug!(workflow, point, %how, "an older version's await point is readable");
            Ok(())
        }
        Err(reason) => {
            tracing::warn!(
                workflow,
                point,
                reason,
                "executions of an older version stay at this await point"
            );
            Err(Left { reason, lost: Vec::new() })
        }
    }
}

/// The user's `Deserialize` is given values made up from the schema; one that panics cannot read them.
pub(crate) fn tried<T>(read: impl FnOnce() -> Result<T, Unreadable>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(how)) => Ok(how),
        Ok(Err(Unreadable::Gone { .. })) => Err("this build has no such await point".to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(panic) => {
            let message = durable_core::machine::panic_message(&*panic);
            Err(format!(
                "a `Deserialize` of this build panicked with a value made up from the saved shape: {message}"
            ))
        }
    }
}
