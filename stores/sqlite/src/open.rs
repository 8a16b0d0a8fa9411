//! Opening a file: whose it is, what is wrong with it, and how its connections are set up.

use crate::{
    builder::{Options, Synchronous},
    error::classify,
    migrate::{self, Found, STEPS},
};
use durable_core::store::StoreError;
use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};
use std::{
    path::Path,
    time::{Duration, Instant},
};

const SMALLEST_DATABASE_BYTES: u64 = 512;
const STATEMENTS_CACHED: usize = 128;
/// Few checkpoints, each of a bounded size: 4,000 pages are 16 MiB of log.
pub(crate) const CHECKPOINT_PAGES: u32 = 4_000;
const LOG_BYTES_KEPT: u32 = 64 << 20;
const WRITER_CACHE_KIB: i32 = 64 << 10;
const READER_CACHE_KIB: i32 = 8 << 10;

/// Opens the file for the first time in this store: creates it, checks it, migrates it.
pub(crate) fn first(options: &Options) -> Result<Connection, StoreError> {
    let refuse = |reason: String| StoreError::Open { location: options.location.clone(), reason };
    check_path(&options.path).map_err(refuse)?;
    let mut conn = connect(options, OpenFlags::SQLITE_OPEN_CREATE).map_err(|e| opening(options, &e))?;
    let found = look(&mut conn).map_err(|e| opening(options, &e))?;
    accept(options, found)?;
    write_ahead(&conn, options)?;
    let found = migrate::migrate(&mut conn, STEPS).map_err(|e| opening(options, &e))?;
    accept(options, found)?;
    set_up_writer(&conn, options).map_err(|e| opening(options, &e))?;
    Ok(conn)
}

/// In one transaction: between two reads, another opener may have made the file.
fn look(conn: &mut Connection) -> rusqlite::Result<Found> {
    let tx = conn.transaction()?;
    let found = migrate::inspect(&tx, STEPS.len())?;
    tx.finish()?;
    Ok(found)
}

/// Another write connection to a file that [`first`] has checked.
pub(crate) fn writer(options: &Options) -> rusqlite::Result<Connection> {
    let conn = connect(options, OpenFlags::empty())?;
    set_up_writer(&conn, options)?;
    Ok(conn)
}

/// The keeper's connection. A beat that is lost with the power is not missed, so it does not wait for the disk.
pub(crate) fn keeper(options: &Options) -> rusqlite::Result<Connection> {
    let conn = connect(options, OpenFlags::empty())?;
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    conn.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    Ok(conn)
}

/// A connection that only reads.
pub(crate) fn reader(options: &Options) -> rusqlite::Result<Connection> {
    let conn = connect(options, OpenFlags::empty())?;
    conn.pragma_update(None, "query_only", true)?;
    conn.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    Ok(conn)
}

/// What is wrong with a path before SQLite sees it, in words that help more than its own.
fn check_path(path: &Path) -> Result<(), String> {
    let text = path.to_string_lossy();
    if text.is_empty() {
        return Err("the path is empty: give the name of a file".into());
    }
    if text == ":memory:" {
        return Err(
            "an SQLite database in memory survives nothing: use MemoryStore for tests, or the name of a file"
                .into(),
        );
    }
    if path.is_dir() {
        return Err("it is a directory: give the name of a file in it".into());
    }
    // SQLite itself takes a file of one byte for an empty one, and would overwrite it.
    if path.metadata().is_ok_and(|file| (1..SMALLEST_DATABASE_BYTES).contains(&file.len())) {
        return Err("it is no SQLite database, or was cut off: give another name, or restore the file".into());
    }
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
    match parent {
        Some(parent) if !parent.exists() => {
            Err(format!("the folder `{}` does not exist: create it first", parent.display()))
        }
        Some(parent) if !parent.is_dir() => Err(format!("`{}` is not a folder", parent.display())),
        _ => Ok(()),
    }
}

fn connect(options: &Options, extra: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | extra;
    let conn = Connection::open_with_flags(&options.path, flags)?;
    conn.busy_timeout(options.busy_timeout)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "cell_size_check", true)?;
    Ok(conn)
}

fn set_up_writer(conn: &Connection, options: &Options) -> rusqlite::Result<()> {
    conn.pragma_update(
        None,
        "synchronous",
        match options.synchronous {
            Synchronous::Full => "FULL",
            Synchronous::Normal => "NORMAL",
        },
    )?;
    conn.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.query_row(&format!("PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}"), [], |_| Ok(()))?;
    conn.query_row(&format!("PRAGMA journal_size_limit={LOG_BYTES_KEPT}"), [], |_| Ok(()))?;
    if let Some(pages) = options.page_count_max {
        limit_pages(conn, pages)?;
    }
    Ok(())
}

/// Limits the file's size. SQLite never goes below what is in use.
pub(crate) fn limit_pages(conn: &Connection, pages: u32) -> rusqlite::Result<()> {
    conn.query_row(&format!("PRAGMA max_page_count={pages}"), [], |_| Ok(()))
}

/// Switching to WAL needs the file alone for a moment, and SQLite does not call the busy handler for that.
fn write_ahead(conn: &Connection, options: &Options) -> Result<(), StoreError> {
    let started = Instant::now();
    loop {
        match conn.query_row("PRAGMA journal_mode=WAL", [], |r| r.get::<_, String>(0)) {
            Ok(mode) if mode.eq_ignore_ascii_case("wal") => return Ok(()),
            Ok(mode) => {
                return Err(StoreError::Open {
                    location: options.location.clone(),
                    reason: format!(
                        "its file system does not allow write-ahead logging (SQLite stays in `{mode}` mode): \
                         put the file on a local disk"
                    ),
                });
            }
            Err(e) if crate::error::is_busy(&e) && started.elapsed() < options.busy_timeout => {
                std::thread::sleep(Duration::from_millis(2));
            }
            Err(e) => return Err(opening(options, &e)),
        }
    }
}

fn accept(options: &Options, found: Found) -> Result<(), StoreError> {
    let location = options.location.clone();
    match found {
        Found::Current => Ok(()),
        Found::Newer(found) => Err(StoreError::NewerVersion { location, found, newest: STEPS.len() as u32 }),
        Found::Foreign(0) => Err(StoreError::Open {
            location,
            reason: "it is an SQLite database of another program: give a file of its own to durable".into(),
        }),
        Found::Foreign(id) => Err(StoreError::Open {
            location,
            reason: format!(
                "it is an SQLite database of another program (application id {id:#x}): give a file of its own to durable"
            ),
        }),
    }
}

/// A failure while opening, with advice where SQLite's words have none.
fn opening(options: &Options, error: &rusqlite::Error) -> StoreError {
    let location = options.location.clone();
    let reason = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            format!("it is no SQLite database ({error}): give another name, or restore the file")
        }
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            format!("{error}: check that this user may read and write the file and its folder")
        }
        Some(ErrorCode::ReadOnly) => {
            format!("{error}: the file, its folder or its file system is read-only for this user")
        }
        _ => return classify(&location, error, false),
    };
    StoreError::Open { location, reason }
}
