//! Whole-system tests: programs under `#[workflow]`, run plainly and with a crash at every await.

mod bad_input;
mod evolution;
mod expansion;
mod main_job;
mod packed;
mod programs;
mod ui;
