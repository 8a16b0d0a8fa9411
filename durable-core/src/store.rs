//! The [`Store`] trait: where executions live, and the words in which a worker and a store talk.
//!
//! Every operation is one clause (or a few) of `docs/protocol.md`; the clause is named beside it. A store is done
//! when `durable_test::store_conformance` passes against it.
//!
//! All times are the store's own clock, in milliseconds since the Unix epoch ([`Millis`]). A commit carries durations
//! and the store adds its clock as the statement runs (W1), so a worker's clock never decides when a timer fires.

mod claim;
mod commit;
mod control;
mod edit;
mod ending;
mod error;
mod execution;
mod fork;
mod kept;
mod large;
mod local;
mod start;

pub use claim::{ClaimRequest, Claimed, ClaimedFrame, Claims, Delivery, Release};
pub use commit::{Commit, CommitError, Committed, FrameWrite, Next, Park};
pub use control::{BuildId, Reconsider, RedriveError};
pub use edit::{EditError, EditRequest};
pub use ending::{Ending, Teller, ending};
pub use error::StoreError;
pub use execution::{
    Control, ExecutionId, ExecutionRecord, Filter, FrameRecord, HistoryEntry, HistoryKind, InvalidId,
    Outcome, Status,
};
pub use fork::ForkRequest;
pub use kept::{Kept, RewindError, RewindRequest};
pub use large::{ContentId, FoundFields, LargeField};
pub use local::{Admission, Local};
pub use start::{SendError, SendRequest, Sent, StartRequest, Started};

use crate::{BoxFuture, Fingerprint, PointSchema, Schema};
use std::{sync::Arc, time::Duration};

/// Milliseconds since the Unix epoch, by the store's clock.
pub type Millis = u64;

/// The store's own number of an execution: short, ordered, never reused.
pub type Row = i64;

/// The store's number of a queue: one workflow name with one workflow fingerprint.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct QueueId(pub u32);

/// The store's number of a schema row: one await point of one workflow with one point fingerprint.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SchemaId(pub u32);

/// The store's number of a worker that has joined.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct WorkerId(pub i64);

/// What a worker or client tells the store about a workflow before it writes the first snapshot of it.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The workflow's name, as in `Workflow::NAME`.
    pub workflow: String,
    /// Which of the workflows of that name, as in `Workflow::VERSION`.
    pub version: u32,
    /// The fingerprint over all its await points, and the version.
    pub fingerprint: Fingerprint,
    /// Its await points, in the order of the source; the first is `Start`.
    pub points: Vec<PointSchema>,
}

/// The store's numbers for a [`Registration`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The queue of this workflow and fingerprint.
    pub queue: QueueId,
    /// One schema row for each await point, in the order given.
    pub schemas: Vec<SchemaId>,
}

/// One schema row, read back.
#[derive(Clone, Debug)]
pub struct SchemaRow {
    /// Name of the workflow.
    pub workflow: String,
    /// The await point with its fields.
    pub point: PointSchema,
}

/// One shape of a workflow that was ever registered.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its queue. Later ones have larger numbers.
    pub queue: QueueId,
    /// Which of the workflows of that name, as in `Workflow::VERSION`.
    pub version: u32,
    /// The fingerprint over all its await points.
    pub fingerprint: Fingerprint,
    /// Its await points, with their schema rows.
    pub points: Vec<(SchemaId, PointSchema)>,
}

/// A worker's membership: what it said of itself, and what the store found out about others on a beat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beat {
    /// Executions of dead workers that became claimable with this beat (K3).
    pub taken_over: u64,
}

