//! Frames as stored: the root inline in its execution's row, children in rows of their own.

use crate::{
    columns::{unsigned, unsigned_or_null},
    error::damaged,
};
use durable_core::store::{ClaimedFrame, FrameRecord, Row, SchemaId};
use rusqlite::{Connection, OptionalExtension};

/// The root, from a row of `position`. Until a commit brings a snapshot, the start snapshot is the root's (epoch 0).
pub(crate) fn root(conn: &Connection, row: Row, r: &rusqlite::Row<'_>) -> rusqlite::Result<FrameRecord> {
    let snapshot: Option<Vec<u8>> = r.get("snapshot")?;
    let snapshot = match snapshot {
        Some(snapshot) => snapshot,
        None => conn
            .prepare_cached("SELECT snapshot FROM input WHERE row = ?1")?
            .query_row([row], |r| r.get(0))
            .optional()?
            .ok_or_else(|| damaged(format!("execution row {row} has neither a snapshot nor an input")))?,
    };
    Ok(FrameRecord {
        frame: 0,
        parent: None,
        visit: unsigned(r, "visit")?,
        failed: r.get("failed")?,
        schema: SchemaId(r.get("schema")?),
        snapshot: snapshot.into(),
        due: unsigned_or_null(r, "due")?,
        event: r.get("event")?,
    })
}

/// All frames but the root, by number, each with the epoch at which it began to wait for its event.
pub(crate) fn children(conn: &Connection, row: Row) -> rusqlite::Result<Vec<(u64, FrameRecord)>> {
    conn.prepare_cached(
        "SELECT frame, parent, visit, failed, schema, snapshot, due, event, since FROM frame WHERE row = ?1 ORDER BY frame",
    )?
    .query_map([row], |r| {
        let snapshot: Vec<u8> = r.get("snapshot")?;
        let record = FrameRecord {
            frame: unsigned(r, "frame")?,
            parent: unsigned_or_null(r, "parent")?,
            visit: unsigned(r, "visit")?,
            failed: r.get("failed")?,
            schema: SchemaId(r.get("schema")?),
            snapshot: snapshot.into(),
            due: unsigned_or_null(r, "due")?,
            event: r.get("event")?,
        };
        Ok((unsigned(r, "since")?, record))
    })?
    .collect()
}

/// The two shapes of the contract hold the same.
pub(crate) fn claimed(frame: FrameRecord) -> ClaimedFrame {
    let FrameRecord { frame, parent, visit, failed, schema, snapshot, due, event } = frame;
    ClaimedFrame { frame, parent, visit, failed, schema, snapshot, due, event }
}
