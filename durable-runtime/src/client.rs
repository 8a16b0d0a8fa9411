//! Clients: start executions, and get hold of them.

#[cfg(feature = "encryption")]
use crate::payload::Keys;
use crate::{
    edit,
    error::ClientError,
    fork,
    handle::Handle,
    output,
    payload::{Codec, LargeFields, Owner},
    redrive::{self, Redriven},
    rewind::{self, KeptSnapshot},
    same_input::same_input,
    saved,
    schemas::Schemas,
    start::{self, random_bits},
};
use durable_core::{
    ExecutionId, Input, SavedFields, Workflow, describe,
    store::{ExecutionRecord, Filter, InvalidId, StartRequest, Started, Store, StoreError},
    stored::{self, STORED_HEADER_BYTES},
};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// Talks to executions through a store. Cheap to clone; needs no worker in its process, but starts straight into one that
/// is there.
#[derive(Clone)]
pub struct Client {
    store: Arc<dyn Store>,
    schemas: Arc<Schemas>,
    codec: Arc<Codec>,
}

/// A version of a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VersionCount {
    /// As in `#[workflow(version = 2)]`; 1 for a workflow without one.
    pub version: u32,
    /// Executions that have not ended, set aside or not.
    pub unfinished: u64,
}

/// How to start an execution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartOptions {
    /// Higher runs first among what is due (0).
    pub priority: i32,
}

impl StartOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// With another priority.
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }
}

/// What may name an execution: text, or an id.
pub trait IntoExecutionId {
    /// The id, if it can be one.
    fn into_execution_id(self) -> Result<ExecutionId, InvalidId>;
}

impl IntoExecutionId for ExecutionId {
    fn into_execution_id(self) -> Result<ExecutionId, InvalidId> {
        Ok(self)
    }
}

impl IntoExecutionId for &ExecutionId {
    fn into_execution_id(self) -> Result<ExecutionId, InvalidId> {
        Ok(self.clone())
    }
}

impl IntoExecutionId for &str {
    fn into_execution_id(self) -> Result<ExecutionId, InvalidId> {
        ExecutionId::new(self)
    }
}

impl IntoExecutionId for String {
    fn into_execution_id(self) -> Result<ExecutionId, InvalidId> {
        ExecutionId::new(self)
    }
}

impl IntoExecutionId for &String {
    fn into_execution_id(self) -> Result<ExecutionId, InvalidId> {
        ExecutionId::new(self)
    }
}

impl Client {
    /// A client of this store.
    pub fn new<S: Store + Clone>(store: &S) -> Self {
        let store: Arc<dyn Store> = Arc::new(store.clone());
        Self { schemas: Arc::new(Schemas::new(Arc::clone(&store))), store, codec: Arc::default() }
    }

    /// The largest input, event, state or result (16 MiB): as large as the workers take. The store has a limit of its own.
    pub fn payload_bytes_max(mut self, bytes: u64) -> Self {
        Arc::make_mut(&mut self.codec).limit(bytes);
        self
    }

    /// Compresses inputs and events of more than this many bytes (4 KiB), where that makes them smaller; `None`: none. What is
    /// compressed is read all the same.
    #[cfg(feature = "compression")]
    pub fn compress_above(mut self, bytes: impl Into<Option<usize>>) -> Self {
        Arc::make_mut(&mut self.codec).compress_above(bytes.into());
        self
    }

    /// Stores a parameter of more than this many encoded bytes (64 KiB) apart from the input it belongs to, where the snapshots of the execution
    /// find it, too: see [`WorkerBuilder::large_fields_above`](crate::WorkerBuilder::large_fields_above).
    pub fn large_fields_above(mut self, bytes: impl Into<Option<usize>>) -> Self {
        Arc::make_mut(&mut self.codec).apart_above(bytes.into());
        self
    }

    /// Encrypts inputs and events with the current one of these keys, and reads what is encrypted with any of them. Needed wherever the
    /// [workers](crate::WorkerBuilder::encryption) encrypt: for states, results and errors, and to compare the inputs of two starts.
    #[cfg(feature = "encryption")]
    pub fn encryption(mut self, keys: Keys) -> Self {
        Arc::make_mut(&mut self.codec).encrypt(keys);
        self
    }