/// Where executions live.
///
/// A store is a cheap handle (`Clone`), shared by any number of workers and clients. Every method is atomic and, when it
/// returns `Ok`, durable. Methods that take a `Vec` are groups: one transaction where the store can do so (G1, G2), and a
/// failure of one member never spoils another.
pub trait Store: Send + Sync + 'static {
    /// A short name for messages: the file, or the host and database.
    fn describe(&self) -> String;

    /// What the workers and clients of this process share through this store: wake-ups without polling (G4).
    fn local(&self) -> &Local;

    /// The store's clock now.
    fn now(&self) -> BoxFuture<'_, Result<Millis, StoreError>>;

    /// Insert-or-compare (Versions): the numbers of a workflow's queue and schema rows. Other content under the same
    /// fingerprint is [`StoreError::SchemaConflict`].
    fn register(&self, registration: Registration) -> BoxFuture<'_, Result<Registered, StoreError>>;

    /// A schema row by its number; `None` if there is none.
    fn schema(&self, schema: SchemaId) -> BoxFuture<'_, Result<Option<SchemaRow>, StoreError>>;

    /// Insert-or-compare (E5): keeps the schemas of types whose values are sent or returned, each under its fingerprint. They are never
    /// collected. One that is kept under its fingerprint already writes nothing.
    fn record_shapes(&self, shapes: Vec<Arc<Schema>>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// A schema that [`Store::record_shapes`] has kept, by its fingerprint; `None` if there is none.
    fn shape(&self, fingerprint: Fingerprint) -> BoxFuture<'_, Result<Option<Schema>, StoreError>>;

    /// All versions of a workflow, the oldest first; none if there is no such workflow.
    fn versions(&self, workflow: &str) -> BoxFuture<'_, Result<Vec<Version>, StoreError>>;

    /// How many executions of a workflow have not ended, set aside or not, by queue; queues without any are left out. Looks at all executions.
    fn unfinished(&self, workflow: &str) -> BoxFuture<'_, Result<Vec<(QueueId, u64)>, StoreError>>;

    /// Joins as a worker and takes its liveness lock (K3). `name` is for people. What it sets aside is set aside by this build.
    fn join_as(&self, name: &str, build: &BuildId) -> BoxFuture<'_, Result<WorkerId, StoreError>>;

    /// Joins as a worker of the build without a name.
    fn join(&self, name: &str) -> BoxFuture<'_, Result<WorkerId, StoreError>> {
        self.join_as(name, &BuildId::default())
    }

    /// Leaves cleanly. What the worker still owns becomes claimable at once and counts no crash.
    fn leave(&self, worker: WorkerId) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Beats (K3, K4), and makes claimable what dead workers own: those whose lock is free, or whose beat stood still for
    /// `lease` by this process's monotonic clock. [`StoreError::WorkerLost`] if this worker itself was given up meanwhile.
    fn beat(&self, worker: WorkerId, lease: Duration) -> BoxFuture<'_, Result<Beat, StoreError>>;

    /// Starts an execution at epoch 0, idempotently by id (guarantee 5, E5).
    fn start(&self, request: StartRequest) -> BoxFuture<'_, Result<Started, StoreError>>;

    /// Starts a group of executions: one answer for each member, in order. A store that has a transaction to share overrides it.
    fn start_group(&self, group: Vec<StartRequest>) -> BoxFuture<'_, Vec<Result<Started, StoreError>>> {
        Box::pin(async move {
            let mut answers = Vec::with_capacity(group.len());
            for request in group {
                answers.push(self.start(request).await);
            }
            answers
        })
    }

    /// Claims what is due (K1, A1, A2): owner set, fence + 1, wake null; the epoch is left alone.
    fn claim(&self, request: ClaimRequest) -> BoxFuture<'_, Result<Claims, StoreError>>;

    /// Gives claimed executions back cleanly: owner null, due at once (or at the frame's deadline), no crash counted.
    /// A release whose fence is stale is ignored.
    fn release(&self, group: Vec<Release>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Commits a group (C1 to C5, G1, G2): one answer for each member, in order. A member that is `Fenced` wrote nothing.
    fn commit(&self, group: Vec<Commit>) -> BoxFuture<'_, Vec<Result<Committed, CommitError>>>;

    /// Sends an event (E1, E4). Acknowledged means durable.
    fn send(&self, request: SendRequest) -> BoxFuture<'_, Result<Sent, SendError>>;

    /// Asks for cancellation (X1). `Ok(false)`: the execution had finished already. The status becomes
    /// [`Status::Cancelled`] when a worker has carried it out. [`StoreError::UnknownExecution`] if there is none.
    fn cancel(&self, id: &ExecutionId) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Lets executions that failed or were set aside go on from their last committed await point (X4): due at once, for any
    /// build, with the counts of crashes and failed attempts at 0. A retry that was due later is due now; deadlines of timers stand,
    /// as do events that wait. A request that came too late for a failed one is forgotten. Epoch + 1, fence + 1. History keeps the
    /// end that was none.
    ///
    /// One answer for each member, in order; an `Err` for the whole group if nothing was written. Callers keep groups at 500 members
    /// or fewer (G5).
    fn redrive(
        &self,
        group: Vec<ExecutionId>,
    ) -> BoxFuture<'_, Result<Vec<Result<(), RedriveError>>, StoreError>>;

    /// Replaces what an execution has saved (X3), if it stands at the epoch given and no worker runs it: epoch, fence and run + 1. All
    /// else stays as it is: what waits goes on waiting, what failed has failed until it is redriven. An unknown frame is
    /// [`EditError::Moved`].
    fn edit(&self, request: EditRequest) -> BoxFuture<'_, Result<(), EditError>>;

    /// The kept snapshots of an execution, the oldest first, also of one that has ended. [`StoreError::UnknownExecution`] if there is
    /// none.
    fn kept(&self, id: &ExecutionId) -> BoxFuture<'_, Result<Vec<Kept>, StoreError>>;

    /// Sends an execution back to a kept snapshot (X3), if no worker runs it and it has not succeeded or been cancelled: all frames but
    /// the root go, and the root stands as the snapshot was kept, byte for byte, with its schema row, visit, deadline and event, in
    /// the queue of then. The counts of crashes and failed attempts are 0; epoch, fence and run + 1; due at once, for any build. Events
    /// that wait stay, and those that were consumed since do not come back. A request that came too late for a failed one is
    /// forgotten, any other stands. Snapshots that were kept later stay kept. History keeps an end that was none.
    fn rewind(&self, request: RewindRequest) -> BoxFuture<'_, Result<(), RewindError>>;

    /// Starts an execution as [`Store::start`] does, idempotently by its id, at epoch 0 and due at once, but with its root at the visit,
    /// deadline and event given (F3). What it comes from stays as it is, whatever it does; history of both has the fork.
    /// [`StoreError::UnknownExecution`] if there is nothing of that id to come from.
    fn fork(&self, request: ForkRequest) -> BoxFuture<'_, Result<Started, StoreError>>;

    /// Lets executions that other builds have set aside be tried again, as if they were redriven, and says how many (Versions).
    /// Workers of the build that set one aside do not claim it, unless it is to be cancelled; with the claim of another it is like
    /// any other. What the store itself set aside, and what waits to be cancelled, stays. [`StoreError::WorkerLost`] if this worker
    /// was given up.
    fn reconsider(&self, request: Reconsider) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// An execution as it stands, with its frames; `None` if there is none.
    fn execution(&self, id: &ExecutionId) -> BoxFuture<'_, Result<Option<ExecutionRecord>, StoreError>>;

    /// Large fields of an execution, by address: one answer for each, in order; `None` if it is not there, as when no snapshot refers
    /// to it any more (S1).
    fn large_fields(
        &self,
        row: Row,
        contents: Vec<ContentId>,
    ) -> BoxFuture<'_, Result<FoundFields, StoreError>>;

    /// How an execution ended; `None` while it has not. [`StoreError::UnknownExecution`] if there is none.
    fn outcome(&self, id: &ExecutionId) -> BoxFuture<'_, Result<Option<Outcome>, StoreError>>;

    /// Executions by filter, ordered by id.
    fn list(&self, filter: Filter) -> BoxFuture<'_, Result<Vec<ExecutionRecord>, StoreError>>;

    /// The ids of what [`Store::list`] gives.
    fn list_ids(&self, filter: Filter) -> BoxFuture<'_, Result<Vec<ExecutionId>, StoreError>>;

    /// Life-cycle history of an execution (G6), oldest first.
    fn history(&self, id: &ExecutionId) -> BoxFuture<'_, Result<Vec<HistoryEntry>, StoreError>>;
}
