//! Programs.

mod order;
