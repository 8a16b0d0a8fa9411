//! Executions that older versions of a worker's workflows left behind: which of them this build can go on from.
//!
//! Older is what was registered earlier under the same [`Workflow::VERSION`]. What is newer is never read: to write its snapshots back would lose what this build does
//! not know of.
//!
//! [`Workflow::VERSION`]: durable_core::Workflow::VERSION

use crate::{registry::Registry, schemas::Schemas};
use durable_core::{
    Description, Reads, Unreadable,
    schema::PointSchema,
    store::{QueueId, SchemaId, StoreError, Version},
};
use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// An await point of an older version at which executions stay where they are, for a build that can go on from there.
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
}

/// Accepts the queues that older builds left behind of a workflow's version. Await points that this build cannot go on from are left
/// out, and so are versions that are not among those `registered` under the name.
pub(crate) async fn accept_older(
    registry: &mut Registry,
    schemas: &Schemas,
    description: &'static Description,
    own: QueueId,
    registered: &[u32],
) -> Result<(), StoreError> {
    // Asked once for each name.
    let is_newest = registered.iter().max() == Some(&description.version);
    // Versions have most of their await points in common.
    let mut known: HashMap<SchemaId, bool> = HashMap::new();
    for Version { queue, version, points, .. } in schemas.versions(description.name).await? {
        let workflow = description.name.to_owned();
        if version != description.version {
            if is_newest && !registered.contains(&version) {
                let reason = format!(
                    "version {version} is not registered: keep it beside the new one, with \
                     `#[workflow(name = \"{workflow}\", version = {version})]`, until it has no executions left"
                );
                tracing::debug!(workflow, version, "a version of a workflow is left to other workers");
                for (schema, point) in points {
                    let (workflow, reason) = (workflow.clone(), reason.clone());
                    registry.tell(NeedsMigration { workflow, point: point.name, schema, reason });
                }
            }
            continue;
        }
        if queue >= own {
            continue;
        }
        let (mut any, mut left_out) = (false, Vec::new());
        for (schema, point) in points {
            let is_readable = *known.entry(schema).or_insert_with(|| match reads(description, &point) {
                Ok(how) => {
                    let point = &point.name;
                    tracing::debug!(workflow, point, schema = schema.0, %how, "an older version's await point is readable");
                    true
                }
                Err(reason) => {
                    let (workflow, point) = (workflow.clone(), point.name);
                    tracing::warn!(workflow, point, reason, "executions of an older version stay at this await point");
                    registry.tell(NeedsMigration { workflow, point, schema, reason });
                    false
                }
            });
            any |= is_readable;
            if !is_readable {
                left_out.push(schema);
            }
        }
        if any {
            registry.accept(queue, own, &left_out);
        }
    }
    Ok(())
}

/// The user's `Deserialize` is given values made up from the schema; one that panics cannot read them.
fn reads(description: &Description, point: &PointSchema) -> Result<Reads, String> {
    match catch_unwind(AssertUnwindSafe(|| description.reads(point))) {
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
