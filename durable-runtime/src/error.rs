//! What can go wrong at the start of a worker, and in a client.

use crate::edit::EditProblem;
use crate::{payload::PayloadError, redrive::Redriven};
use durable_core::{
    ExecutionId, Fingerprint, MissingResource, StateError, Status, UndescribedWorkflow, Unreadable,
    event::{EventError, differences_listed},
    schema::TraceError,
    snapshot::SnapshotError,
    store::{EditError, InvalidId, RedriveError, RewindError, SendError, StoreError},
    stored::StoredError,
};

/// Why a worker could not be started. Nothing has run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// No workflow is registered.
    #[error("the worker has no workflow: add `.register::<my_workflow>()` before `.start()`")]
    NoWorkflow,
    /// Two workflows have one name.
    #[error(
        "version {version} of workflow `{name}` is registered twice: remove one `.register`; or, if two workflows are called so, rename \
         one, or give it another name with `#[workflow(name = \"..\")]`; or, if one of them is to finish what the other one is not to \
         start any more, give the new one a version, `#[workflow(version = {next})]`",
        next = version.saturating_add(1)
    )]
    DuplicateWorkflow {
        /// The name.
        name: &'static str,
        /// The version.
        version: u32,
    },
    /// A loss is accepted of a workflow that is not registered.
    #[error(
        "`.accept_loss::<{called}>(..)` is about version {version} of workflow `{workflow}`, which this worker does not run: add \
         `.register::<{called}>()`, or remove it"
    )]
    LossOfUnregistered {
        /// The workflow.
        workflow: &'static str,
        /// Its version.
        version: u32,
        /// Its function.
        called: String,
    },
    /// A workflow saves a type that cannot be described.
    #[error(transparent)]
    Undescribed(#[from] UndescribedWorkflow),
    /// A workflow's output cannot be described, so it could not be read back.
    #[error("the output of workflow `{workflow}` could not be read back: {error}")]
    Output {
        /// The workflow.
        workflow: &'static str,
        /// What is wrong with the type.
        error: TraceError,
    },
    /// A workflow takes a resource that the worker was not given.
    #[error(transparent)]
    MissingResource(#[from] MissingResource),
    /// An option of the builder makes no sense.
    #[error("the worker's {option} is {found}: it must be {expected}")]
    Option {
        /// Which one.
        option: &'static str,
        /// What it is.
        found: String,
        /// What it may be.
        expected: &'static str,
    },
    /// It was started outside a tokio runtime.
    #[error(
        "a worker must be started inside a tokio runtime: call `.start()` from `#[tokio::main]` or a task"
    )]
    NoRuntime,
    /// The thread of the beat could not be started.
    #[error("the worker's beat thread could not be started: {0}")]
    Thread(#[source] std::io::Error),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a client could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The id cannot be one.
    #[error(transparent)]
    InvalidId(#[from] InvalidId),
    /// The workflow saves a type that cannot be described.
    #[error(transparent)]
    Undescribed(#[from] UndescribedWorkflow),
    /// The id is taken by another workflow, or by another input of the same one.
    #[error(
        "execution `{id}` exists already ({status}), as workflow `{existing}` with {}; asked for was workflow `{requested}`: \
         use another id, or `handle` to reach the one that is there",
        if existing == requested { "another input" } else { "an input of its own" }
    )]
    Conflict {
        /// The id.
        id: ExecutionId,
        /// The workflow that is there.
        existing: String,
        /// The workflow that was asked for.
        requested: &'static str,
        /// The status of what is there.
        status: Status,
    },
    /// No execution has this id.
    #[error("no execution `{0}`: start it first, or look at the id")]
    UnknownExecution(ExecutionId),
    /// The execution is of another workflow than the handle.
    #[error("execution `{id}` is of workflow `{found}`, not `{expected}`: ask for a handle of that one")]
    OtherWorkflow {
        /// The id.
        id: ExecutionId,
        /// What it is of.
        found: String,
        /// What the handle is of.
        expected: &'static str,
    },
    /// It has ended, so it has no state, and receives nothing.
    #[error("execution `{id}` has already ended ({status}): it has no state any more and receives nothing")]
    Ended {
        /// The id.
        id: ExecutionId,
        /// How.
        status: Status,
    },
    /// Too many events wait for it.
    #[error("execution `{id}` has {waiting} events waiting, which is the quota: they must be received first")]
    OverQuota {
        /// The id.
        id: ExecutionId,
        /// How many wait.
        waiting: u64,
    },
    /// The event's value cannot be sent.
    #[error("event `{name}` cannot be sent: {error}")]
    Event {
        /// The event's name.
        name: String,
        /// Why.
        #[source]
        error: EventError,
    },
    /// The snapshot was written by another build, and is nothing that this one can read.
    #[error(
        "execution `{id}` stands where another build saved it: {error}; read it with that build, or as JSON (`state_json`)"
    )]
    OtherBuild {
        /// The id.
        id: ExecutionId,
        /// What this build cannot read.
        #[source]
        error: Unreadable,
    },
    /// The state cannot be read.
    #[error("the state of execution `{id}` cannot be read: {error}")]
    State {
        /// The id.
        id: ExecutionId,
        /// Why.
        #[source]
        error: StateError,
    },
    /// The store failed on the way: some of what was to be redriven goes on again.
    #[error(
        "the store failed after {} executions were redriven: {error}; ask again for the others",
        done.redriven
    )]
    RedriveStopped {
        /// What was done before.
        done: Box<Redriven>,
        /// What happened.
        #[source]
        error: StoreError,
    },
    /// The stored snapshot is damaged.
    #[error("the state of execution `{id}` cannot be read: {error}")]
    Snapshot {
        /// The id.
        id: ExecutionId,
        /// Why.
        #[source]
        error: StoredError,
    },
    /// What is saved at an await point is not what the store's schema of it says.
    #[error(
        "what execution `{id}` has saved at await point `{point}` of workflow `{workflow}` cannot be decoded: {error}"
    )]
    Undecoded {
        /// The id.
        id: ExecutionId,
        /// The workflow.
        workflow: String,
        /// The await point.
        point: String,
        /// Why.
        error: String,
    },
    /// A name or schema is too long for a portable blob.
    #[error("execution `{id}` cannot be exported: {error}")]
    Export {
        /// The id.
        id: ExecutionId,
        /// Why.
        error: SnapshotError,
    },
    /// The execution failed without an output: a panic, or too many crashes. Its last snapshot is kept.
    #[error("execution `{id}` failed: {reason}; its last snapshot is kept, and it can be redriven")]
    Failed {
        /// The id.
        id: ExecutionId,
        /// Why.
        reason: String,
    },
    /// The execution was cancelled.
    #[error("execution `{id}` was cancelled")]
    Cancelled {
        /// The id.
        id: ExecutionId,
    },
    /// The execution was set aside: nothing is lost, and it goes on when it is redriven by a build that can.
    #[error("execution `{id}` was set aside: {reason}; its last snapshot and its events are kept")]
    SetAside {
        /// The id.
        id: ExecutionId,
        /// Why.
        reason: String,
    },
    /// Only what failed or was set aside can be redriven.
    #[error(transparent)]
    NotRedriven(RedriveError),
    /// Of all executions with this status, none can be redriven.
    #[error(
        "only executions that failed or were set aside can be redriven, and none that is {status}: ask for another status"
    )]
    CannotRedrive {
        /// What the filter asks for.
        status: Status,
    },
    /// It runs, or has moved on.
    #[error(transparent)]
    NotEdited(EditError),
    /// It runs, or what it was to be rewound to, or forked from, is not kept.
    #[error(transparent)]
    NotRewound(RewindError),
    /// The id of a fork is taken by what was not forked from there.
    #[error(
        "execution `{id}` exists already ({status}), and did not begin where execution `{from}` stood: use another id, or `handle` to reach \
         the one that is there"
    )]
    ForkConflict {
        /// The id.
        id: ExecutionId,
        /// What it was to be forked from.
        from: ExecutionId,
        /// The status of what is there.
        status: Status,
    },
    /// It stands inside a child workflow that runs inline.
    #[error(
        "execution `{id}` stands inside a child workflow: fork it from one of its kept snapshots, which `snapshots` lists, or when it is out"
    )]
    ForkInChild {
        /// The id.
        id: ExecutionId,
    },
    /// The JSON of an edit is not what the saved types allow. Nothing was written.
    #[error("execution `{id}` cannot be edited so: {}", listed(problems))]
    Edit {
        /// The id.
        id: ExecutionId,
        /// Everything that is wrong, by its place.
        problems: Vec<EditProblem>,
    },
    /// The output cannot be read as this workflow's.
    #[error("the output of execution `{id}` cannot be read: {}", unreadable(error))]
    Output {
        /// The id.
        id: ExecutionId,
        /// Why.
        #[source]
        error: EventError,
    },
    /// It has not ended, so there is no output yet.
    #[error("execution `{id}` has not ended ({status}), so it has no output yet: `result` waits for it")]
    Unfinished {
        /// The id.
        id: ExecutionId,
        /// What it is at.
        status: Status,
    },
    /// The store does not know what the output looks like: it is of a version that did not record that.
    #[error(
        "the store has no schema of the output of execution `{id}` (fingerprint {fingerprint}): read it with the workflow that returned it, \
         by `result`"
    )]
    UnknownShape {
        /// The id.
        id: ExecutionId,
        /// The fingerprint of the output's type.
        fingerprint: Fingerprint,
    },
    /// What is stored is compressed or encrypted, and that cannot be undone here; or what was to be stored cannot be encrypted.
    #[error("the {what} of execution `{id}` cannot be passed between program and store: {error}")]
    Payload {
        /// The id.
        id: ExecutionId,
        /// Which of its payloads: `snapshot`, `input`, `output`, or `event`.
        what: &'static str,
        /// Why.
        #[source]
        error: PayloadError,
    },
    /// The operating system gave no random bits.
    #[error("the operating system gave no random bits: {0}")]
    Randomness(String),
    /// The store could not do it.
    #[error(transparent)]
    Store(StoreError),
}

