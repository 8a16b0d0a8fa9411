//! What the job says at its end: the outcome of each execution, and the summary.

use crate::order::{OrderError, Receipt};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
    time::Duration,
};

/// How one execution ended.
#[derive(Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(crate) enum Outcome {
    Succeeded {
        receipt: Receipt,
    },
    Failed {
        error: OrderError,
    },
    /// It ended without a result of its own: it was cancelled, panicked, or crashed too often.
    Lost {
        reason: String,
    },
}

/// The outcomes of all executions, by id.
#[derive(Debug, Default)]
pub(crate) struct Report(BTreeMap<String, Outcome>);

impl Report {
    pub(crate) fn add(&mut self, execution: String, outcome: Outcome) {
        self.0.insert(execution, outcome);
    }

    pub(crate) fn ended(&self) -> usize {
        self.0.len()
    }

    /// One JSON line per execution, sorted by id.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        #[derive(Serialize)]
        struct Entry<'a> {
            execution: &'a str,
            #[serde(flatten)]
            outcome: &'a Outcome,
        }
        let mut file = BufWriter::new(File::create(path)?);
        for (execution, outcome) in &self.0 {
            serde_json::to_writer(&mut file, &Entry { execution, outcome })?;
            file.write_all(b"\n")?;
        }
        file.flush()
    }

    pub(crate) fn summary(&self, commits: u64, elapsed: Duration) -> Summary {
        let mut reasons: BTreeMap<&'static str, usize> = BTreeMap::new();
        for outcome in self.0.values() {
            match outcome {
                Outcome::Succeeded { .. } => {}
                Outcome::Failed { error } => *reasons.entry(error.kind()).or_default() += 1,
                Outcome::Lost { .. } => *reasons.entry("without a result").or_default() += 1,
            }
        }
        let failed = reasons.values().sum();
        let seconds = (elapsed.as_secs_f64() * 1000.0).round() / 1000.0;
        let executions = self.0.len();
        Summary { executions, succeeded: executions - failed, failed, commits, seconds, reasons }
    }
}

/// The closing summary.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    executions: usize,
    succeeded: usize,
    failed: usize,
    commits: u64,
    seconds: f64,
    #[serde(skip)]
    reasons: BTreeMap<&'static str, usize>,
}

impl Summary {
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("numbers can be written as JSON")
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} orders: {} placed, {} not", self.executions, self.succeeded, self.failed)?;
        let reasons: Vec<_> =
            self.reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        if !reasons.is_empty() {
            write!(f, " ({})", reasons.join(", "))?;
        }
        write!(f, "; {} commits in {:.1} s", self.commits, self.seconds)
    }
}
