//! Options of a store.

use crate::{SqliteStore, clock::SystemClock};
use durable_core::{memory::Clock, store::StoreError};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// How far a commit goes before it is acknowledged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Synchronous {
    /// The disk has confirmed it: it survives power loss. The default; group commit makes it cheap.
    #[default]
    Full,
    /// The operating system has it: it survives `kill -9`, but the last commits before a **power loss** or a crash of the
    /// system may be lost, though acknowledged. The file stays whole.
    Normal,
}

/// Options of a [`SqliteStore`]; made by [`SqliteStore::builder`].
#[derive(Clone)]
#[must_use = "a builder does nothing until `open`"]
pub struct Builder {
    options: Options,
}

#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) path: PathBuf,
    pub(crate) location: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) busy_timeout: Duration,
    pub(crate) synchronous: Synchronous,
    pub(crate) payload_bytes_max: u64,
    pub(crate) events_waiting_max: u64,
    pub(crate) page_count_max: Option<u32>,
}

impl Builder {
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            options: Options {
                path: path.to_owned(),
                location: path.display().to_string(),
                clock: Arc::new(SystemClock),
                busy_timeout: Duration::from_secs(5),
                synchronous: Synchronous::Full,
                payload_bytes_max: 16 << 20,
                events_waiting_max: 10_000,
                page_count_max: None,
            },
        }
    }

    /// Another clock, for tests.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.options.clock = clock;
        self
    }

    /// How long to wait for another process's lock, or for a place in the queue of writes (G3), before
    /// [`StoreError::Busy`]. 5 seconds by default.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.options.busy_timeout = timeout;
        self
    }

    /// How durable a commit is. [`Synchronous::Full`] by default.
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.options.synchronous = synchronous;
        self
    }

    /// The largest snapshot, input, event or output. 16 MiB by default; SQLite takes no more than about 1 GB.
    pub fn payload_bytes_max(mut self, bytes: u64) -> Self {
        self.options.payload_bytes_max = bytes.min(900 << 20);
        self
    }

    /// How many events may wait for one execution. 10,000 by default.
    pub fn events_waiting_max(mut self, events: u64) -> Self {
        self.options.events_waiting_max = events;
        self
    }

    /// Limits the file to this many pages of 4 KiB; beyond it, writes fail with [`StoreError::Full`]. See
    /// [`SqliteStore::set_page_count_max`].
    pub fn page_count_max(mut self, pages: u32) -> Self {
        self.options.page_count_max = Some(pages);
        self
    }

    /// Opens the file, creating or migrating it where needed.
    pub async fn open(self) -> Result<SqliteStore, StoreError> {
        SqliteStore::with(self.options).await
    }
}
