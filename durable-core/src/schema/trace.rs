//! Tracing: walking a type's `Deserialize` with made-up values until its whole shape was seen.
//!
//! Each round calls `T::deserialize` once on a [`walk::Walker`], which hands out samples and writes what is
//! asked of it into the [`arena::Arena`]. Enums show one variant per visit, so rounds go on, each steered to
//! the nearest unseen part, until nothing reachable is unseen. What a round learned is kept when it fails,
//! so a type that refuses a sample costs a round, not its shape. At the end [`build`] writes the graph out as
//! a [`Schema`].
//!
//! Serde gives types only their bare names. They are told apart by the type name of the visitor, which has
//! the type's path and generic arguments in it, together with the names of the fields or variants. If two
//! types still cannot be told apart, they show two shapes under one identity, and that is an error, never a
//! guess.

mod arena;
mod build;
mod fields;
mod plan;
pub(super) mod samples;
mod variants;
mod walk;

use serde::de::DeserializeOwned;

use super::Schema;
use crate::opaque::with_samples;
use arena::{Arena, ROOT};
use walk::{Fault, Walker};

/// Rounds before giving up. Every round but the last must learn something, so this is never met by a type
/// that stays within the limit of nodes and takes few samples.
const ROUNDS_MAX: usize = 1 << 16;

/// Why a type has no schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// Postcard cannot read the type back.
    #[error("`{path}` cannot be saved: {reason}")]
    Untraceable {
        /// From the traced type to the part at fault (`Order.lines[].extra`).
        path: String,
        /// Why, and what to do.
        reason: &'static str,
    },
    /// One part showed two shapes.
    #[error(
        "`{path}` has two shapes ({first}, then {second}): its `Deserialize` reads \
         different things depending on the data, or two types in it have the same path. Derive it, rename one of the \
         types, or save it as `durable::Opaque<_, 1>`"
    )]
    TwoShapes {
        /// The part.
        path: String,
        /// The shape seen first.
        first: String,
        /// The shape seen later.
        second: String,
    },
    /// A part refuses every sample, and what comes after it can only be seen behind an accepted one.
    #[error(
        "`{path}` cannot be traced: {reason}. Every sample was refused; make the type accept a plain value such as 0, \
         1 or \"\", move it into a struct with named fields, or save it as `durable::Opaque<_, 1>`"
    )]
    Refused {
        /// The part that stays unseen.
        path: String,
        /// What the type said to the last sample.
        reason: String,
    },
    /// Aliases hide which name belongs to which field or variant.
    #[error("`{path}` has aliases, and its names could not be matched to its parts; remove the aliases")]
    Aliases {
        /// The struct or enum.
        path: String,
    },
    /// Nested too deep.
    #[error("`{path}` nests deeper than {max} levels; flatten the type")]
    TooDeep {
        /// Where the limit was met.
        path: String,
        /// The limit.
        max: usize,
    },
    /// Too many parts.
    #[error("`{path}` has more than {max} parts; split the type, or save large arrays as `Vec`")]
    TooLarge {
        /// Where the limit was met.
        path: String,
        /// The limit.
        max: usize,
    },
}

/// The schema of `T`, as postcard writes it.
pub fn trace<T: DeserializeOwned>() -> Result<Schema, TraceError> {
    trace_with(std::any::type_name::<T>(), &|walker| T::deserialize(walker).map(drop))
}

/// The rounds, apart from the type: users' crates are to compile little for each of theirs.
fn trace_with(
    type_name: &'static str,
    deserialize: &dyn Fn(Walker<'_>) -> Result<(), Fault>,
) -> Result<Schema, TraceError> {
    let mut arena = Arena::new(type_name);
    for _ in 0..ROUNDS_MAX {
        arena.begin_round();
        if arena.is_explored() {
            break;
        }
        let before = arena.learned;
        let result = arena.enter(ROOT);
        let result =
            result.and_then(|()| with_samples(|| deserialize(Walker { arena: &mut arena, slot: ROOT })));
        if let Err(Fault::Custom(message) | Fault::Type(message)) = result {
            arena.blame(ROOT, message);
        }
        if let Some(error) = arena.fatal.take() {
            return Err(error);
        }
        if arena.learned == before {
            // Nothing was learned: what is still unseen cannot be reached. `build` names it.
            break;
        }
    }
    build::schema(&arena)
}
