//! Numbers and texts of columns, read back with suspicion: a damaged file must give a typed error.

use crate::error::damaged;
use durable_core::store::{ExecutionId, HistoryKind, Status};
use rusqlite::Row;

/// The number a status is stored as.
pub(crate) fn status_number(status: Status) -> i64 {
    match status {
        Status::Ready => 0,
        Status::Running => 1,
        Status::Parked => 2,
        Status::Paused => 3,
        Status::Cancelling => 4,
        Status::SetAside => 5,
        Status::Succeeded => 6,
        Status::Failed => 7,
        Status::Cancelled => 8,
        // `Status` may grow; a variant that this store does not know can not have come from it.
        _ => -1,
    }
}

pub(crate) fn status(number: i64) -> rusqlite::Result<Status> {
    [
        Status::Ready,
        Status::Running,
        Status::Parked,
        Status::Paused,
        Status::Cancelling,
        Status::SetAside,
        Status::Succeeded,
        Status::Failed,
        Status::Cancelled,
    ]
    .into_iter()
    .find(|status| status_number(*status) == number)
    .ok_or_else(|| damaged(format!("unknown status {number} of an execution")))
}

pub(crate) fn kind_number(kind: HistoryKind) -> i64 {
    match kind {
        HistoryKind::Started => 0,
        HistoryKind::Parked => 1,
        HistoryKind::FailedAttempt => 2,
        HistoryKind::TakenOver => 3,
        HistoryKind::CancelRequested => 4,
        HistoryKind::Finished => 5,
        HistoryKind::Redriven => 6,
        HistoryKind::Reconsidered => 7,
        HistoryKind::Edited => 8,
        HistoryKind::Rewound => 9,
        HistoryKind::Forked => 10,
        _ => -1,
    }
}

pub(crate) fn kind(number: i64) -> rusqlite::Result<HistoryKind> {
    [
        HistoryKind::Started,
        HistoryKind::Parked,
        HistoryKind::FailedAttempt,
        HistoryKind::TakenOver,
        HistoryKind::CancelRequested,
        HistoryKind::Finished,
        HistoryKind::Redriven,
        HistoryKind::Reconsidered,
        HistoryKind::Edited,
        HistoryKind::Rewound,
        HistoryKind::Forked,
    ]
    .into_iter()
    .find(|kind| kind_number(*kind) == number)
    .ok_or_else(|| damaged(format!("unknown kind {number} of a history entry")))
}

/// Counters and times are never negative.
pub(crate) fn unsigned(row: &Row<'_>, column: &str) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| damaged(format!("column `{column}` holds {value}")))
}

pub(crate) fn unsigned_or_null(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<u64>> {
    match row.get::<_, Option<i64>>(column)? {
        None => Ok(None),
        Some(value) => match u64::try_from(value) {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(damaged(format!("column `{column}` holds {value}"))),
        },
    }
}

pub(crate) fn execution_id(row: &Row<'_>) -> rusqlite::Result<ExecutionId> {
    let text: String = row.get("id")?;
    ExecutionId::new(&text).map_err(|e| damaged(e.to_string()))
}
