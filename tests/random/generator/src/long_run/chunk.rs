//! One chunk: programs in one crate, compiled and run. What fails is told from the others and left out, until the rest passes.

use super::{
    built::Built,
    limited::{Ended, run_limited},
};
use durable_random_generator::refusal;
use std::{
    collections::BTreeMap,
    fmt::Write,
    fs, io,
    panic::catch_unwind,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// After which a process is stopped.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// rustc.
    pub(super) compile: Duration,
    /// The programs of a chunk, together.
    pub(super) run: Duration,
}

/// What became of programs.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Outcome {
    pub(super) passed: usize,
    /// How many were refused with each code.
    pub(super) refused: BTreeMap<String, usize>,
    pub(super) failed: BTreeMap<u64, Failure>,
    pub(super) seconds: f32,
}

impl Outcome {
    pub(super) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        for (code, count) in other.refused {
            *self.refused.entry(code).or_default() += count;
        }
        self.failed.extend(other.failed);
        self.seconds += other.seconds;
    }
}

/// A program that failed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Failure {
    pub(super) how: How,
    pub(super) program: String,
    /// What was said of it.
    pub(super) said: String,
}

/// How a program failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// The workflow compiler panics, or finds a mistake of its own.
    OurBug,
    /// rustc refuses it, or does not come to an end.
    NotCompiled,
    /// A run differs from the plain one.
    Differs,
    /// It panics.
    Panics,
    /// It does not come to an end.
    Hangs,
}

impl How {
    pub(super) const ALL: [Self; 5] =
        [Self::OurBug, Self::NotCompiled, Self::Differs, Self::Panics, Self::Hangs];

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::OurBug => "is a bug of the compiler",
            Self::NotCompiled => "does not compile",
            Self::Differs => "differs",
            Self::Panics => "panics",
            Self::Hangs => "hangs",
        }
    }
}

/// Compiles and runs programs, each with its seed. Files are made in `dir`.
pub(super) fn run_chunk(
    built: &Built,
    dir: &Path,
    programs: Vec<(u64, String)>,
    limits: Limits,
) -> io::Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut accepted = Vec::new();
    for (seed, program) in programs {
        let refusal = catch_unwind(|| refusal(&program));
        let bug = match refusal {
            Ok(None) => {
                accepted.push((seed, program));
                continue;
            }
            Ok(Some(refusal)) if !refusal.is_our_bug() => {
                *outcome.refused.entry(refusal.code).or_default() += 1;
                continue;
            }
            Ok(Some(refusal)) => refusal.message,
            Err(_) => "the compiler panics".to_owned(),
        };
        outcome.failed.insert(seed, Failure { how: How::OurBug, program, said: bug });
    }
    let Some((first, _)) = accepted.first() else { return Ok(outcome) };
    let chunk = Chunk { built, file: dir.join(format!("chunk-{first}")), limits };
    chunk.run(accepted, &mut outcome)?;
    chunk.clean()?;
    Ok(outcome)
}

struct Chunk<'a> {
    built: &'a Built,
    /// Without its extension: the source, and what is made of it.
    file: PathBuf,
    limits: Limits,
}

impl Chunk<'_> {
    fn run(&self, mut programs: Vec<(u64, String)>, outcome: &mut Outcome) -> io::Result<()> {
        while !programs.is_empty() {
            let (source, lines) = source(&programs);
            let file = self.file.with_extension("rs");
            fs::write(&file, source)?;
            let mut rustc = self.built.rustc();
            rustc.arg("-o").arg(self.file.with_extension("bin")).arg(&file);
            let ended = run_limited(&mut rustc, &self.file, self.limits.compile)?;
            if ended.succeeded {
                return self.execute(&programs, outcome);
            }
            let mut bad = refused_by_rustc(&ended.stderr, &lines);
            if bad.is_empty() || ended.hung {
                bad.clear();
                // Nobody can be told from the others by what rustc says.
                if programs.len() > 1 {
                    let rest = programs.split_off(programs.len() / 2);
                    self.run(programs, outcome)?;
                    return self.run(rest, outcome);
                }
                let said = if ended.hung { "rustc does not come to an end".to_owned() } else { ended.stderr };
                bad.insert(programs[0].0, said);
            }
            // Errors of one stage of rustc hide those of the next, so the rest is tried again.
            take(&mut programs, &bad, How::NotCompiled, outcome);
        }
        Ok(())
    }

    /// A program that panics or hangs ends the process, so the others are run again without it.
    fn execute(&self, programs: &[(u64, String)], outcome: &mut Outcome) -> io::Result<()> {
        let mut programs = programs.to_vec();
        let mut over: Vec<u64> = Vec::new();
        loop {
            let mut command = Command::new(self.file.with_extension("bin"));
            command.args(over.iter().map(u64::to_string));
            let ended = run_limited(&mut command, &self.file, self.limits.run)?;
            let report = Report::read(&ended);
            outcome.passed += report.passed.len();
            take(&mut programs, &report.differs, How::Differs, outcome);
            over.extend(report.passed.iter().chain(report.differs.keys()));
            match report.stopped {
                None => return Ok(()),
                Some((seed, said)) => {
                    let how = if ended.hung { How::Hangs } else { How::Panics };
                    take(&mut programs, &[(seed, said)].into(), how, outcome);
                    over.push(seed);
                }
            }
        }
    }

    fn clean(&self) -> io::Result<()> {
        for extension in ["rs", "bin"] {
            let file = self.file.with_extension(extension);
            if file.exists() {
                fs::remove_file(file)?;
            }
        }
        Ok(())
    }
}

