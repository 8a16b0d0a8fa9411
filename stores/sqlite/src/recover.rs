//! After an I/O error (C4): the file is reopened, and nothing counts before a full checkpoint has succeeded.

use crate::{builder::Options, open};
use rusqlite::{Connection, Error, ErrorCode, ffi};
use std::time::{Duration, Instant};

/// A fresh connection whose log is empty: everything that is readable through it is in the file, and the disk said so. An
/// fsync error may have thrown away what the log seemed to hold; a commit that is found after this is a commit.
pub(crate) fn reopen(options: &Options) -> rusqlite::Result<Connection> {
    let conn = open::writer(options)?;
    let started = Instant::now();
    loop {
        let busy: i64 = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| r.get(0))?;
        if busy == 0 {
            return Ok(conn);
        }
        if started.elapsed() >= options.busy_timeout {
            let failure = ffi::Error { code: ErrorCode::DatabaseBusy, extended_code: ffi::SQLITE_BUSY };
            return Err(Error::SqliteFailure(
                failure,
                Some("readers keep the log from being checkpointed".into()),
            ));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
