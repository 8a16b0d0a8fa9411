//! SQLite's error codes, put into the words of [`StoreError`].

use durable_core::store::StoreError;
use rusqlite::{Error, ErrorCode};

/// A connection-wide failure: what it means to the caller. `outcome_unknown` only where a COMMIT failed (C4).
pub(crate) fn classify(location: &str, error: &Error, outcome_unknown: bool) -> StoreError {
    let location = location.to_owned();
    let reason = words(error);
    match error {
        Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DiskFull => StoreError::Full { location, reason },
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Busy { location, reason },
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Corrupt { location, reason },
            _ => StoreError::Io { location, reason, outcome_unknown },
        },
        error if is_damage(error) => StoreError::Corrupt { location, reason },
        Error::QueryReturnedNoRows => StoreError::Corrupt { location, reason },
        _ => StoreError::Io { location, reason, outcome_unknown },
    }
}

/// A row holds what this library never writes; the file as such can be read.
pub(crate) fn is_damage(error: &Error) -> bool {
    matches!(
        error,
        Error::FromSqlConversionFailure(..)
            | Error::InvalidColumnType(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::Utf8Error(..)
    )
}

/// What happened, without rusqlite's wrapping of our own words.
pub(crate) fn words(error: &Error) -> String {
    match error {
        Error::FromSqlConversionFailure(_, _, source) if source.is::<Damaged>() => source.to_string(),
        other => other.to_string(),
    }
}

/// The failure says nothing about the members of a group: the lock could not be had. Trying them one by one would wait
/// for the same lock again, once for each.
pub(crate) fn is_busy(error: &Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// SQLite refused the statement or the commit for a reason that leaves the transaction undone, and the connection usable.
pub(crate) fn leaves_connection_usable(error: &Error) -> bool {
    match error {
        Error::SqliteFailure(failure, _) => matches!(
            failure.code,
            ErrorCode::DiskFull
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::ConstraintViolation
                | ErrorCode::TooBig
                | ErrorCode::OutOfMemory
                | ErrorCode::TypeMismatch
                | ErrorCode::ParameterOutOfRange
        ),
        _ => true,
    }
}

/// A stored value that this library never writes.
pub(crate) fn damaged(what: impl Into<String>) -> Error {
    Error::FromSqlConversionFailure(0, rusqlite::types::Type::Null, Box::new(Damaged(what.into())))
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Damaged(String);
