//! The machine of `durable`: states, snapshots, schemas, awaitables and the [`Store`] trait.
//!
//! No I/O, no clock, no randomness, no runtime. A driver polls a [`Machine`](machine::Machine) and carries out what it asks
//! for; `durable-runtime` is one such driver, [`Run`] another.

pub mod awaitable;
pub mod context;
pub mod cursor;
pub mod event;
pub mod inclusive_range;
pub mod machine;
pub mod memory;
pub mod plain_run;
#[doc(hidden)]
pub mod probe;
pub mod schema;
pub mod snapshot;
pub mod store;
pub mod stored;

mod attempt;
mod child;
mod durable;
mod frame;
mod graph;
mod host;
mod input;
mod migration;
mod named;
mod opaque;
mod resources;
mod run;
mod saved_type;
mod sleep;
mod sound;
mod state;
mod step;
mod upgrade;
mod workflow;

pub use attempt::{Attempt, attempt, idempotency_key};
pub use awaitable::{Awaitable, Wait};
pub use child::Child;
#[doc(hidden)]
pub use context::Context;
pub use cursor::{LoopPlace, Remaining};
pub use durable::Durable;
#[doc(hidden)]
pub use durable::{SavedFields, Saver, Witness, Witnesses};
pub use event::{Event, event};
pub use graph::Graph;
pub use host::{Host, NoClock};
pub use input::Input;
pub use named::Named;
pub use opaque::Opaque;
pub use resources::{MissingResource, Resources};
pub use run::{Arrived, Moved, Run, RunError, read_state};
pub use schema::{Fingerprint, PointSchema, Schema};
pub use sleep::{Sleep, sleep};
pub use state::{Inferred, StateError};
pub use step::{Interrupted, Jitter, Retry, Step, StepFailure, StepPolicy};
pub use store::{ExecutionId, Status, Store};
pub use upgrade::{Reads, Unreadable};
#[doc(hidden)]
pub use workflow::Registration;
pub use workflow::{Description, Point, State, UndescribedWorkflow, Workflow, Workflows, describe};

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What generated code names. No promise of stability.
#[doc(hidden)]
pub mod private {
    pub use crate::{
        BoxFuture,
        awaitable::{At, Await, InMemory, Plain},
        context::{Context, Resume},
        cursor::{
            Again, Eager, Indexed, IndexedMut, IntoCursor, advance, again, into_cursor, item, item_mut,
        },
        durable::{
            Holds, Moved, SavedState, Saver, Spares, Traced, Witness, save, stays_whole, witness,
            witness_of_parameter, witness_of_place,
        },
        frame::{AnySlot, Frame, Slot, Slots, boxed, no_slot},
        migration::{Encoded, Migration, encode_variant, migration},
        named::{Joined, NamePart, NameParts},
        probe::{
            ErrorDebug, ErrorFallback, ErrorSilent, ErrorText, FromFailure, FromInterrupted, NoClone,
            NoFailure, Probe, TryClone, from_interrupted,
        },
        saved_type::SavedType,
        sound::{Output, argument, given, sound},
        state::{FieldReader, InferredField, show_variant},
        step::{Attempts, Body, Repeat, StepHooks},
        workflow::{Describe, Entry, Mode},
    };

    // Generated code stands among the user's items, where these may be something else.
    pub use std::option::Option::{None, Some};

    /// `Self`, with mention of other types: how a state enum names a parameter that only the bounds of another one use.
    pub trait Mentions<Others> {
        /// The type itself.
        type Itself;
    }

    impl<T, Others> Mentions<Others> for T {
        type Itself = T;
    }
}
