//! The write-ahead log grows in strides: a page at a time, the file system allocates with every commit, and syncing takes
//! about twice as long.

use crate::open::CHECKPOINT_PAGES;
use rusqlite::Connection;
use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
};

/// A log starts over after a checkpoint, so it rarely grows beyond this: a header, and frames of a page and its header.
const LOG_BYTES: u64 = 32 + CHECKPOINT_PAGES as u64 * (24 + 4096);
/// The first strides double what is there, so that a short life does not pay for a long one.
const STRIDE_MIN: u64 = 64 << 10;
const STRIDE_MAX: u64 = 1 << 20;
/// Written at once. Linux caches what is written in one large piece in large pieces, and then rewrites parts of them slowly.
const CHUNK: usize = 64 << 10;

/// The log's file. It must not outlive the connection, whose last closing deletes the file.
pub(crate) struct Log {
    file: File,
    /// How long it was after the last stride. Longer: SQLite has begun to append again.
    length: u64,
}

impl Log {
    /// `None` where it cannot be opened: all works without.
    pub(crate) fn of(conn: &Connection) -> Option<Self> {
        // The first read creates it.
        conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).ok()?;
        // SQLite's own spelling: links are resolved.
        let path = format!("{}-wal", conn.path()?);
        match File::options().write(true).open(&path) {
            Ok(file) => Some(Self { file, length: 0 }),
            Err(error) => {
                tracing::debug!(log = %path, %error, "the log cannot be opened; it grows page by page");
                None
            }
        }
    }

    /// Called inside a write transaction: nobody else appends meanwhile. Zeros behind the last frame are no frames to SQLite.
    pub(crate) fn make_room(&mut self) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        // A truncated log begins anew.
        self.length = self.length.min(length);
        if length == self.length || length >= LOG_BYTES {
            return Ok(());
        }
        let end = (length + length.clamp(STRIDE_MIN, STRIDE_MAX)).min(LOG_BYTES);
        self.length = end;
        self.file.seek(SeekFrom::Start(length))?;
        let zeros = [0; CHUNK];
        // The first piece ends where the others begin.
        let mut at = length;
        while at < end {
            let piece = (CHUNK as u64 - at % CHUNK as u64).min(end - at);
            self.file.write_all(&zeros[..piece as usize])?;
            at += piece;
        }
        Ok(())
    }
}
