//! Kept snapshots, and rewinds to them (X3).

use crate::{
    columns::{status_number, unsigned, unsigned_or_null},
    group::{Tx, Witness},
    history, large,
    read::{self, Found},
};
use durable_core::store::{
    Commit, ExecutionId, HistoryKind, Kept, Next, QueueId, RewindError, RewindRequest, Row, SchemaId, Status,
};
use rusqlite::{Connection, OptionalExtension};

/// Keeps what a commit saved, once all of it is written. Whether large fields may be left behind by those that had to go for it.
pub(crate) fn keep(tx: &Tx<'_>, commit: &Commit) -> rusqlite::Result<bool> {
    let saves_root = commit.root.as_ref().is_some_and(|root| root.snapshot.is_some());
    if commit.keep == 0 || !saves_root || matches!(commit.next, Next::Finish(_)) {
        return Ok(false);
    }
    let kept = tx.execute(
        "INSERT INTO kept (row, epoch, queue, schema, visit, due, event, at, snapshot)
         SELECT row, epoch, queue, schema, visit, due, event, ?2, snapshot FROM position JOIN execution USING (row)
         WHERE row = ?1 AND NOT EXISTS (SELECT 1 FROM frame WHERE frame.row = ?1)",
        (commit.row, tx.at()),
    )?;
    if kept == 0 {
        return Ok(false);
    }
    let mut gone = tx.conn.prepare_cached(
        "DELETE FROM kept WHERE row = ?1 AND epoch <=
             (SELECT epoch FROM kept WHERE row = ?1 ORDER BY epoch DESC LIMIT 1 OFFSET ?2)
         RETURNING snapshot",
    )?;
    let mut gone = gone.query((commit.row, commit.keep))?;
    let mut leaves = false;
    while let Some(kept) = gone.next()? {
        leaves |= large::leaves(kept.get_ref(0)?.as_blob()?, commit);
    }
    Ok(leaves)
}

const KEPT: &str = "SELECT epoch, queue, schema, visit, due, event, at, snapshot FROM kept";

fn read_one(r: &rusqlite::Row<'_>) -> rusqlite::Result<Kept> {
    Ok(Kept {
        epoch: unsigned(r, "epoch")?,
        queue: QueueId(r.get("queue")?),
        schema: SchemaId(r.get("schema")?),
        visit: unsigned(r, "visit")?,
        snapshot: r.get::<_, Vec<u8>>("snapshot")?.into(),
        due: unsigned_or_null(r, "due")?,
        event: r.get("event")?,
        at: unsigned(r, "at")?,
    })
}

/// All of an execution, the oldest first; `None` if there is no such execution.
pub(crate) fn read(conn: &Connection, id: &ExecutionId) -> rusqlite::Result<Option<Vec<Kept>>> {
    let row: Option<Row> = conn
        .prepare_cached("SELECT row FROM execution WHERE id = ?1")?
        .query_row([id.as_str()], |r| r.get(0))
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    let mut select = conn.prepare_cached(&format!("{KEPT} WHERE row = ?1 ORDER BY epoch"))?;
    let kept = select.query_map([row], read_one)?.collect::<Result<_, _>>()?;
    Ok(Some(kept))
}

/// Everything is looked at before anything is written, since a refusal does not roll back.
pub(crate) fn rewind(tx: &mut Tx<'_>, request: &RewindRequest) -> rusqlite::Result<Result<(), RewindError>> {
    let id = || request.id.clone();
    let Some(Found { row, status, epoch, fence }) = read::find(tx.conn, &request.id)? else {
        return Ok(Err(RewindError::UnknownExecution(id())));
    };
    match status {
        status if status.is_at_rest() => {}
        status if status.is_terminal() => return Ok(Err(RewindError::Ended { id: id(), status })),
        status => return Ok(Err(RewindError::Running { id: id(), status })),
    }
    let kept = tx
        .conn
        .prepare_cached(&format!("{KEPT} WHERE row = ?1 AND epoch = ?2"))?
        .query_row((row, request.epoch as i64), read_one)
        .optional()?;
    let Some(kept) = kept else {
        return Ok(Err(RewindError::NotKept { id: id(), epoch: request.epoch }));
    };
    history::end(tx, row, status)?;
    // The end of a failed one came before the request. What has not ended is still to be cancelled.
    let forgets_control = status == Status::Failed;
    tx.execute(
        "UPDATE position SET epoch = epoch + 1, fence = fence + 1, finished = NULL, crashes = 0, failed = 0,
             control = CASE WHEN ?2 THEN 0 ELSE control END, since = epoch + 1,
             visit = ?3, schema = ?4, due = ?5, event = ?6, snapshot = ?7 WHERE row = ?1",
        (
            row,
            forgets_control,
            kept.visit as i64,
            kept.schema.0,
            kept.due.map(|due| due as i64),
            &kept.event,
            &*kept.snapshot,
        ),
    )?;
    tx.execute("DELETE FROM frame WHERE row = ?1", [row])?;
    large::sweep(tx, row)?;
    tx.execute(
        "UPDATE execution SET status = ?2, owner = NULL, wake = ?3, class = 0, output = NULL, run = run + 1,
             set_aside_by = NULL, queue = ?4 WHERE row = ?1",
        (row, status_number(Status::Ready), tx.at(), kept.queue.0),
    )?;
    history::add(tx, row, HistoryKind::Rewound, Some(&request.note))?;
    let (epoch, fence) = (epoch as i64 + 1, fence as i64 + 1);
    // Not for long: whoever claims it raises the fence.
    tx.testify(false, || Witness::Committed { row, epoch, fence });
    tx.effects.work_ready = true;
    Ok(Ok(()))
}
