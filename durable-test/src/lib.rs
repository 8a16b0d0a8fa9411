//! Crash injection, virtual time, expansion snapshots, lock files and the store conformance suite of `durable`.

// Generated code names the facade, whose root is durable-core's.
#[cfg(test)]
extern crate durable_core as durable;

pub mod conformance;
pub mod lock;

mod crash_test;
mod effects;
mod error;
mod expanded;
mod virtual_clock;

pub use conformance::store_conformance;
pub use crash_test::{CrashTest, Difference, Report};
pub use effects::{Effect, EffectLog};
pub use error::Error;
pub use expanded::{
    expanded, expanded_graph, expanded_state, try_expanded, try_expanded_graph, try_expanded_state,
};
pub use lock::{assert_compatible, check_compatible, recorded_state};
pub use virtual_clock::VirtualClock;
