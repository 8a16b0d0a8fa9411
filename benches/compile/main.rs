//! What `#[workflow]` costs to compile, as a ratio to the same function as plain `async fn`, in the same run.
//!
//! Generated functions of up to 300 awaits with 20 locals, in several shapes, are a package of their own whose dependencies are
//! built already. Each is built as a workflow and as a plain function in turn, by `cargo check` and in release, and what counts is
//! how long these commands take, the best of several; processor time is told beside it, for a machine that is busy. `cargo bench --bench compile`, or with `-- --quick` for a first look.

mod options;
mod project;
mod report;
mod shape;

use crate::{
    options::{Options, USAGE},
    project::{Build, Project, Seconds},
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
    let [check, _] = measure(options, &project, Build::Check, [shape::NOTHING; 2])?;
    let [release, _] = measure(options, &project, Build::Release, [shape::NOTHING; 2])?;
    let mut table = Table::begin(check, release);
    let mut met = true;
    for shape in options.shapes() {
        table.shape(shape);
        for awaits in options.sizes(shape) {
            let programs = Side::ALL.map(|side| Program { shape, awaits, side });
            let sources = programs.map(Program::source);
            let sources = sources.each_ref().map(String::as_str);
            let seconds = [
                measure(options, &project, Build::Check, sources)?,
                measure(options, &project, Build::Release, sources)?,
            ];
            let bytes = project.future_bytes(sources)?;
            met &= table.row(Cell { awaits, seconds, bytes });
        }
    }
    println!(
        "\n{LOCALS} locals; seconds, the best of {}; behind a row the ratios of processor time",
        options.repetitions
    );
    Ok(met)
}

/// The least time of each source, built in turn again and again: what others do on the machine only adds to it, and meets all.
fn measure(options: &Options, project: &Project, build: Build, sources: [&str; 2]) -> Result<[Seconds; 2]> {
    let mut least = [Seconds::MOST; 2];
    for _ in 0..options.repetitions {
        for (least, source) in least.iter_mut().zip(sources) {
            *least = least.min(project.build(build, source)?);
        }
        // What takes long varies little in proportion.
        if least.iter().any(|seconds| seconds.waited > LONG_SECONDS) {
            break;
        }
    }
    Ok(least)
}

/// A build that is not repeated.
const LONG_SECONDS: f64 = 10.0;
