//! Recorded blobs beside a lock file: what executions of released versions have really saved.

use super::{LockError, today::Today};
use crate::expanded::resolve;
use durable_core::{
    Workflow, read_state,
    snapshot::{self, Limits},
};
use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

/// What this program makes of a recorded blob: the state from which it would go on, for a test to look at. So a migration is tested
/// with what was really saved:
///
/// ```no_run
/// # extern crate durable_core as durable;
/// # fn of_your_program<place_order: durable::Workflow>() {
/// let state = durable_test::recorded_state::<place_order>("workflows.blobs/charge-in-dollars.blob");
/// # }
/// ```
///
/// The path is relative to the package. A blob is what [`Run::blob`](durable_core::Run::blob) gives.
///
/// # Panics
///
/// If there is no such file, or this program cannot go on from it; with the reason.
#[track_caller]
pub fn recorded_state<W: Workflow>(path: impl AsRef<Path>) -> W::State {
    let path = resolve(path.as_ref());
    let blob = fs::read(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    read_state::<W>(&blob).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A recorded blob that this program cannot go on from.
#[derive(Clone, Debug)]
pub struct LostBlob {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

impl fmt::Display for LostBlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.reason)
    }
}

/// Tries all blobs in the folder that belongs to a lock file: `workflows.blobs` beside `workflows.lock`.
pub(super) fn check_blobs(lock: &Path, today: &Today) -> Result<(), LockError> {
    let folder = lock.with_extension("blobs");
    let cannot_read = |path: &Path| {
        let path = path.to_owned();
        move |source| LockError::Read { path, source }
    };
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(cannot_read(&folder)(error)),
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let mut paths = paths.map_err(cannot_read(&folder))?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "blob"));
    paths.sort();
    let mut lost = Vec::new();
    for path in paths {
        let blob = fs::read(&path).map_err(cannot_read(&path))?;
        if let Err(reason) = check_blob(&blob, today) {
            lost.push(LostBlob { path, reason });
        }
    }
    match lost.is_empty() {
        true => Ok(()),
        false => Err(LockError::LostBlobs { lost }),
    }
}

/// Every frame of it, the root and the children inside.
fn check_blob(mut blob: &[u8], today: &Today) -> Result<(), String> {
    loop {
        let frame = snapshot::decode(blob, &Limits::default()).map_err(|error| error.to_string())?;
        let (header, payload) = (frame.header, frame.payload);
        let schema = frame.schema.ok_or_else(|| {
            "it was recorded without its schema: record it from a `Run` without `without_schemas`".to_owned()
        })?;
        let versions: Vec<_> =
            today.descriptions().filter(|description| description.name == header.workflow).collect();
        if versions.is_empty() {
            return Err(format!("workflow `{}` is not in this test", header.workflow));
        }
        // A blob does not say of which version it is. Each reads its own.
        let tried = versions.iter().map(|description| description.upgrade(&schema, payload).map(drop));
        let tried = tried.reduce(|found, next| found.or(next));
        if let Some(Err(error)) = tried {
            return Err(error.to_string());
        }
        blob = frame.rest;
        if blob.is_empty() {
            return Ok(());
        }
    }
}