fn listed(problems: &[EditProblem]) -> String {
    problems.iter().map(EditProblem::to_string).collect::<Vec<_>>().join("; ")
}

/// An output is no event: nobody sent it.
fn unreadable(error: &EventError) -> String {
    match error {
        EventError::OtherType { sent, expected, type_name } => format!(
            "it was returned with another shape than `{type_name}` has in this build (fingerprint {sent}, expected {expected}): \
             read it with the build that ended the execution"
        ),
        EventError::OtherShape { type_name, reason, differences } => format!(
            "it was returned with another shape, from which no `{type_name}` can be made: {reason}{}; let the type read what its other \
             versions returned (`#[serde(default)]`, `#[serde(alias = \"..\")]`), read it with the build that ended the execution, or as \
             JSON (`output_json`)",
            differences_listed(differences)
        ),
        other => other.to_string(),
    }
}

impl ClientError {
    /// Trying again later may succeed: the store was busy, full or unreachable.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Store(error) | Self::RedriveStopped { error, .. } if error.is_transient())
    }
}

impl From<StoreError> for ClientError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::UnknownExecution(id) => Self::UnknownExecution(id),
            error => Self::Store(error),
        }
    }
}

impl From<RedriveError> for ClientError {
    fn from(error: RedriveError) -> Self {
        match error {
            RedriveError::UnknownExecution(id) => Self::UnknownExecution(id),
            RedriveError::Store(error) => error.into(),
            error => Self::NotRedriven(error),
        }
    }
}

impl From<SendError> for ClientError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::UnknownExecution(id) => Self::UnknownExecution(id),
            SendError::Finished { id, status } => Self::Ended { id, status },
            SendError::OverQuota { id, waiting } => Self::OverQuota { id, waiting },
            SendError::Store(error) => error.into(),
            other => Self::Store(StoreError::Encode { what: "an event".into(), reason: other.to_string() }),
        }
    }
}
