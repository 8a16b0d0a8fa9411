//! `workflows.lock`: what was released, and whether today's program may follow it.
//!
//! The file is committed. It says of each workflow which await points it has, what they call, what may come next and what they save, with the
//! whole shape of each saved type; and of each await point what older versions of the program saved there, for their executions
//! may still be running. One line of a test compares the program with it:
//!
//! ```no_run
//! # extern crate durable_core as durable;
//! # use durable_core::Workflows;
//! # fn of_your_program<Orders: Workflows, Refunds: Workflows>() {
//! durable_test::assert_compatible::<(Orders, Refunds)>("workflows.lock");
//! # }
//! ```

mod blobs;
mod compare;
mod error;
mod file;
mod findings;
mod read;
mod reading;
mod record;
mod today;
mod write;

#[cfg(test)]
mod blob_tests;
#[cfg(test)]
mod tests;

pub use blobs::{LostBlob, recorded_state};
pub use error::LockError;
pub use file::Lock;
pub use findings::Findings;
pub use read::LineError;

use crate::expanded::resolve;
use durable_core::Workflows;
use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};
use today::Today;

/// Compares workflows with the lock file of the package, and fails unless they are equal.
///
/// Give all workflows of the package, one or a tuple, which may contain tuples; there is one such test for each file. The path
/// is relative to the package.
///
/// - There is no file yet: it is written, unless the environment variable `CI` is set.
/// - Something is different, and no running execution is harmed: the test fails and says what. With `DURABLE_LOCK=update` in the environment
///   the change is recorded, because the file must know whatever was released, and the test passes.
/// - Running executions would be stranded or misread: the test fails and says what to do, and nothing is recorded.
///
/// Recorded blobs may stand beside the file, as `workflows.blobs/*.blob` for `workflows.lock`: what executions of released versions
/// have really saved ([`Run::blob`](durable_core::Run::blob)). The program must go on from each of them; see [`recorded_state`] to look
/// at what it makes of one.
///
/// # Panics
///
/// With everything that was found, in words.
#[track_caller]
pub fn assert_compatible<W: Workflows>(path: impl AsRef<Path>) {
    match check_compatible::<W>(path) {
        Ok(Checked::Equal) => {}
        Ok(Checked::Written { path }) => say(format_args!("{} is written: commit it", path.display())),
        Ok(Checked::Updated { path, findings }) => {
            say(format_args!("{} is updated: commit it\n\n{findings}", path.display()));
        }
        Err(error) => panic!("{error}"),
    }
}

/// Past the harness, which keeps to itself what a test prints that passes.
fn say(what: std::fmt::Arguments<'_>) {
    // A test does not fail because nobody listens.
    let _ = writeln!(io::stderr(), "{what}");
}

/// As [`assert_compatible`], without the panic.
///
/// # Errors
///
/// Where that panics.
pub fn check_compatible<W: Workflows>(path: impl AsRef<Path>) -> Result<Checked, LockError> {
    let path = resolve(path.as_ref());
    check(&path, &Today::of::<W>()?, &Asked::from_environment()?)
}

/// How a check ended that found nothing wrong.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Checked {
    /// File and program say the same.
    Equal,
    /// There was no file.
    Written {
        /// The file.
        path: PathBuf,
    },
    /// What was different is recorded, as it was asked for.
    Updated {
        /// The file.
        path: PathBuf,
        /// What was different.
        findings: Findings,
    },
}

/// What the environment asks for.
struct Asked {
    update: bool,
    /// Files that are written there are lost.
    is_ci: bool,
}

impl Asked {
    fn from_environment() -> Result<Self, LockError> {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let update = match set("DURABLE_LOCK") {
            None => false,
            Some(value) if value == "update" => true,
            Some(value) => {
                return Err(LockError::Asked { value: value.to_string_lossy().into_owned() });
            }
        };
        Ok(Self { update, is_ci: set("CI").is_some_and(|value| value != "false") })
    }
}

fn check(path: &Path, today: &Today, asked: &Asked) -> Result<Checked, LockError> {
    let Some(text) = text_of(path)? else {
        if asked.is_ci && !asked.update {
            return Err(LockError::Missing { path: path.to_owned() });
        }
        write(path, &today.to_lock())?;
        return Ok(Checked::Written { path: path.to_owned() });
    };
    let lock: Lock = text.parse().map_err(|error| LockError::Line { path: path.to_owned(), error })?;
    let findings = compare::compare(&lock, today);
    if findings.is_refused() {
        return Err(LockError::Refused { path: path.to_owned(), findings });
    }
    blobs::check_blobs(path, today)?;
    let recorded = record::record(&lock, today);
    if asked.update && recorded.to_text() != text.replace("\r\n", "\n") {
        write(path, &recorded)?;
        return Ok(Checked::Updated { path: path.to_owned(), findings });
    }
    match findings.is_empty() || asked.update {
        true => Ok(Checked::Equal),
        false => Err(LockError::NotRecorded { path: path.to_owned(), findings }),
    }
}

/// `None` if there is no file. One that is too large is not read to its end.
fn text_of(path: &Path) -> Result<Option<String>, LockError> {
    let read = || {
        let mut bytes = Vec::new();
        let limit = read::FILE_BYTES_MAX as u64 + 1;
        fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
        io::Result::Ok(bytes)
    };
    match read() {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(error) => {
                let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
                let error = LineError { line, what: "these bytes are no text (UTF-8)".into() };
                Err(LockError::Line { path: path.to_owned(), error })
            }
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(LockError::Read { path: path.to_owned(), source }),
    }
}

/// Whole or not at all: a test may be stopped at any time.
fn write(path: &Path, lock: &Lock) -> Result<(), LockError> {
    let whole = || {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}", std::process::id()));
        let beside = path.with_file_name(name);
        let mut file = fs::File::create(&beside)?;
        file.write_all(lock.to_text().as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    whole().map_err(|source| LockError::Write { path: path.to_owned(), source })
}
