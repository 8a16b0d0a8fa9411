//! Crash injection, virtual time, expansion snapshots and the store conformance suite of `durable`.

pub mod conformance;

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
pub use virtual_clock::VirtualClock;
