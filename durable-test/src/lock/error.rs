//! Why a program does not pass its lock file.

use super::{Findings, LineError, LostBlob};
use durable_core::UndescribedWorkflow;
use std::{io, path::PathBuf};

/// Why a program does not pass its lock file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Running executions would be stranded or misread.
    #[error(
        "running executions would not survive this program, by what {} knows of them\n\n{findings}\n\
         Nothing was recorded. What each finding means: docs/evolution.md",
        path.display()
    )]
    Refused {
        /// The file.
        path: PathBuf,
        /// What is different.
        findings: Findings,
    },
    /// No running execution is harmed, and the file does not know the program.
    #[error(
        "{} does not know this program yet\n\n{findings}\n\
         No running execution is harmed. Record it, for the file must know whatever is released:\n\n    \
         DURABLE_LOCK=update cargo test\n",
        path.display()
    )]
    NotRecorded {
        /// The file.
        path: PathBuf,
        /// What is different.
        findings: Findings,
    },
    /// Recorded blobs could not be gone on from.
    #[error(
        "running executions would not survive this program: it cannot go on from what released versions have saved\n{}",
        lost.iter().map(|lost| format!("\n    {lost}")).collect::<String>()
    )]
    LostBlobs {
        /// Each of them.
        lost: Vec<LostBlob>,
    },
    /// There is no file, and writing it would help nobody.
    #[error(
        "there is no {}, and a file that is written in CI is lost: run the test on your machine and commit the file",
        path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is not one.
    #[error("{}, {error}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Where and why.
        error: LineError,
    },
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The environment asks for something unknown.
    #[error("`DURABLE_LOCK={value}` means nothing here: it may be `update`, or not be set")]
    Asked {
        /// What it asks for.
        value: String,
    },
    /// Two workflows are stored under one name.
    #[error(
        "two of the workflows are stored as `{workflow}`, and a worker could not tell their executions apart: give one of them \
         another name, `#[workflow(name = \"..\")]`, or name it only once in the test"
    )]
    Twice {
        /// The name.
        workflow: String,
    },
    /// What a workflow saves could not be read back.
    #[error(transparent)]
    Undescribed(UndescribedWorkflow),
}

impl LockError {
    /// What is different, if that is why.
    pub fn findings(&self) -> Option<&Findings> {
        match self {
            Self::Refused { findings, .. } | Self::NotRecorded { findings, .. } => Some(findings),
            _ => None,
        }
    }
}
