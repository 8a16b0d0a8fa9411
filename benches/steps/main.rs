//! Durable steps per second on SQLite, as a ratio to an ideal loop in the same run.
//!
//! Both sides carry executions of ten trivial awaits over the same small state, to files of their own on the same disk, with
//! `synchronous=FULL`. Each repetition runs the ideal loop, the bare store and the real thing in turn, so that a noisy moment of
//! the machine meets all. `cargo bench --bench steps`, or with `-- --quick` for a first look.

mod ideal;
mod options;
#[path = "../order.rs"]
mod order;
mod report;
mod store;
mod worker;
mod workload;

use crate::{
    options::{Options, Side},
    report::{Repetition, Table},
};
use std::{error::Error, process::ExitCode, time::Duration};
use tempfile::TempDir;

/// What every part of the benchmark may fail with; it ends the benchmark, in words.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// One case: so many executions at once, again and again.
#[derive(Clone, Copy, Debug)]
struct Case {
    /// Executions in flight at once.
    concurrent: usize,
    /// How many times in a row, in the same file. Short cases need several to be measurable.
    waves: usize,
}

/// The time each wave took.
type Waves = Vec<Duration>;

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}\n\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) if !options.check => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the benchmark could not be carried out: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures all cases. Whether every target was met.
fn run(options: &Options) -> Result<bool> {
    if cfg!(debug_assertions) {
        eprintln!("built without optimisation: the numbers mean nothing (use `cargo bench`)");
    }
    workload::check()?;
    let table = Table::begin(options);
    let mut met = true;
    for case in options.cases() {
        let repetitions = measure(options, case)?;
        met &= table.row(case, &repetitions);
    }
    Ok(met)
}

fn measure(options: &Options, case: Case) -> Result<Vec<Repetition>> {
    let mut repetitions = Vec::with_capacity(options.repetitions);
    for _ in 0..options.repetitions {
        let mut repetition = Repetition::default();
        for (side, waves) in Side::ALL.into_iter().zip(&mut repetition.waves) {
            if options.sides.contains(&side) {
                // A new folder for each run: no run finds another's pages in its file.
                let folder = TempDir::with_prefix_in("steps-", &options.folder)?;
                *waves = match side {
                    Side::Ideal => ideal::run(folder.path(), case)?,
                    Side::Store => store::run(folder.path(), case)?,
                    Side::Worker => worker::run(folder.path(), case)?,
                };
            }
        }
        repetitions.push(repetition);
    }
    Ok(repetitions)
}
