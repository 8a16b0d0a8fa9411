//! Lock files: a worker holds one as long as its process lives, so a free one means dead (K3).

use durable_core::store::WorkerId;
use std::{
    collections::HashMap,
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The lock files beside one database, and those that this store's workers hold.
pub(crate) struct Locks {
    folder: PathBuf,
    held: Mutex<HashMap<WorkerId, File>>,
}

/// What a lock file says about its worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sign {
    /// The lock is free: its process has gone.
    Dead,
    /// Someone holds it, or nothing can be learnt: the file has vanished (a copied database), or the file system knows no
    /// locks. The beat decides.
    Unknown,
}

impl Locks {
    pub(crate) fn beside(database: &Path) -> Self {
        let mut folder = database.as_os_str().to_owned();
        folder.push("-workers");
        Self { folder: folder.into(), held: Mutex::default() }
    }

    /// Takes a worker's lock. Without one (no permission, no locks on this file system) its beat alone speaks for it.
    pub(crate) fn take(&self, worker: WorkerId) {
        // A group that was rolled back runs its members again, and they find their lock taken.
        if self.is_held(worker) {
            return;
        }
        match self.try_take(worker) {
            Ok(file) => drop(self.held().insert(worker, file)),
            Err(error) => tracing::warn!(
                worker = worker.0, file = %self.file(worker).display(), %error,
                "no lock file for this worker: after a crash, its lease must run out before others take over"
            ),
        }
    }

    fn try_take(&self, worker: WorkerId) -> io::Result<File> {
        std::fs::create_dir_all(&self.folder)?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(self.file(worker))?;
        file.try_lock().map_err(|e| match e {
            TryLockError::Error(error) => error,
            TryLockError::WouldBlock => io::ErrorKind::WouldBlock.into(),
        })?;
        Ok(file)
    }

    /// Makes a vanished file anew: another process could not tell our death from it any more.
    pub(crate) fn refresh(&self, worker: WorkerId) {
        if self.is_held(worker) && !self.file(worker).exists() {
            self.abandon(worker);
            self.take(worker);
        }
    }

    pub(crate) fn drop_lock(&self, worker: WorkerId) {
        if let Some(file) = self.held().remove(&worker) {
            let _ = std::fs::remove_file(self.file(worker));
            drop(file);
        }
    }

    /// Looks at another worker's lock.
    pub(crate) fn sign(&self, worker: WorkerId) -> Sign {
        if self.is_held(worker) {
            return Sign::Unknown;
        }
        match OpenOptions::new().write(true).open(self.file(worker)) {
            Ok(file) if file.try_lock().is_ok() => Sign::Dead,
            _ => Sign::Unknown,
        }
    }

    /// Tidies up after a worker that was found dead.
    pub(crate) fn bury(&self, worker: WorkerId) {
        let _ = std::fs::remove_file(self.file(worker));
    }

    /// As a crash of the process would: the lock is free, the file stays.
    pub(crate) fn abandon(&self, worker: WorkerId) {
        self.held().remove(&worker);
    }

    fn is_held(&self, worker: WorkerId) -> bool {
        self.held().contains_key(&worker)
    }

    fn file(&self, worker: WorkerId) -> PathBuf {
        self.folder.join(format!("{}.lock", worker.0))
    }

    fn held(&self) -> MutexGuard<'_, HashMap<WorkerId, File>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
