//! Building a worker: what it runs, with what, and within which limits.

#[cfg(feature = "encryption")]
use crate::payload::Keys;
use crate::{
    build,
    error::StartError,
    losses::Losses,
    payload::Codec,
    registry::{Registered, Registry, Typed},
    rewind::KEPT_MAX,
    schemas::Schemas,
    shared::{Options, Shared},
    versions::{self, Ours},
    worker::Worker,
};
use durable_core::{
    Durable, Resources, Workflow,
    schema::Shape,
    store::{BuildId, Store},
};
use std::{collections::HashSet, fmt, sync::Arc, time::Duration};
use tokio::runtime::Handle;

/// A worker that is not started yet. Nothing touches the store before [`start`](WorkerBuilder::start).
#[must_use = "a worker runs nothing until it is started"]
pub struct WorkerBuilder {
    store: Arc<dyn Store>,
    resources: Resources,
    workflows: Vec<Arc<dyn Registered>>,
    losses: Losses,
    /// `None`: found out when it starts.
    build: Option<BuildId>,
    options: Options,
}

impl WorkerBuilder {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        let options = Options {
            name: format!("worker-{}", std::process::id()),
            build: BuildId::default(),
            concurrency: 10_000,
            shards: None,
            lease: Duration::from_secs(30),
            beat: Duration::from_secs(5),
            park_after: Duration::from_secs(1),
            grace: Duration::from_secs(10),
            keep: 0,
            codec: Codec::default(),
        };
        let (resources, workflows, losses) = (Resources::new(), Vec::new(), Losses::default());
        Self { store, resources, workflows, losses, build: None, options }
    }

    /// Supplies what workflows take by reference (`shop: &Shop`), by type: one value of each.
    pub fn resource<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.resources.insert(value);
        self
    }

    /// Runs this workflow. Its output is stored, so it must be serializable.
    pub fn register<W>(mut self) -> Self
    where
        W: Workflow,
        W::Output: Durable + 'static,
    {
        self.workflows.push(Arc::new(Typed::<W>::new()));
        self
    }

    /// Goes on with executions of this workflow that *newer* builds of its version have saved, though these parts of them will be lost:
    /// for the way back to an earlier release.
    ///
    /// Unless it is called, a worker leaves alone what a newer build saved, for a worker of that build: it has no place for what is new there, and
    /// would save it without. With it, an execution is gone on with where this build can read all that it has saved at its await point, and
    /// where each part that would be lost is listed here: a saved local (`Ship.coupon`), or a field of one (`Ship.order.gift`,
    /// `Ship.order.lines[].note`), behind the name of the await point. Nothing is lost at an await point at which both builds save the same: `&[]` is enough.
    ///
    /// ```
    /// # use durable_core::{Durable, Workflow, store::Store};
    /// # use durable_runtime::WorkerBuilder;
    /// # #[allow(non_camel_case_types)]
    /// # fn rolled_back<place_order>(worker: WorkerBuilder) -> WorkerBuilder
    /// # where place_order: Workflow, place_order::Output: Durable + 'static {
    /// worker.register::<place_order>().accept_loss::<place_order>(&["Charge.coupon", "Ship.order.gift"])
    /// # }
    /// ```
    ///
    /// What to list, [`Worker::needs_migration`] and the log say. All else stays where it is. A path that names nothing does nothing: the newer
    /// build may not have come yet. Calls add up.
    ///
    /// Which builds there are is looked at once, when the worker starts: it does not take what one that comes later saves. The first commit
    /// makes an execution one of this build's, and when the newer build comes back it reads that as any older one: a field that was lost has its
    /// default, a local that it needs is missing. So remove the call before the newer build is deployed again, or in a rolling deploy these
    /// workers take from it what they may.
    ///
    /// Inside a child workflow that runs inline, it is what is said of that child that counts, which is registered for it. What is left alone
    /// there, the log says: which children there are shows only when they run.
    pub fn accept_loss<W: Workflow>(mut self, paths: &[&str]) -> Self {
        self.losses.accept::<W>(paths);
        self
    }

    /// At most this many executions in memory at once (10,000).
    pub fn concurrency(mut self, executions: usize) -> Self {
        self.options.concurrency = executions;
        self
    }

    /// Drives executions in this many tasks (half as many as the runtime has threads, at least one). An execution stays in one of
    /// them: code between awaits, and operations that compute without an await, hold up the others there. What takes more
    /// than some hundred microseconds belongs in [`tokio::task::spawn_blocking`].
    pub fn shards(mut self, shards: usize) -> Self {
        self.options.shards = Some(shards);
        self
    }

    /// Its name, for people (`worker-<process>`).
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.options.name = name.into();
        self
    }

    /// Which build of your program this is: a release, a commit. What one build could not go on from and set aside (a value that
    /// cannot be read, a migration that refuses it), each later worker of *another* build tries once, when it starts. Where nothing
    /// is said it is a hash over the workflows with what they save, the version of `durable`, and the executable's size and time;
    /// say it where several executables are one build, or where one reads what it reads by its surroundings.
    pub fn build_id(mut self, build: impl AsRef<str>) -> Self {
        self.build = Some(BuildId::new(build));
        self
    }

    /// Others take over when the beat stands still this long (30 s). Where the store sees at once that a process is dead, they
    /// need not wait for it.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.options.lease = lease;
        self
    }

    /// Beats this often (5 s).
    pub fn beat(mut self, beat: Duration) -> Self {
        self.options.beat = beat;
        self
    }

    /// A retry that is further away than this gives up its memory until then (1 s).
    pub fn park_after(mut self, delay: Duration) -> Self {
        self.options.park_after = delay;
        self
    }

    /// How long [`Worker::shutdown`] lets running operations go on (10 s).
    pub fn grace(mut self, grace: Duration) -> Self {
        self.options.grace = grace;
        self
    }

    /// Keeps the last so many snapshots of each execution beside the one it goes on from (0: none; at most 64), so that it can be
    /// [rewound](crate::Handle::rewind) to one of them. Each is written once more with the commit that saves it, and stays after the
    /// execution's end. Await points inside a child workflow that runs inline are not kept; the one at which the parent called it is.
    pub fn keep_snapshots(mut self, snapshots: u32) -> Self {
        self.options.keep = snapshots;
        self
    }

    /// The largest snapshot or output (16 MiB); an execution that needs more is set aside. The store has a limit of its own.
    pub fn payload_bytes_max(mut self, bytes: u64) -> Self {
        self.options.codec.limit(bytes);
        self
    }

    /// Compresses snapshots and outputs of more than this many bytes (4 KiB), where that makes them smaller; `None`: none. What is
    /// compressed is read all the same.
    #[cfg(feature = "compression")]
    pub fn compress_above(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.options.codec.compress_above(bytes.into());
        self
    }

    /// Stores a saved local of more than this many encoded bytes (64 KiB) apart from the snapshots it belongs to: once for each execution, and
    /// again only when it has changed. Each await point then writes the rest, and a few bytes that say which one is meant. `None`: no
    /// local. Below 4 KiB none is, whatever is given here. What stands apart is read all the same.
    pub fn large_fields_above(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.options.codec.apart_above(bytes.into());
        self
    }

    /// Encrypts snapshots, outputs and error texts with the current one of these keys, and reads what is encrypted with any of them. Give
    /// [clients](crate::Client::encryption) the same keys. What was written before stays as it is, and is read.
    ///
    /// Executions that are encrypted with a key that is not among these are left to workers that have it; see
    /// [`Worker::unreadable`](crate::Worker::unreadable).
    #[cfg(feature = "encryption")]
    pub fn encryption(mut self, keys: Keys) -> Self {
        self.options.codec.encrypt(keys);
        self
    }

    /// Checks everything, registers with the store, and begins to work.
    pub async fn start(self) -> Result<Worker, StartError> {
        let Self { store, resources, workflows, losses, build, mut options } = self;
        check_options(&options)?;
        check_build(build.as_ref())?;
        let outputs = check_workflows(&workflows, &resources)?;
        options.build = build.unwrap_or_else(|| build::of_this_program(&workflows));
        let runtime = Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        let schemas = Schemas::new(Arc::clone(&store));
        let mut registry = Registry::default();
        schemas.shapes.record(&outputs).await?;
        let versions: Vec<_> =
            workflows.iter().map(|workflow| (workflow.name(), workflow.version())).collect();
        losses.check(&versions)?;
        for workflow in workflows {
            let of_name = versions.iter().filter(|(name, _)| *name == workflow.name());
            let of_name: Vec<u32> = of_name.map(|(_, version)| *version).collect();
            let description = workflow.describe()?;
            let newer = losses.newer(description, workflow.called());
            let own = schemas.numbers(description).await?.queue;
            registry.insert(own, workflow);
            let ours = Ours { description, own, versions: &of_name };
            versions::accept_others(&mut registry, &schemas, &ours, newer).await?;
        }
        registry.settle();
        registry.losses = losses;
        let worker = store.join_as(&options.name, &options.build).await?;
        // What a killed process held is taken over by the next one to start, not a beat later (K3).
        if let Err(error) = store.beat(worker, options.lease).await {
            tracing::warn!(%error, "the first beat failed; the next may succeed");
        }
        let shared = Shared::new(Arc::clone(&store), runtime, options, resources, registry, schemas, worker);
        match Worker::run(shared) {
            Ok(running) => Ok(running),
            Err(error) => {
                // It has claimed nothing.
                let _ = store.leave(worker).await;
                Err(StartError::Thread(error))
            }
        }
    }
}

