//! Events: sent (E1), kept until consumed, their ids for seven days more (E4).

use crate::{
    columns::{status, status_number},
    group::{Tx, Witness},
};
use durable_core::store::{Row, SendError, SendRequest, Sent, Status};
use rusqlite::{Connection, OptionalExtension};
use std::time::Duration;

const IDS_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Rows that one transaction deletes for retention (G5).
const FORGOTTEN_AT_ONCE: u32 = 500;

/// Runs a send: refused, known, or inserted.
pub(crate) fn send(
    tx: &mut Tx<'_>,
    request: &SendRequest,
    quota: u64,
) -> rusqlite::Result<Result<Sent, SendError>> {
    let found = tx
        .conn
        .prepare_cached("SELECT row, status, waiting FROM execution WHERE id = ?1")?
        .query_row([request.execution.as_str()], |r| {
            Ok((r.get::<_, Row>(0)?, status(r.get(1)?)?, r.get::<_, i64>(2)?))
        })
        .optional()?;
    let Some((row, status, waiting)) = found else {
        return Ok(Err(SendError::UnknownExecution(request.execution.clone())));
    };
    if status.is_terminal() {
        return Ok(Err(SendError::Finished { id: request.execution.clone(), status }));
    }
    // The time of a consumed id may be over before retention comes by.
    tx.execute(
        "DELETE FROM event WHERE row = ?1 AND id = ?2 AND consumed <= ?3",
        (row, &request.event_id, kept_since(tx.at())),
    )?;
    let known = tx
        .conn
        .prepare_cached("SELECT 1 FROM event WHERE row = ?1 AND id = ?2")?
        .exists((row, &request.event_id))?;
    // A known id comes before the quota: the retry of a send that was acknowledged must not hear that it was refused.
    if known {
        return Ok(Ok(Sent::Duplicate));
    }
    let waiting = waiting.unsigned_abs();
    if waiting >= quota {
        return Ok(Err(SendError::OverQuota { id: request.execution.clone(), waiting }));
    }
    insert(tx, row, request)?;
    if status == Status::Parked {
        wake(tx, row, &request.name)?;
    }
    // Another process may have sent it under the same id.
    tx.testify(false, || Witness::Sent { row, event_id: request.event_id.clone() });
    Ok(Ok(Sent::Accepted))
}

fn insert(tx: &Tx<'_>, row: Row, request: &SendRequest) -> rusqlite::Result<()> {
    tx.execute("UPDATE execution SET mail = mail + 1, waiting = waiting + 1 WHERE row = ?1", [row])?;
    tx.execute(
        "INSERT INTO event (row, seq, id, name, payload)
         SELECT row, mail, ?2, ?3, ?4 FROM execution WHERE row = ?1",
        (row, &request.event_id, &request.name, &request.payload),
    )?;
    Ok(())
}

/// Makes a parked execution due if one of its frames waits for this name.
fn wake(tx: &mut Tx<'_>, row: Row, name: &str) -> rusqlite::Result<()> {
    let woken = tx.execute(
        "UPDATE execution SET wake = ?3 WHERE row = ?1 AND status = ?4 AND (wake IS NULL OR wake > ?3)
           AND (EXISTS (SELECT 1 FROM position WHERE position.row = ?1 AND position.event = ?2)
             OR EXISTS (SELECT 1 FROM frame WHERE frame.row = ?1 AND frame.event = ?2))",
        (row, name, tx.at(), status_number(Status::Parked)),
    )?;
    tx.effects.work_ready |= woken > 0;
    Ok(())
}

/// Forgets some ids whose time is over, in a transaction of its own. Returns whether there may be more.
pub(crate) fn forget_ids(conn: &Connection, now: i64) -> rusqlite::Result<bool> {
    let sql = "DELETE FROM event WHERE rowid IN (SELECT rowid FROM event WHERE consumed <= ?1 LIMIT ?2)";
    let forgotten = conn.prepare_cached(sql)?.execute((kept_since(now), FORGOTTEN_AT_ONCE))?;
    Ok(forgotten == FORGOTTEN_AT_ONCE as usize)
}

/// Ids consumed then or before are forgotten.
fn kept_since(now: i64) -> i64 {
    now.saturating_sub(IDS_KEPT.as_millis() as i64)
}
