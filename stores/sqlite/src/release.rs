//! Giving claimed executions back cleanly: no crash is counted.

use crate::{columns::status_number, group::Tx};
use durable_core::store::{Release, Status};

/// Due at once, unless every frame waits for a deadline and for nothing else. An event or a request that came while the row
/// was claimed woke nobody, so such waits are looked at again.
const RELEASE: &str = "UPDATE execution SET owner = NULL, status = :ready,
    class = (SELECT max(0, min(crashes, 3) - 1) FROM position WHERE position.row = :row),
    wake = (SELECT CASE WHEN control <> 0 OR due IS NULL OR event IS NOT NULL
                    OR EXISTS (SELECT 1 FROM frame WHERE frame.row = :row AND (frame.due IS NULL OR frame.event IS NOT NULL))
                THEN :now
                ELSE min(due, coalesce((SELECT min(frame.due) FROM frame WHERE frame.row = :row), due)) END
            FROM position WHERE position.row = :row)
    WHERE row = :row AND owner IS NOT NULL
      AND EXISTS (SELECT 1 FROM position WHERE position.row = :row AND fence = :fence AND finished IS NULL)
    RETURNING wake";

/// Releases with a stale fence are ignored.
pub(crate) fn release(tx: &mut Tx<'_>, group: &[Release]) -> rusqlite::Result<()> {
    for one in group {
        let mut statement = tx.conn.prepare_cached(RELEASE)?;
        let mut rows = statement.query(rusqlite::named_params! {
            ":row": one.row, ":fence": one.fence as i64, ":now": tx.at(), ":ready": status_number(Status::Ready),
        })?;
        let Some(row) = rows.next()? else { continue };
        let wake: i64 = row.get(0)?;
        // One that is due later is told, too: whoever sleeps until the next wake may have to rise earlier.
        tx.effects.work_ready = true;
        if wake > tx.at() {
            let sql = "UPDATE execution SET status = ?2 WHERE row = ?1";
            tx.execute(sql, (one.row, status_number(Status::Parked)))?;
        }
    }
    Ok(())
}