    /// Starts an execution, idempotently: if the id exists with the same workflow and an equal input, this is that start, and
    /// the handle is of the execution that is there. Durable once it returns.
    pub async fn start<W: Workflow>(
        &self,
        id: impl IntoExecutionId,
        input: Input<W>,
    ) -> Result<Handle<W>, ClientError> {
        self.start_with(id, input, StartOptions::default()).await
    }

    /// The same, with options.
    pub async fn start_with<W: Workflow>(
        &self,
        id: impl IntoExecutionId,
        input: Input<W>,
        options: StartOptions,
    ) -> Result<Handle<W>, ClientError> {
        let id = id.into_execution_id()?;
        let description = describe::<W>()?;
        let numbers = self.schemas.numbers(description).await?;
        let schema = numbers.schemas[0];
        let SavedFields { mut bytes, large } = input.into_fields()?;
        self.codec.check_size(|| format!("the input of execution `{id}`"), bytes.len())?;
        description.check_bounds(0, &bytes[STORED_HEADER_BYTES..]).map_err(|(name, error)| {
            let what = format!("parameter `{name}` of workflow `{}`", W::NAME);
            StoreError::Encode { what, reason: error.to_string() }
        })?;
        stored::stamp(&mut bytes, schema, 0);
        let instance = random_bits()?;
        let start = |instance| Owner::Snapshot {
            instance,
            frame: 0,
            visit: 0,
            workflow: W::NAME,
            point: &description.points[0].name,
        };
        let unfit = |error| ClientError::Payload { id: id.clone(), what: "input", error };
        let none_is_stored = |_| false;
        let packed = self.codec.pack_snapshot(&bytes, &large, instance, &start(instance), none_is_stored);
        let packed = packed.map_err(unfit)?;
        let request = StartRequest {
            id: id.clone(),
            queue: numbers.queue,
            schema,
            instance,
            priority: options.priority,
            snapshot: packed.blob.as_deref().unwrap_or(&bytes).into(),
            large: packed.new,
            claim_for: None,
        };
        let (started, ending) = start::start(&self.store, request).await?;
        match started {
            Started::New(_) => return Ok(self.to_handle(id).hearing(ending)),
            Started::Existing { workflow, status, input, schema: existing_schema } => {
                // A damaged input is neither the same nor another one.
                let (header, _) = stored::open_packed(&input)
                    .map_err(|error| ClientError::Snapshot { id: id.clone(), error })?;
                // A fork began elsewhere: with no input of its own.
                let began = self.schemas.row(existing_schema).await?;
                let at_start = began.is_some_and(|row| row.point.name == description.points[0].name);
                let same = workflow == W::NAME && at_start && {
                    // Only the record knows for which execution it was packed.
                    let (row, instance) = match header.packing.encrypted || header.packing.apart {
                        false => Default::default(),
                        true => {
                            let record = saved::record(&*self.store, &id).await?;
                            (record.row, record.instance)
                        }
                    };
                    let large = LargeFields::read(&*self.store, row, [&*input].into_iter()).await?;
                    let owner = start(instance);
                    let input = self.codec.unpack_snapshot(header.packing, &input, instance, &owner, &large);
                    let input = input.map_err(unfit)?;
                    same_input((schema, &bytes), (existing_schema, &input), &self.schemas).await?
                };
                if !same {
                    return Err(ClientError::Conflict { id, existing: workflow, requested: W::NAME, status });
                }
            }
        }
        Ok(self.to_handle(id))
    }

    /// A handle of an execution that was started before. Whether it exists is found out by what is asked of it.
    pub fn handle<W: Workflow>(&self, id: impl IntoExecutionId) -> Result<Handle<W>, ClientError> {
        Ok(self.to_handle(id.into_execution_id()?))
    }

    /// Where an execution stands, as JSON for people and tools. Neither the workflow nor the build that saved it is needed: the store
    /// has the schema of every snapshot.
    ///
    /// ```json
    /// { "workflow": "place_order", "point": "Charge", "state": { "order": { "total": 10 } },
    ///   "child": { "workflow": "pay", "point": "Capture", "state": {} } }
    /// ```
    ///
    /// `child` is there while a child workflow runs inline. Structs and maps are objects, a variant without payload is its name,
    /// bytes are hexadecimal digits, numbers that JSON cannot hold are strings.
    ///
    /// # Errors
    ///
    /// [`ClientError::UnknownExecution`]; [`ClientError::Ended`] when it succeeded or was cancelled, since nothing is saved then;
    /// [`ClientError::Snapshot`] and [`ClientError::Undecoded`] for what is damaged.
    pub async fn state_json(&self, id: impl IntoExecutionId) -> Result<serde_json::Value, ClientError> {
        let id = id.into_execution_id()?;
        saved::json(&*self.store, &self.schemas, &self.codec, &id).await
    }

