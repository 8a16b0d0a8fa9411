//! Durable steps per second on SQLite, as a ratio to an ideal loop in the same run.
//!
//! Both sides carry executions of ten trivial awaits over the same small state, to files of their own on the same disk, with
//! `synchronous=FULL`. Each repetition runs the ideal loop and then the real thing, so that a noisy moment of the machine meets
//! both. `cargo bench --bench steps`, or with `-- --quick` for a first look.

mod ideal;
mod options;
mod report;
mod worker;
mod workload;

use crate::{
    options::{Options, Side},
    report::{Pair, Table},
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
        let pairs = measure(options, case)?;
        met &= table.row(case, &pairs);
    }
    Ok(met)
}

fn measure(options: &Options, case: Case) -> Result<Vec<Pair>> {
    let mut pairs = Vec::with_capacity(options.repetitions);
    for _ in 0..options.repetitions {
        let ideal = if options.side == Side::Worker { Waves::new() } else { in_folder(options, case, ideal::run)? };
        let worker = if options.side == Side::Ideal { Waves::new() } else { in_folder(options, case, worker::run)? };
        pairs.push(Pair { ideal, worker });
    }
    Ok(pairs)
}

/// A new folder for each run: no run finds another's pages in its file.
fn in_folder(options: &Options, case: Case, side: fn(&std::path::Path, Case) -> Result<Waves>) -> Result<Waves> {
    let folder = TempDir::with_prefix_in("steps-", &options.folder)?;
    side(folder.path(), case)
}
