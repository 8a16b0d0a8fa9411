//! Edits of what executions have saved (X3).

use crate::{
    group::{Tx, Witness},
    history, large,
    read::{self, Found},
};
use durable_core::store::{EditError, EditRequest, HistoryKind};

/// Everything is looked at before anything is written, since a refusal does not roll back.
pub(crate) fn edit(tx: &mut Tx<'_>, request: &EditRequest) -> rusqlite::Result<Result<(), EditError>> {
    let id = || request.id.clone();
    let Some(Found { row, status, epoch, fence }) = read::find(tx.conn, &request.id)? else {
        return Ok(Err(EditError::UnknownExecution(id())));
    };
    match status {
        status if status.is_at_rest() => {}
        status if status.is_terminal() => return Ok(Err(EditError::Ended { id: id(), status })),
        status => return Ok(Err(EditError::Running { id: id(), status })),
    }
    let mut is_there = tx.conn.prepare_cached("SELECT 1 FROM frame WHERE row = ?1 AND frame = ?2")?;
    let mut are_there = true;
    for (frame, _) in &request.frames {
        are_there &= *frame == 0 || is_there.exists((row, *frame as i64))?;
    }
    if epoch != request.epoch || !are_there {
        return Ok(Err(EditError::Moved { id: id() }));
    }
    history::end(tx, row, status)?;
    for (frame, snapshot) in &request.frames {
        match frame {
            0 => tx.execute("UPDATE position SET snapshot = ?2 WHERE row = ?1", (row, &**snapshot))?,
            frame => tx.execute(
                "UPDATE frame SET snapshot = ?3 WHERE row = ?1 AND frame = ?2",
                (row, *frame as i64, &**snapshot),
            )?,
        };
    }
    large::replace(tx, row, &request.large)?;
    large::sweep(tx, row)?;
    tx.execute("UPDATE position SET epoch = epoch + 1, fence = fence + 1 WHERE row = ?1", [row])?;
    tx.execute("UPDATE execution SET run = run + 1 WHERE row = ?1", [row])?;
    history::add(tx, row, HistoryKind::Edited, Some(&request.note))?;
    let (epoch, fence) = (epoch as i64 + 1, fence as i64 + 1);
    // Not for long: whoever claims it raises the fence.
    tx.testify(false, || Witness::Committed { row, epoch, fence });
    Ok(Ok(()))
}
