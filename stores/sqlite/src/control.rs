//! Requests to executions (X1). This release knows one: cancel.

use crate::{columns::status, group::Tx, history};
use durable_core::store::{ExecutionId, HistoryKind, Row, StoreError};
use rusqlite::OptionalExtension;

const CANCEL: i64 = 1;

/// Sets the request, and makes a waiting execution due so that a worker carries it out.
pub(crate) fn cancel(tx: &mut Tx<'_>, id: &ExecutionId) -> rusqlite::Result<Result<bool, StoreError>> {
    let found = tx
        .conn
        .prepare_cached(
            "SELECT row, status, control FROM execution LEFT JOIN position USING (row) WHERE id = ?1",
        )?
        .query_row([id.as_str()], |r| Ok((r.get::<_, Row>(0)?, status(r.get(1)?)?, r.get::<_, i64>(2)?)))
        .optional()?;
    let Some((row, status, control)) = found else {
        return Ok(Err(StoreError::UnknownExecution(id.clone())));
    };
    if status.is_terminal() {
        return Ok(Ok(false));
    }
    if control == 0 {
        tx.execute("UPDATE position SET control = ?2 WHERE row = ?1", (row, CANCEL))?;
        history::add(tx, row, HistoryKind::CancelRequested, Some(""))?;
        // Whoever owns it reads the request with its next commit; what nobody owns is claimed for it. That goes for one
        // that was set aside, too: its value may be unreadable, but to cancel it nobody need read it.
        let woken = tx.execute(
            "UPDATE execution SET wake = ?2 WHERE row = ?1 AND owner IS NULL AND (wake IS NULL OR wake > ?2)",
            (row, tx.at()),
        )?;
        tx.effects.work_ready |= woken > 0;
    }
    Ok(Ok(true))
}
