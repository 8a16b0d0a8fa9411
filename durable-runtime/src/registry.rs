//! The workflows a worker knows, their types erased, and the numbers the store gave them.

use crate::{
    losses::{Losses, called},
    versions::NeedsMigration,
};
use durable_core::{
    Description, Durable, Host, Resources, UndescribedWorkflow, Workflow, describe,
    event::encode_event,
    machine::{Identity, Machine, Restored},
    schema::{TraceError, fingerprint_of},
    store::{QueueId, SchemaId},
};
use std::{collections::HashMap, marker::PhantomData, sync::Arc};

/// How a workflow ended, its types erased.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The output with its fingerprint in front, or why it cannot be stored.
    pub(crate) output: Result<Vec<u8>, String>,
    /// The text of the error, if the output is an `Err`.
    pub(crate) error: Option<String>,
}

/// A workflow whose types are erased.
pub(crate) trait Registered: Send + Sync {
    fn name(&self) -> &'static str;
    fn version(&self) -> u32;
    /// The name of its function.
    fn called(&self) -> String;
    fn describe(&self) -> Result<&'static Description, UndescribedWorkflow>;
    /// Whether the output can be stored and read back.
    fn check_output(&self) -> Result<(), TraceError>;
    fn check_resources(&self, resources: &Resources) -> Result<(), durable_core::MissingResource>;
    fn machine(
        &self,
        identity: Identity,
        host: Arc<dyn Host>,
        restored: Restored,
        resources: Arc<Resources>,
    ) -> Machine<'static, Ended>;
}

/// [`Registered`] for one workflow.
pub(crate) struct Typed<W>(PhantomData<fn() -> W>);

impl<W> Typed<W> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<W> Registered for Typed<W>
where
    W: Workflow,
    W::Output: Durable + 'static,
{
    fn name(&self) -> &'static str {
        W::NAME
    }

    fn version(&self) -> u32 {
        W::VERSION
    }

    fn called(&self) -> String {
        called::<W>()
    }

    fn describe(&self) -> Result<&'static Description, UndescribedWorkflow> {
        describe::<W>()
    }

    fn check_output(&self) -> Result<(), TraceError> {
        fingerprint_of::<W::Output>().map(drop)
    }

    fn check_resources(&self, resources: &Resources) -> Result<(), durable_core::MissingResource> {
        W::resources(resources).map(drop)
    }

    fn machine(
        &self,
        identity: Identity,
        host: Arc<dyn Host>,
        restored: Restored,
        resources: Arc<Resources>,
    ) -> Machine<'static, Ended> {
        Machine::new(identity, host, restored, move |root| {
            let resources = Arc::clone(&resources);
            Box::pin(async move {
                let output = match W::resources(&resources) {
                    Ok(resources) => root.drive::<W>(resources).await,
                    // Checked when the worker started; a `resources` that changes its mind loses nothing.
                    Err(missing) => return Ended { output: Err(missing.to_string()), error: None },
                };
                let encoded = encode_event(&output);
                Ended {
                    output: encoded.map_err(|error| format!("its output cannot be stored: {error}")),
                    error: W::error(&output),
                }
            })
        })
    }
}

/// The registered workflows by the queue they are claimed from.
#[derive(Default)]
pub(crate) struct Registry {
    by_queue: HashMap<QueueId, Accepted>,
    queues: Vec<QueueId>,
    needs_migration: Vec<NeedsMigration>,
    /// What may be lost of what newer builds saved; the worker takes it from here.
    pub(crate) losses: Losses,
    /// The await points that claims are to leave out, each in its queue: versions may share them.
    unreadable: Vec<(QueueId, SchemaId)>,
}

/// What goes on with the executions of a queue.
struct Accepted {
    workflow: Arc<dyn Registered>,
    /// The queue of what this build saves of them.
    own: QueueId,
}

impl Registry {
    pub(crate) fn insert(&mut self, own: QueueId, workflow: Arc<dyn Registered>) {
        self.queues.push(own);
        self.by_queue.insert(own, Accepted { workflow, own });
    }

    /// Takes what another build left in this queue, too, but for executions that stand at one of these await points.
    pub(crate) fn accept(&mut self, queue: QueueId, own: QueueId, unreadable: &[SchemaId]) {
        if let Some(Accepted { workflow, .. }) = self.by_queue.get(&own) {
            let workflow = Arc::clone(workflow);
            self.queues.push(queue);
            self.unreadable.extend(unreadable.iter().map(|schema| (queue, *schema)));
            self.by_queue.insert(queue, Accepted { workflow, own });
        }
    }

    /// Tells people of an await point at which executions stay.
    pub(crate) fn tell(&mut self, point: NeedsMigration) {
        self.needs_migration.push(point);
    }

    pub(crate) fn needs_migration(&self) -> &[NeedsMigration] {
        &self.needs_migration
    }

    pub(crate) fn unreadable(&self) -> Vec<(QueueId, SchemaId)> {
        self.unreadable.clone()
    }

    /// Whether this build saves to this queue itself.
    pub(crate) fn is_own(&self, queue: QueueId) -> bool {
        self.by_queue.get(&queue).is_some_and(|accepted| accepted.own == queue)
    }

    /// Where an execution from this queue belongs once this build has saved something of it; `None`: it is there.
    pub(crate) fn moves(&self, queue: QueueId) -> Option<QueueId> {
        let own = self.by_queue.get(&queue)?.own;
        (own != queue).then_some(own)
    }

    pub(crate) fn get(&self, queue: QueueId) -> Option<&Arc<dyn Registered>> {
        self.by_queue.get(&queue).map(|accepted| &accepted.workflow)
    }

    /// The queues, each call beginning with another one (K1).
    pub(crate) fn queues(&self, round: usize) -> Vec<QueueId> {
        let mut queues = self.queues.clone();
        queues.rotate_left(round % self.queues.len().max(1));
        queues
    }
}
