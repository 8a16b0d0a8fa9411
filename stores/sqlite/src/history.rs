//! Life-cycle history (G6): rows for what happens between start and end, which are columns of the execution.

use crate::{
    columns::{kind, kind_number, status, unsigned, unsigned_or_null},
    group::Tx,
};
use durable_core::store::{ExecutionId, HistoryEntry, HistoryKind, Row, Status};
use rusqlite::{Connection, OptionalExtension};

/// The newest entries of each execution are kept: a workflow that parks once a minute for years must not fill the disk.
const ENTRIES_KEPT: u32 = 1_000;
const TRIMMED_EVERY: i64 = 64;

/// Adds an entry at the row's epoch. Without a detail, the reader shows the await point.
pub(crate) fn add(tx: &Tx<'_>, row: Row, kind: HistoryKind, detail: Option<&str>) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO history (row, at, epoch, kind, schema, detail)
         SELECT row, ?2, epoch, ?3, schema, ?4 FROM position WHERE row = ?1",
        (row, tx.at(), kind_number(kind), detail),
    )?;
    Ok(())
}

/// Adds that it parked: the detail is the event it waits for, or the await point.
pub(crate) fn park(tx: &Tx<'_>, row: Row, event: Option<&str>, schema: Option<u32>) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO history (row, at, epoch, kind, schema, detail)
         SELECT row, ?2, epoch, ?3, coalesce(?5, schema), ?4 FROM position WHERE row = ?1",
        (row, tx.at(), kind_number(HistoryKind::Parked), event, schema),
    )?;
    // Entry numbers are the file's, not the execution's, so every execution's turn comes.
    if tx.conn.last_insert_rowid() % TRIMMED_EVERY == 0 {
        tx.execute(
            "DELETE FROM history WHERE row = ?1 AND entry <=
                 (SELECT entry FROM history WHERE row = ?1 ORDER BY entry DESC LIMIT 1 OFFSET ?2)",
            (row, ENTRIES_KEPT),
        )?;
    }
    Ok(())
}

/// Whether the end of this row is an entry already: it was edited since, which comes after. What was set aside may be cancelled
/// then, which is another end.
macro_rules! end_is_told {
    ($row:literal) => {
        concat!(
            "coalesce((SELECT kind FROM history WHERE row = ",
            $row,
            " AND kind IN (5, 6, 7, 9) ORDER BY entry DESC LIMIT 1), 0) = 5"
        )
    };
}

/// Adds that it ended, since something comes after: the end is columns of the execution only while it is the last word.
pub(crate) fn end(tx: &Tx<'_>, row: Row, status: Status) -> rusqlite::Result<()> {
    tx.execute(
        concat!(
            "INSERT INTO history (row, at, epoch, kind, detail)
             SELECT row, finished, epoch, ?2, CASE WHEN error IS NULL THEN ?3 ELSE ?3 || ': ' || error END
             FROM position JOIN execution USING (row) WHERE row = ?1 AND finished IS NOT NULL AND NOT ",
            end_is_told!("?1")
        ),
        (row, kind_number(HistoryKind::Finished), status.to_string()),
    )?;
    Ok(())
}

/// All entries, oldest first; `None` if there is no such execution.
pub(crate) fn read(conn: &Connection, id: &ExecutionId) -> rusqlite::Result<Option<Vec<HistoryEntry>>> {
    let mut columns = conn.prepare_cached(concat!(
        "SELECT row, created, epoch, status, error, coalesce(workflow, '') AS workflow,
             CASE WHEN status = 8 OR NOT ",
        end_is_told!("execution.row"),
        " THEN finished END AS finished
         FROM execution LEFT JOIN position USING (row) LEFT JOIN queue USING (queue) WHERE id = ?1",
    ))?;
    let found = columns
        .query_row([id.as_str()], |r| {
            let started = HistoryEntry {
                at: unsigned(r, "created")?,
                epoch: 0,
                kind: HistoryKind::Started,
                detail: r.get("workflow")?,
            };
            let finished = match unsigned_or_null(r, "finished")? {
                None => None,
                Some(at) => {
                    let status = status(r.get("status")?)?;
                    let error: Option<String> = r.get("error")?;
                    let detail = error.map_or_else(|| status.to_string(), |e| format!("{status}: {e}"));
                    Some(HistoryEntry {
                        at,
                        epoch: unsigned(r, "epoch")?,
                        kind: HistoryKind::Finished,
                        detail,
                    })
                }
            };
            Ok((r.get::<_, Row>("row")?, started, finished))
        })
        .optional()?;
    let Some((row, started, finished)) = found else { return Ok(None) };
    let mut entries = vec![started];
    let mut rows = conn.prepare_cached(
        "SELECT at, epoch, kind, coalesce(detail, name, '') AS detail
         FROM history LEFT JOIN point USING (schema) WHERE row = ?1 ORDER BY entry",
    )?;
    for entry in rows.query_map([row], |r| {
        Ok(HistoryEntry {
            at: unsigned(r, "at")?,
            epoch: unsigned(r, "epoch")?,
            kind: kind(r.get("kind")?)?,
            detail: r.get("detail")?,
        })
    })? {
        entries.push(entry?);
    }
    entries.extend(finished);
    Ok(Some(entries))
}
