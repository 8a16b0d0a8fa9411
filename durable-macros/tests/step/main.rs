//! `#[step]` functions at work.

mod machine;
mod plain;
