//! The compiler behind `#[durable::workflow]` and `#[durable::step]`, as an ordinary library.

pub mod diagnostic;
pub mod step;
