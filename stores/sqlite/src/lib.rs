//! The SQLite store of `durable`: one file, one writer thread, many commits in one transaction.
//!
//! ```no_run
//! # async fn f() -> Result<(), durable_core::store::StoreError> {
//! let store = durable_sqlite::SqliteStore::open("orders.db").await?;
//! # Ok(()) }
//! ```
//!
//! # Where things are
//!
//! | to find | look in |
//! |---|---|
//! | why a file does not open | `open.rs`, `migrate.rs` |
//! | tables and indexes | `schema.sql` |
//! | how writes are queued, grouped, retried one by one | `queue.rs`, `batch.rs`, `group.rs`, `writer.rs` |
//! | what a commit writes, and why it was fenced | `commit.rs` |
//! | who gets what on a claim | `claim.rs`, `release.rs` |
//! | starts, events, registration | `start.rs`, `events.rs`, `register.rs` |
//! | what the types of events and outputs look like | `shapes.sql`, `shapes.rs` |
//! | requests, and what goes on after it had stopped | `control.rs` |
//! | edits of what has been saved | `edit.rs` |
//! | kept snapshots, rewinds to them, forks | `kept.sql`, `kept.rs`, `fork.rs` |
//! | large fields, apart from the snapshots | `large.sql`, `large.rs` |
//! | dead workers | `workers.rs`, `lock.rs`, `keeper.rs` |
//! | how the log grows | `log.rs` |
//! | I/O errors and unknown outcomes | `error.rs`, `recover.rs` |
//! | writes of other processes | `watch.rs` |
//! | reads | `readers.rs`, `read.rs`, `frames.rs`, `history.rs` |
//!
//! # Threads
//!
//! A *writer* owns the write connection and takes all that is queued as one transaction (G1). A *keeper* beats for the
//! workers on a connection of its own (K3). Two *readers* serve reads, each call one short transaction (G5). All four end
//! with the last handle.

mod batch;
mod builder;
mod claim;
mod clock;
mod columns;
mod commit;
mod control;
mod edit;
mod error;
mod events;
#[cfg(test)]
mod fault_tests;
mod fork;
mod frames;
mod group;
mod history;
mod keeper;
mod kept;
mod large;
mod lock;
mod log;
mod migrate;
mod open;
mod queue;
mod read;
mod readers;
mod recover;
mod register;
mod release;
mod shapes;
mod shared;
mod start;
mod store;
mod threads;
mod watch;
mod workers;
mod writer;

pub use builder::{Builder, Synchronous};
pub use clock::SystemClock;
pub use store::SqliteStore;
