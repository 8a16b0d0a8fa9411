//! Worker and client of `durable`, on tokio.
//!
//! A [`Worker`] claims executions from a store, drives them, and commits every transition; a [`Client`]
//! starts executions and talks to them. The protocol between them is the [`Store`](durable_core::Store) trait.
//!
//! | to find | look in |
//! |---|---|
//! | what a worker may be told, and what is refused at its start | `builder.rs`, `error.rs` |
//! | how an execution is driven, parks, retries, ends | `execution.rs`; a retry delay that is cut: `execution/delay.rs` |
//! | from a stored row to a running machine | `restore.rs` |
//! | who commits, in which groups | `shard.rs`, `seat.rs` |
//! | when and how much is claimed, crash limits | `claim_loop.rs`, `places.rs` |
//! | liveness, takeover, dropping everything | `beat.rs` |
//! | a store that is full or out of reach, or panics | `trouble.rs`, `guarded.rs` |
//! | shutdown | `worker.rs` |
//! | starts, conflicts | `client.rs`, `start.rs`, `same_input.rs` |
//! | events, state, result | `handle.rs` |
//! | compression, encryption | `payload.rs`; an execution whose key is missing: `elsewhere.rs` |
//! | executions that other builds saved, older and newer | `versions.rs`; what may be lost of newer ones: `losses.rs`; inside of children: `children.rs` |
//! | which build this is, what other builds have set aside | `build.rs` |
//! | executions that have stopped and shall go on | `redrive.rs` |
//! | kept snapshots, rewinds to them, forks | `rewind.rs`, `fork.rs` |
//! | events and outputs of other versions | `shapes.rs`; where they are read: `execution/errand.rs`, `handle.rs` |
//! | a state as JSON, without the program; an output | `saved.rs`; `output.rs` |
//! | an edit of it | `edit.rs`, `edit/from_json.rs` |

mod beat;
mod build;
mod builder;
mod children;
mod claim_loop;
mod client;
mod edit;
mod error;
mod execution;
mod fork;
mod guarded;
mod handle;
mod host;
mod losses;
mod output;
mod payload;
mod places;
mod redrive;
mod registry;
mod restore;
mod rewind;
mod same_input;
mod saved;
mod schemas;
mod seat;
mod shapes;
mod shard;
mod shared;
mod start;
mod stats;
mod trouble;
mod versions;
mod worker;

pub use builder::WorkerBuilder;
pub use client::{Client, IntoExecutionId, StartOptions, VersionCount};
pub use edit::EditProblem;
pub use error::{ClientError, StartError};
pub use handle::Handle;
pub use payload::{KeyId, PayloadError};
#[cfg(feature = "encryption")]
pub use payload::{KeyIdTaken, Keys};
pub use redrive::Redriven;
pub use rewind::KeptSnapshot;
pub use stats::Stats;
pub use versions::NeedsMigration;
pub use worker::Worker;
