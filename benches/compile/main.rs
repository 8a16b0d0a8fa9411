//! What `#[workflow]` costs to compile, as a ratio to the same function as plain `async fn`, in the same run.
//!
//! Generated functions of up to 300 awaits with 20 locals, in several shapes, are a package of their own whose dependencies are
//! built already. Each is built as a workflow and as a plain function in turn, by `cargo check` and in release, and what counts is
//! the processor time of these commands. `cargo bench --bench compile`, or with `-- --quick` for a first look.

mod options;
mod project;
mod report;
mod shape;

use crate::{
    options::{Options, USAGE},
    project::{Build, Project},
    report::{Cell, Table},
    shape::{LOCALS, Program, Side},
};
use std::{error::Error, process::ExitCode};

/// What every part of the benchmark may fail with; it ends the benchmark, in words.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}\n\n{USAGE}");
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

/// Measures all shapes and sizes. Whether every target was met.
fn run(options: &Options) -> Result<bool> {
    let project = Project::new(&options.folder)?;
    for build in [Build::Check, Build::Release] {
        eprintln!("building what the functions depend on ({})", build.name());
        project.build(build, shape::NOTHING)?;
    }
    let empty = [
        best(options, || project.build(Build::Check, shape::NOTHING))?,
        best(options, || project.build(Build::Release, shape::NOTHING))?,
    ];
    let mut table = Table::begin(empty);
    let mut met = true;
    for shape in options.shapes() {
        table.shape(shape);
        for awaits in options.sizes() {
            let programs = Side::ALL.map(|side| Program { shape, awaits, side });
            let mut cell = Cell { awaits, ..Cell::default() };
            for (seconds, build) in cell.seconds.iter_mut().zip([Build::Check, Build::Release]) {
                for (seconds, program) in seconds.iter_mut().zip(programs) {
                    *seconds = best(options, || project.build(build, &program.source()))?;
                }
            }
            cell.bytes =
                project.future_bytes(programs.map(Program::source).each_ref().map(String::as_str))?;
            met &= table.row(cell);
        }
    }
    println!("\n{LOCALS} locals; seconds of processor time, the best of {}", options.repetitions);
    Ok(met)
}

/// The least time of some builds: what others do on the machine only adds to it.
fn best(options: &Options, build: impl Fn() -> Result<f64>) -> Result<f64> {
    let mut best = build()?;
    // What takes long varies little in proportion.
    let repetitions = if best > 10.0 { 1 } else { options.repetitions };
    for _ in 1..repetitions {
        best = best.min(build()?);
    }
    Ok(best)
}
