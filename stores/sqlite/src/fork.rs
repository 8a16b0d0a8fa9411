//! Forks (F3).

use crate::{group::Tx, history, start};
use durable_core::store::{ForkRequest, HistoryKind, Row, StartRequest, Started, StoreError};
use rusqlite::OptionalExtension;

/// A start that stands elsewhere than at the beginning.
pub(crate) fn fork(tx: &mut Tx<'_>, request: &ForkRequest) -> rusqlite::Result<Result<Started, StoreError>> {
    let ForkRequest { from, start, visit, due, event, note, note_of_new } = request;
    let row = |tx: &Tx<'_>, id: &str| -> rusqlite::Result<Option<Row>> {
        tx.conn
            .prepare_cached("SELECT row FROM execution WHERE id = ?1")?
            .query_row([id], |r| r.get(0))
            .optional()
    };
    let Some(old) = row(tx, from.as_str())? else {
        return Ok(Err(StoreError::UnknownExecution(from.clone())));
    };
    let started = start::start(tx, &StartRequest { claim_for: None, ..start.clone() })?;
    if let (Started::New(_), Some(new)) = (&started, row(tx, start.id.as_str())?) {
        tx.execute(
            "UPDATE position SET visit = ?2, due = ?3, event = ?4 WHERE row = ?1",
            (new, *visit as i64, due.map(|due| due as i64), event),
        )?;
        history::add(tx, new, HistoryKind::Forked, Some(note_of_new))?;
        history::add(tx, old, HistoryKind::Forked, Some(note))?;
    }
    Ok(Ok(started))
}
