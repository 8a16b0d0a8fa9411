//! What all threads of a store share.

use durable_core::store::Local;
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) local: Local,
    /// An I/O error has cast doubt on the log: reads fail until it was checkpointed (C4).
    pub(crate) suspect: AtomicBool,
    pub(crate) faults: Faults,
    page_limit: Mutex<Option<u32>>,
    page_limit_set: AtomicBool,
}

impl Shared {
    pub(crate) fn set_page_limit(&self, pages: u32) {
        *self.page_limit.lock().unwrap_or_else(PoisonError::into_inner) = Some(pages);
        self.page_limit_set.store(true, Ordering::Release);
    }

    /// A new limit, once, for the writer to apply.
    pub(crate) fn take_page_limit(&self) -> Option<u32> {
        if !self.page_limit_set.swap(false, Ordering::AcqRel) {
            return None;
        }
        self.page_limit.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Faults that the tests of this crate inject at COMMIT; nothing in other builds.
#[derive(Default)]
pub(crate) struct Faults {
    #[cfg(test)]
    pub(crate) next: Mutex<Option<Fault>>,
    /// What [`Fault::WaitAfterCommit`] waits for.
    #[cfg(test)]
    pub(crate) go_on: Mutex<Option<std::sync::mpsc::Receiver<()>>>,
}

#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// COMMIT reports an I/O error, but happened.
    ErrorAfterCommit,
    /// The same, and the error comes late: another process may have gone on meanwhile.
    WaitAfterCommit,
    /// COMMIT reports an I/O error and did not happen.
    ErrorBeforeCommit,
    /// The writer panics.
    Panic,
}

impl Faults {
    #[cfg(not(test))]
    pub(crate) fn commit(&self, commit: impl FnOnce() -> rusqlite::Result<()>) -> rusqlite::Result<()> {
        commit()
    }

    #[cfg(test)]
    pub(crate) fn commit(&self, commit: impl FnOnce() -> rusqlite::Result<()>) -> rusqlite::Result<()> {
        use rusqlite::{Error, ErrorCode, ffi};
        let fault = self.next.lock().unwrap_or_else(PoisonError::into_inner).take();
        let failure = ffi::Error { code: ErrorCode::SystemIoFailure, extended_code: ffi::SQLITE_IOERR_FSYNC };
        match fault {
            None => commit(),
            Some(Fault::Panic) => panic!("injected"),
            Some(fault) => {
                if matches!(fault, Fault::ErrorAfterCommit | Fault::WaitAfterCommit) {
                    commit()?;
                }
                if fault == Fault::WaitAfterCommit {
                    let go_on = self.go_on.lock().unwrap_or_else(PoisonError::into_inner).take();
                    let _ = go_on.expect("the test says when").recv();
                }
                Err(Error::SqliteFailure(failure, None))
            }
        }
    }
}