impl fmt::Debug for WorkerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let workflows: Vec<_> = self.workflows.iter().map(|workflow| workflow.name()).collect();
        f.debug_struct("WorkerBuilder")
            .field("store", &self.store.describe())
            .field("workflows", &workflows)
            .field("resources", &self.resources)
            .field("options", &self.options)
            .finish()
    }
}

fn check_options(options: &Options) -> Result<(), StartError> {
    let Options { concurrency, shards, beat, lease, keep, .. } = options;
    if *concurrency == 0 {
        return Err(StartError::Option { option: "concurrency", found: "0".into(), expected: "at least 1" });
    }
    if *shards == Some(0) {
        return Err(StartError::Option { option: "shards", found: "0".into(), expected: "at least 1" });
    }
    if *keep > KEPT_MAX {
        return Err(StartError::Option {
            option: "keep_snapshots",
            found: keep.to_string(),
            expected: "at most 64",
        });
    }
    if beat.is_zero() {
        return Err(StartError::Option {
            option: "beat",
            found: "0 s".into(),
            expected: "longer than nothing",
        });
    }
    // A worker drops its executions after half a lease without a beat (K4).
    if *lease < *beat * 4 {
        let found = format!("{lease:?} with a beat of {beat:?}");
        return Err(StartError::Option { option: "lease", found, expected: "at least four beats" });
    }
    Ok(())
}

fn check_build(build: Option<&BuildId>) -> Result<(), StartError> {
    match build {
        Some(build) if build.as_str().is_empty() => Err(StartError::Option {
            option: "build_id",
            found: "empty".into(),
            expected: "a text that each build has for its own",
        }),
        _ => Ok(()),
    }
}

/// Checks them, and gives what their outputs look like.
fn check_workflows(
    workflows: &[Arc<dyn Registered>],
    resources: &Resources,
) -> Result<Vec<&'static Shape>, StartError> {
    if workflows.is_empty() {
        return Err(StartError::NoWorkflow);
    }
    let mut names = HashSet::new();
    let mut outputs = Vec::with_capacity(workflows.len());
    for workflow in workflows {
        let (name, version) = (workflow.name(), workflow.version());
        if !names.insert((name, version)) {
            return Err(StartError::DuplicateWorkflow { name, version });
        }
        workflow.describe()?;
        outputs.push(workflow.output().map_err(|error| StartError::Output { workflow: name, error })?);
        workflow.check_resources(resources)?;
    }
    Ok(outputs)
}