    /// What an execution returned, as JSON for people and tools. Neither the workflow nor the build that returned it is needed: the store
    /// has the schema of every output. It is in the form of the values in [`state_json`](Client::state_json); of a workflow that returns a
    /// `Result`, it is `{ "Ok": .. }` or `{ "Err": .. }`.
    ///
    /// # Errors
    ///
    /// [`ClientError::UnknownExecution`]; [`ClientError::Unfinished`] while it has not ended; [`ClientError::Failed`],
    /// [`ClientError::Cancelled`] and [`ClientError::SetAside`] where there is no output; [`ClientError::UnknownShape`],
    /// [`ClientError::Payload`] and [`ClientError::Output`] for one that cannot be read.
    pub async fn output_json(&self, id: impl IntoExecutionId) -> Result<serde_json::Value, ClientError> {
        output::json(&*self.store, &self.schemas, &self.codec, &id.into_execution_id()?).await
    }

    /// Where an execution stands as one portable blob, with the schemas of what it saves: to keep beside a lock file, to look into with
    /// [`snapshot::decode`](durable_core::snapshot::decode), to go on from elsewhere with [`Run`](durable_core::Run). The execution itself stays
    /// as it is. What is encrypted in the store is in clear in the blob.
    ///
    /// # Errors
    ///
    /// As [`state_json`](Client::state_json), and [`ClientError::Export`] for a name or schema that is too long for a blob.
    pub async fn export(&self, id: impl IntoExecutionId) -> Result<Vec<u8>, ClientError> {
        let id = id.into_execution_id()?;
        saved::export(&*self.store, &self.schemas, &self.codec, &id).await
    }

    /// Changes what an execution has saved to what this JSON says: in the form of [`Client::state_json`], with other values. It must
    /// not be running: it waits, failed, or was set aside. It goes on waiting, and what failed or was set aside goes on when it is
    /// [redriven](crate::Handle::redrive). Neither the workflow nor the build that saved it is needed.
    ///
    /// All of the JSON must fit the types as they were saved; whatever does not is named by its place. A local whose JSON is what
    /// `state_json` gives stays byte for byte as it is. What a type's own `Deserialize` refuses is found out when the execution goes on:
    /// then it is set aside. Operations have other idempotency keys after an edit. A snapshot that is damaged can be replaced so, too.
    ///
    /// `by` says who does it: history keeps that, with the names of the locals that were changed. False: nothing was to be changed.
    ///
    /// # Errors
    ///
    /// [`ClientError::Edit`] with all that does not fit; [`ClientError::NotEdited`] if it runs or has moved on;
    /// [`ClientError::UnknownExecution`], [`ClientError::Ended`].
    pub async fn edit_json(
        &self,
        id: impl IntoExecutionId,
        state: &serde_json::Value,
        by: &str,
    ) -> Result<bool, ClientError> {
        edit::edit(&*self.store, &self.schemas, &self.codec, &id.into_execution_id()?, state, by).await
    }

    /// The snapshots that were kept of an execution, the oldest first: where it has stood, and can be sent back to. Also of one that has
    /// ended. None unless its worker keeps them: [`WorkerBuilder::keep_snapshots`](crate::WorkerBuilder::keep_snapshots).
    pub async fn snapshots(&self, id: impl IntoExecutionId) -> Result<Vec<KeptSnapshot>, ClientError> {
        rewind::list(&*self.store, &self.schemas, &id.into_execution_id()?).await
    }

