//! Workers in the database: joining, leaving, and taking over what a dead one owned (K3).

use crate::{columns::status_number, group::Tx, release::release};
use durable_core::store::{BuildId, Release, Status, WorkerId};
use rusqlite::{Connection, OptionalExtension};

/// Adds a worker. Its lock is taken inside the transaction: nobody may see the worker before it holds its lock.
pub(crate) fn join(tx: &mut Tx<'_>, name: &str, build: &BuildId) -> rusqlite::Result<WorkerId> {
    let sql = "INSERT INTO worker (name, joined, build) VALUES (?1, ?2, ?3)";
    tx.execute(sql, (name, tx.at(), build.as_str()))?;
    Ok(WorkerId(tx.conn.last_insert_rowid()))
}

/// The build of a worker; `None`: it was given up, or has left.
pub(crate) fn build(tx: &Tx<'_>, worker: WorkerId) -> rusqlite::Result<Option<String>> {
    tx.conn
        .prepare_cached("SELECT build FROM worker WHERE worker = ?1")?
        .query_row([worker.0], |r| r.get(0))
        .optional()
}

/// Removes a worker and gives back what it owns. A worker that was given up already owns nothing any more: its executions
/// wait for a claim that counts the crash.
pub(crate) fn leave(tx: &mut Tx<'_>, worker: WorkerId) -> rusqlite::Result<()> {
    if tx.execute("DELETE FROM worker WHERE worker = ?1", [worker.0])? == 0 {
        return Ok(());
    }
    tx.destination = None;
    let owned: Vec<Release> = tx
        .conn
        .prepare_cached(
            "SELECT row, fence FROM execution JOIN position USING (row) WHERE owner = ?1 AND wake IS NULL",
        )?
        .query_map([worker.0], |r| Ok(Release { row: r.get(0)?, fence: r.get::<_, i64>(1)? as u64 }))?
        .collect::<Result<_, _>>()?;
    release(tx, &owned)
}

/// Makes claimable what this worker owns. The owner stays on the row: the claim sees by it that there was a crash, and a
/// worker that was only stalled may commit until then.
pub(crate) fn give_up(conn: &Connection, worker: WorkerId, now: i64) -> rusqlite::Result<u64> {
    conn.execute("DELETE FROM worker WHERE worker = ?1", [worker.0])?;
    let changed = conn.execute(
        "UPDATE execution SET wake = ?2, status = ?3, 
             class = (SELECT max(0, min(crashes + 1, 3) - 1) FROM position WHERE position.row = execution.row)
         WHERE owner = ?1 AND wake IS NULL",
        (worker.0, now, status_number(Status::Ready)),
    )?;
    Ok(changed as u64)
}

/// Owners that have no worker row: nothing but this would ever take their executions over. One seek for each owner.
pub(crate) fn orphans(conn: &Connection) -> rusqlite::Result<Vec<WorkerId>> {
    let mut next = conn.prepare_cached(
        "SELECT owner FROM execution WHERE owner > ?1 AND wake IS NULL ORDER BY owner LIMIT 1",
    )?;
    let mut known = conn.prepare_cached("SELECT 1 FROM worker WHERE worker = ?1")?;
    let (mut orphans, mut last) = (Vec::new(), i64::MIN);
    while let Some(row) = next.query([last])?.next()? {
        last = row.get(0)?;
        if !known.exists([last])? {
            orphans.push(WorkerId(last));
        }
    }
    Ok(orphans)
}