/// Moves programs over to those that failed.
fn take(programs: &mut Vec<(u64, String)>, bad: &BTreeMap<u64, String>, how: How, outcome: &mut Outcome) {
    let (failed, rest) = std::mem::take(programs).into_iter().partition(|(seed, _)| bad.contains_key(seed));
    *programs = rest;
    let failed: Vec<_> = failed;
    for (seed, program) in failed {
        let said = bad[&seed].chars().take(6000).collect();
        outcome.failed.insert(seed, Failure { how, program, said });
    }
}

/// The crate, and the line at which each program begins.
fn source(programs: &[(u64, String)]) -> (String, Vec<(usize, u64)>) {
    let mut text = "use durable_random::*;\n".to_owned();
    let mut lines = Vec::new();
    let mut calls = String::new();
    for (seed, program) in programs {
        lines.push((text.lines().count() + 1, *seed));
        text += program;
        text += "\n";
        writeln!(calls, "    ({seed}, || Box::pin(check(program_{seed}::input))),").expect("to a string");
    }
    (format!("{text}fn main() {{ run_programs(&[\n{calls}]) }}\n"), lines)
}

/// The seeds of the programs that rustc refuses, with what it says of each.
fn refused_by_rustc(errors: &str, lines: &[(usize, u64)]) -> BTreeMap<u64, String> {
    let mut found = BTreeMap::<u64, String>::new();
    for error in format!("\n{errors}").split("\nerror").skip(1) {
        let place = error.lines().find_map(|line| line.trim_start().strip_prefix("--> "));
        let line = place.and_then(|place| place.rsplit(':').nth(1)?.parse::<usize>().ok());
        // Beyond the last program stand the calls: of those nobody is to blame.
        let seed = line
            .and_then(|line| lines.iter().rev().find(|(begins, _)| *begins <= line))
            .map(|(_, seed)| *seed);
        if let Some(seed) = seed {
            writeln!(found.entry(seed).or_default(), "error{error}").expect("to a string");
        }
    }
    found
}

/// What the process of a chunk reports of its programs, in the words of `durable_random::run_programs`.
struct Report {
    passed: Vec<u64>,
    differs: BTreeMap<u64, String>,
    /// The program with which the process ended, and what was said.
    stopped: Option<(u64, String)>,
}

impl Report {
    fn read(ended: &Ended) -> Self {
        let mut report = Self { passed: Vec::new(), differs: BTreeMap::new(), stopped: None };
        let mut running = None;
        for line in ended.stdout.lines() {
            match line.split_once(' ').map(|(word, seed)| (word, seed.parse().ok())) {
                Some(("begins", Some(seed))) => running = Some((seed, String::new())),
                Some(("passed", Some(seed))) => {
                    running = None;
                    report.passed.push(seed);
                }
                Some(("differs", Some(seed))) => {
                    let (_, said) = running.take().unwrap_or_default();
                    report.differs.insert(seed, said);
                }
                _ => {
                    if let Some((_, said)) = &mut running {
                        *said += line;
                        said.push('\n');
                    }
                }
            }
        }
        report.stopped = running.map(|(seed, said)| (seed, said + &ended.stderr));
        report
    }
}
