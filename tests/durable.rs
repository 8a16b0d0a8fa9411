//! Whole-system tests: programs under `#[workflow]`, run plainly and with a crash at every await.

mod programs;
mod ui;
