//! The workflows a worker knows, their types erased, and the numbers the store gave them.

use crate::{
    losses::{Losses, called},
    versions::NeedsMigration,
};
use durable_core::{
    Description, Durable, Host, Resources, UndescribedWorkflow, Workflow, describe,
    event::encode_event,
    machine::{Identity, Machine, Restored},
    schema::{Shape, TraceError},
    store::{QueueId, SchemaId},
};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    marker::PhantomData,
    sync::Arc,
};

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
    /// What the output looks like; an error if it could not be read back.
    fn output(&self) -> Result<&'static Shape, TraceError>;
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

    fn output(&self) -> Result<&'static Shape, TraceError> {
        Shape::of::<W::Output>()
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
    left_out: LeftOut,
    /// That, as claims ask for it.
    unreadable: Vec<(QueueId, SchemaId)>,
}

/// The await points at which this build takes no execution.
#[derive(Default)]
struct LeftOut {
    /// Refused of these queues.
    refused: Vec<(QueueId, SchemaId)>,
    /// Taken of some queue.
    taken: HashSet<SchemaId>,
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

    /// Takes what another build left in this queue, too.
    pub(crate) fn accept(&mut self, queue: QueueId, own: QueueId) {
        if let Some(Accepted { workflow, .. }) = self.by_queue.get(&own) {
            let workflow = Arc::clone(workflow);
            self.queues.push(queue);
            self.by_queue.insert(queue, Accepted { workflow, own });
        }
    }

    /// Of this queue, takes no execution that stands at one of these; and of no queue at all, if none has it taken.
    pub(crate) fn leave_out(&mut self, queue: QueueId, refused: Vec<SchemaId>) {
        self.left_out.refused.extend(refused.into_iter().map(|schema| (queue, schema)));
    }

    /// What stands there is taken, of some queue.
    pub(crate) fn takes(&mut self, schema: SchemaId) {
        self.left_out.taken.insert(schema);
    }

    /// Tells people of an await point at which executions stay.
    pub(crate) fn tell(&mut self, point: NeedsMigration) {
        self.needs_migration.push(point);
    }

    pub(crate) fn needs_migration(&self) -> &[NeedsMigration] {
        &self.needs_migration
    }

    /// What claims are to leave out, each with its queue.
    pub(crate) fn unreadable(&self) -> Vec<(QueueId, SchemaId)> {
        self.unreadable.clone()
    }

    /// Once all queues are known. Versions of one workflow may share a schema row, and one goes on where another cannot: then it is left
    /// out in the queues of the latter. What none goes on from is left out everywhere: a frame may stand there in an execution of
    /// another queue, as a child does, and as a parent does whose child has saved something with this build.
    pub(crate) fn settle(&mut self) {
        let LeftOut { refused, taken } = &self.left_out;
        let (here, everywhere): (Vec<_>, Vec<_>) =
            refused.iter().copied().partition(|(_, schema)| taken.contains(schema));
        let everywhere: BTreeSet<SchemaId> = everywhere.into_iter().map(|(_, schema)| schema).collect();
        let of_all = self.queues.iter().flat_map(|queue| everywhere.iter().map(|schema| (*queue, *schema)));
        let here = here.into_iter().filter(|(queue, _)| self.by_queue.contains_key(queue));
        self.unreadable = here.chain(of_all).collect();
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
