//! Durable execution as a compiler: ordinary `async` functions that survive crashes, deploys and years of waiting.

pub use durable_core::{
    Arrived, Attempt, Awaitable, Child, Description, Durable, Event, ExecutionId, Fingerprint, Host, Inferred, Input, Interrupted,
    Jitter, MissingResource, Moved, NoClock, Point, Resources, Retry, Run, RunError, Schema, Sleep, State, StateError, Status,
    Step, StepFailure, StepPolicy, Store, UndescribedWorkflow, Wait, Workflow, attempt, describe, event, sleep,
};
pub use durable_core::{event as events, memory, schema, snapshot, store};
pub use durable_macros::{step, workflow};
pub use durable_runtime::{Client, ClientError, Handle, StartError, StartOptions, Stats, Worker, WorkerBuilder};
#[cfg(feature = "sqlite")]
pub use durable_sqlite::SqliteStore;

#[doc(hidden)]
pub use durable_core::private;
