//! The command line.

use crate::Case;
use std::path::PathBuf;

pub(crate) const USAGE: &str = "\
cargo bench --bench steps -- [options]

  --quick         fewer repetitions, and no case of 10,000
  --check         fail if a target is missed
  --only <n>      only the case of <n> concurrent executions (any number)
  --reps <n>      repetitions of each case
  --waves <n>     how many times in a row each repetition runs its executions
  --side <side>   `ideal`, `store` or `worker`: only this side, for a profiler
  --dir <folder>  where the files go (the target folder): choose a real disk";

/// What to measure.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) repetitions: usize,
    pub(crate) check: bool,
    pub(crate) sides: Vec<Side>,
    pub(crate) folder: PathBuf,
    quick: bool,
    only: Option<usize>,
    waves: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The loop to compare with.
    Ideal,
    /// The store alone.
    Store,
    /// Worker, client and store.
    Worker,
}

impl Side {
    pub(crate) const ALL: [Self; 3] = [Self::Ideal, Self::Store, Self::Worker];
}

impl Options {
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut repetitions = None;
        let mut options = Self {
            repetitions: 7,
            check: false,
            sides: Side::ALL.to_vec(),
            folder: env!("CARGO_TARGET_TMPDIR").into(),
            quick: false,
            only: None,
            waves: None,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("`{argument}` needs a value"));
            match &*argument {
                // Cargo says so to every benchmark.
                "--bench" => {}
                "--quick" => options.quick = true,
                "--check" => options.check = true,
                "--only" => options.only = Some(number(&argument, &value()?)?),
                "--reps" => repetitions = Some(number(&argument, &value()?)?),
                "--waves" => options.waves = Some(number(&argument, &value()?)?),
                "--side" => options.sides = vec![side(&value()?)?],
                "--dir" => options.folder = value()?.into(),
                unknown => return Err(format!("unknown option `{unknown}`")),
            }
        }
        options.repetitions = repetitions.unwrap_or(if options.quick { 3 } else { options.repetitions });
        Ok(options)
    }

    pub(crate) fn cases(&self) -> Vec<Case> {
        let usual: &[usize] = if self.quick { &[1, 100, 1_000] } else { &[1, 100, 1_000, 10_000] };
        let concurrent = self.only.map_or_else(|| usual.to_vec(), |only| vec![only]);
        concurrent
            .into_iter()
            .map(|concurrent| Case { concurrent, waves: self.waves_of(concurrent) })
            .collect()
    }

    fn waves_of(&self, concurrent: usize) -> usize {
        self.waves.unwrap_or(match concurrent {
            0..10 => 50,
            10..500 => 20,
            500..5_000 => 8,
            _ => 2,
        })
    }
}

fn number(argument: &str, text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("`{argument}` needs a number above 0, not `{text}`")),
    }
}

fn side(text: &str) -> Result<Side, String> {
    match text {
        "ideal" => Ok(Side::Ideal),
        "store" => Ok(Side::Store),
        "worker" => Ok(Side::Worker),
        _ => Err(format!("there is no side `{text}`: `ideal`, `store` or `worker`")),
    }
}
