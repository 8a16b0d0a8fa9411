//! A handle of one execution: send to it, read its state, wait for its result.

use crate::{
    client::IntoExecutionId,
    edit,
    error::ClientError,
    fork, output,
    payload::{Codec, Owner, PayloadError, is_encrypted},
    redrive,
    rewind::{self, KeptSnapshot},
    saved,
    schemas::Schemas,
    start::{ATTEMPTS, random_bits},
    trouble::Backoff,
};
use durable_core::{
    Durable, ExecutionId, Schema, State, Status, Workflow, describe,
    event::{EventError, decode_event, decode_event_from, encode_event},
    private::FieldReader,
    schema::Shape,
    store::{Ending, ExecutionRecord, HistoryEntry, Outcome, SendError, SendRequest, Sent, Store},
    stored::Form,
};
use std::{fmt, marker::PhantomData, sync::Arc};

/// An execution of workflow `W`. Cheap to clone; it holds nothing but the id and how to notice its end.
pub struct Handle<W> {
    store: Arc<dyn Store>,
    schemas: Arc<Schemas>,
    codec: Arc<Codec>,
    id: ExecutionId,
    /// Hears its end, if it was started into a worker of this process.
    ending: Option<Ending>,
    workflow: PhantomData<fn() -> W>,
}