    /// Sends an execution back to where it has stood: to the kept snapshot of this epoch, one of [`Client::snapshots`]. It must not be
    /// running: it waits, failed, or was set aside. Neither the workflow nor the build that saved it is needed. It goes on from there at
    /// once, in whichever build can read it.
    ///
    /// The operation of that await point runs again, and all after it, with other idempotency keys: what it did outside before is
    /// not undone. An `at_most_once` step gives `Interrupted` there, and runs if it comes later. A timer there keeps the moment it was
    /// due at. Events that were received since do not come again; those that wait still wait. A child workflow that runs inline is
    /// forgotten, and called again when its turn comes.
    ///
    /// `by` says who does it: history keeps that. Snapshots that were kept later stay, so there is a way back; until newer ones push
    /// them out.
    ///
    /// # Errors
    ///
    /// [`ClientError::NotRewound`] if it runs, or there is no such snapshot; [`ClientError::Ended`] if it succeeded or was
    /// cancelled; [`ClientError::UnknownExecution`].
    pub async fn rewind(&self, id: impl IntoExecutionId, epoch: u64, by: &str) -> Result<(), ClientError> {
        rewind::rewind(&*self.store, &self.schemas, &id.into_execution_id()?, epoch, by).await
    }

    /// Starts another execution where this one has stood, at the kept snapshot of that epoch, or where it stands now. It has a life of its
    /// own, with other idempotency keys and no events; what it was forked from goes on as it is. Neither the workflow nor the build
    /// that saved it is needed. It may have ended, if there are kept snapshots, or if it failed. History of both has it, with `by`.
    ///
    /// As with a [rewind](Client::rewind), the operation of that await point runs, an `at_most_once` step gives `Interrupted` there, and a
    /// timer keeps the moment it was due at.
    ///
    /// Idempotent by the new id, as long as the snapshot is there: if that execution began with the same state, this is that fork. So give
    /// an epoch where a call may be repeated.
    ///
    /// # Errors
    ///
    /// [`ClientError::ForkConflict`] if the new id is taken otherwise; [`ClientError::NotRewound`] if there is no such snapshot;
    /// [`ClientError::ForkInChild`] and [`ClientError::Ended`] if it cannot be forked where it stands now;
    /// [`ClientError::UnknownExecution`].
    pub async fn fork(
        &self,
        id: impl IntoExecutionId,
        epoch: Option<u64>,
        new_id: impl IntoExecutionId,
        by: &str,
    ) -> Result<(), ClientError> {
        let (id, new_id) = (id.into_execution_id()?, new_id.into_execution_id()?);
        fork::fork(&*self.store, &self.schemas, &self.codec, &id, epoch, &new_id, by).await
    }

    /// Redrives all executions that failed, as [`Handle::redrive`](crate::Handle::redrive) does one: after a deploy that cures what
    /// they failed of, or an outage that has passed. Of the filter, `workflow` and `after` say which, `limit` how many (0: all), and
    /// `status` is `Failed` (also when it is not given) or `SetAside`. The store is never held for long: it is done in groups, each
    /// of them durable. After an error, call it again: what was redriven has not failed any more.
    ///
    /// # Errors
    ///
    /// [`ClientError::RedriveStopped`] with what was done until then, or [`ClientError::Store`] if that was nothing. What others have redriven or cancelled meanwhile is in [`Redriven::refused`].
    pub async fn redrive_all(&self, filter: Filter) -> Result<Redriven, ClientError> {
        redrive::all(&*self.store, filter).await
    }

    /// Executions by filter, ordered by id. Their snapshots are as they are stored.
    pub async fn list(&self, filter: Filter) -> Result<Vec<ExecutionRecord>, ClientError> {
        let mut records = self.store.list(filter).await?;
        records.iter_mut().for_each(|record| self.codec.decrypt_error(record));
        Ok(records)
    }

    /// The versions of a workflow that were ever registered in this store, the lowest first, and how many executions of each have not
    /// ended: when it is none, its code can go. A child workflow that runs inline is part of its parent's execution, and not counted by
    /// itself; nor are those that failed, which could be redriven. Looks at all executions.
    pub async fn versions(&self, workflow: &str) -> Result<Vec<VersionCount>, ClientError> {
        let unfinished = self.store.unfinished(workflow).await?;
        let mut counts = BTreeMap::new();
        for known in self.schemas.versions(workflow).await? {
            let count =
                unfinished.iter().find(|(queue, _)| *queue == known.queue).map_or(0, |(_, count)| *count);
            *counts.entry(known.version).or_default() += count;
        }
        let counts = counts.into_iter();
        Ok(counts.map(|(version, unfinished)| VersionCount { version, unfinished }).collect())
    }

    fn to_handle<W: Workflow>(&self, id: ExecutionId) -> Handle<W> {
        Handle::new(Arc::clone(&self.store), Arc::clone(&self.schemas), Arc::clone(&self.codec), id)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.store.describe())
    }
}