impl<W: Workflow> Handle<W> {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        schemas: Arc<Schemas>,
        codec: Arc<Codec>,
        id: ExecutionId,
    ) -> Self {
        Self { store, schemas, codec, id, ending: None, workflow: PhantomData }
    }

    pub(crate) fn hearing(self, ending: Option<Ending>) -> Self {
        Self { ending, ..self }
    }

    /// The execution's id.
    pub fn id(&self) -> &ExecutionId {
        &self.id
    }

    /// Sends an event, received by `event::<T>(name).await`. Durable once it returns. Each call is an event of its own; while
    /// the store is in passing trouble, the call repeats it under one id, so it arrives once. With the first value of a type the store
    /// is told what the type looks like, so that a receiver of another version can read it.
    pub async fn send<T: Durable + 'static>(&self, name: &str, value: &T) -> Result<(), ClientError> {
        let bits = u128::from_be_bytes(random_bits()?);
        self.send_with_id(format!("{bits:032x}"), name, value).await.map(drop)
    }

    /// Sends an event under an id of yours: a second one with the same id does nothing, whoever sends it and whenever.
    pub async fn send_with_id<T: Durable + 'static>(
        &self,
        event_id: impl Into<String>,
        name: &str,
        value: &T,
    ) -> Result<Sent, ClientError> {
        let unsendable = |error| ClientError::Event { name: name.to_owned(), error };
        let payload = encode_event(value).map_err(unsendable)?;
        let shape = Shape::of::<T>().map_err(|error| unsendable(error.into()))?;
        let what = || format!("event `{name}` for execution `{}`", self.id);
        self.codec.check_size(what, payload.len())?;
        let owner = Owner::Event { execution: self.id.as_str(), name };
        let packed = self.codec.pack(Form::Value, &payload, &owner);
        let packed = packed.map_err(|error| self.unfit("event", error))?;
        let payload = packed.unwrap_or(payload);
        let request = SendRequest {
            execution: self.id.clone(),
            event_id: event_id.into(),
            name: name.to_owned(),
            payload,
        };
        let mut backoff = Backoff::default();
        for _ in 1..ATTEMPTS {
            match self.send_once(shape, &request).await {
                Err(SendError::Store(error)) if error.is_transient() => {
                    tokio::time::sleep(backoff.next()).await
                }
                answer => return Ok(answer?),
            }
        }
        Ok(self.send_once(shape, &request).await?)
    }

    /// The store has the shape of the value before the value.
    async fn send_once(&self, shape: &'static Shape, request: &SendRequest) -> Result<Sent, SendError> {
        self.schemas.shapes.record(&[shape]).await?;
        self.store.send(request.clone()).await
    }

    /// Asks for cancellation. `false`: it had ended already. It is carried out at the execution's next await point, or at once
    /// if it waits; [`result`](Handle::result) tells when.
    pub async fn cancel(&self) -> Result<bool, ClientError> {
        Ok(self.store.cancel(&self.id).await?)
    }

    /// Lets it go on after it failed or was set aside: the operation of its last committed await point runs again, under the same
    /// idempotency key, and retries are counted anew. An `at_most_once` step does not run again: it gives `Interrupted`. Durable once
    /// it returns; [`result`](Handle::result) then waits for the new end.
    ///
    /// # Errors
    ///
    /// [`ClientError::NotRedriven`] if it goes on by itself, succeeded, or was cancelled; [`ClientError::UnknownExecution`].
    pub async fn redrive(&self) -> Result<(), ClientError> {
        redrive::one(&*self.store, &self.id).await
    }

    /// Where it is in its life.
    pub async fn status(&self) -> Result<Status, ClientError> {
        Ok(self.record().await?.status)
    }

    /// Everything the store has about it. Its snapshots are as they are stored.
    pub async fn record(&self) -> Result<ExecutionRecord, ClientError> {
        let mut record = saved::record(&*self.store, &self.id).await?;
        self.codec.decrypt_error(&mut record);
        Ok(record)
    }

    /// Its life-cycle history, oldest first.
    pub async fn history(&self) -> Result<Vec<HistoryEntry>, ClientError> {
        let mut entries = self.store.history(&self.id).await?;
        if entries.iter().any(|entry| is_encrypted(&entry.detail)) {
            let instance = self.record().await?.instance;
            for entry in &mut entries {
                entry.detail = self.codec.decrypt_text(&entry.detail, instance);
            }
        }
        Ok(entries)
    }

    /// The state it stands at, as the generated enum. What another version of the workflow saved is read as this one would go on
    /// from it.
    pub async fn state(&self) -> Result<W::State, ClientError> {
        let loaded = saved::Loaded::read(&*self.store, &self.id).await?;
        let (record, id) = (&loaded.record, || self.id.clone());
        if record.workflow != W::NAME {
            let found = record.workflow.clone();
            return Err(ClientError::OtherWorkflow { id: id(), found, expected: W::NAME });
        }
        let Some(root) = record.frames.first().filter(|_| !record.status.is_terminal()) else {
            return Err(ClientError::Ended { id: id(), status: record.status });
        };
        let saved = saved::open(&self.schemas, &self.codec, &loaded, root).await?;
        let (description, point) = (describe::<W>()?, &saved.known.point);
        let (index, payload) = description
            .upgrade(point, saved.payload())
            .map_err(|error| ClientError::OtherBuild { id: id(), error })?;
        let point = &description.points[index];
        let mut fields = FieldReader::new(&point.fields, &payload);
        W::State::decode(&point.name, &mut fields).map_err(|error| ClientError::State { id: id(), error })
    }

    /// Where it stands as JSON, read by the schema in the store: whichever build saved it, also when it failed or was set aside.
    /// See [`Client::state_json`](crate::Client::state_json).
    pub async fn state_json(&self) -> Result<serde_json::Value, ClientError> {
        saved::json(&*self.store, &self.schemas, &self.codec, &self.id).await
    }

    /// Where it stands as one portable blob. See [`Client::export`](crate::Client::export).
    pub async fn export(&self) -> Result<Vec<u8>, ClientError> {
        saved::export(&*self.store, &self.schemas, &self.codec, &self.id).await
    }

    /// Changes what it has saved to what this JSON says. See [`Client::edit_json`](crate::Client::edit_json).
    pub async fn edit_json(&self, state: &serde_json::Value, by: &str) -> Result<bool, ClientError> {
        edit::edit(&*self.store, &self.schemas, &self.codec, &self.id, state, by).await
    }

    /// The snapshots that were kept of it, the oldest first. See [`Client::snapshots`](crate::Client::snapshots).
    pub async fn snapshots(&self) -> Result<Vec<KeptSnapshot>, ClientError> {
        rewind::list(&*self.store, &self.schemas, &self.id).await
    }

    /// Sends it back to a kept snapshot. See [`Client::rewind`](crate::Client::rewind).
    pub async fn rewind(&self, epoch: u64, by: &str) -> Result<(), ClientError> {
        rewind::rewind(&*self.store, &self.schemas, &self.id, epoch, by).await
    }

    /// Starts another execution where this one has stood, or stands now, and gives a handle of it. See
    /// [`Client::fork`](crate::Client::fork).
    pub async fn fork(
        &self,
        epoch: Option<u64>,
        new_id: impl IntoExecutionId,
        by: &str,
    ) -> Result<Self, ClientError> {
        let id = new_id.into_execution_id()?;
        fork::fork(&*self.store, &self.schemas, &self.codec, &self.id, epoch, &id, by).await?;
        Ok(Self { id, ending: None, ..self.clone() })
    }

    /// Waits until it ends, and gives what the workflow returned: for a workflow that returns a `Result`, that `Result`. An
    /// execution that ended without an output, or was set aside, is an error. What another version of the workflow returned is read by
    /// names, as an [event](fn@durable_core::event) that another version sent.
    pub async fn result(&self) -> Result<W::Output, ClientError>
    where
        W::Output: Durable + 'static,
    {
        let output = output::of(&self.id, self.outcome().await?)?;
        match decode_event(&output) {
            Ok(value) => Ok(value),
            Err(error) => {
                let writer = self.writer(&error).await?;
                let read = writer.map_or(Err(error), |writer| decode_event_from(&output, &writer));
                read.map_err(|error| ClientError::Output { id: self.id.clone(), error })
            }
        }
    }

    /// What it returned, as JSON, read by the schema in the store: whichever build returned it. Does not wait for its end. See
    /// [`Client::output_json`](crate::Client::output_json).
    pub async fn output_json(&self) -> Result<serde_json::Value, ClientError> {
        output::json(&*self.store, &self.schemas, &self.codec, &self.id).await
    }

    /// Waits for the end, without reading it as anything.
    async fn outcome(&self) -> Result<Outcome, ClientError> {
        if let Some(ending) = &self.ending
            && let Some(outcome) = ending.wait().await
        {
            return Ok(outcome);
        }
        loop {
            // Registered before the store is looked at, so that no end is missed.
            let finished = self.store.local().wait_finished(&self.id);
            if let Some(outcome) = self.store.outcome(&self.id).await? {
                return output::unpacked(&*self.store, &self.codec, &self.id, outcome).await;
            }
            finished.await;
        }
    }

    fn unfit(&self, what: &'static str, error: PayloadError) -> ClientError {
        ClientError::Payload { id: self.id.clone(), what, error }
    }

    /// The schema of an output that cannot be read as this workflow's, if another version of it returned that. The likeliest reason is
    /// that it is another workflow's.
    async fn writer(&self, error: &EventError) -> Result<Option<Arc<Schema>>, ClientError> {
        let (id, found) = (self.id.clone(), self.record().await?.workflow);
        if found != W::NAME {
            return Err(ClientError::OtherWorkflow { id, found, expected: W::NAME });
        }
        match error {
            EventError::OtherType { sent, .. } => Ok(self.schemas.shapes.read(*sent).await?),
            _ => Ok(None),
        }
    }
}

impl<W> Clone for Handle<W> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            schemas: Arc::clone(&self.schemas),
            codec: Arc::clone(&self.codec),
            id: self.id.clone(),
            ending: self.ending.clone(),
            workflow: PhantomData,
        }
    }
}

impl<W> fmt::Debug for Handle<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({})", self.id)
    }
}
