//! Large fields, apart from the snapshots that refer to them (S1).

use crate::group::Tx;
use durable_core::{
    store::{Commit, ContentId, FoundFields, LargeField, Row},
    stored::{contents, may_refer},
};
use rusqlite::{Connection, OptionalExtension};
use std::{collections::HashSet, sync::Arc};

/// What a group of these adds to a group's size (G1).
pub(crate) fn weight(large: &[LargeField]) -> usize {
    large.iter().map(|field| 128 + field.bytes.len()).sum()
}

/// What is there already stays: it is the same.
pub(crate) fn add(tx: &Tx<'_>, row: Row, large: &[LargeField]) -> rusqlite::Result<()> {
    insert(
        tx,
        row,
        large,
        "INSERT INTO large (row, content, bytes) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )
}

/// What is there already may be damaged.
pub(crate) fn replace(tx: &Tx<'_>, row: Row, large: &[LargeField]) -> rusqlite::Result<()> {
    insert(
        tx,
        row,
        large,
        "INSERT INTO large (row, content, bytes) VALUES (?1, ?2, ?3)
         ON CONFLICT (row, content) DO UPDATE SET bytes = excluded.bytes",
    )
}

fn insert(tx: &Tx<'_>, row: Row, large: &[LargeField], sql: &'static str) -> rusqlite::Result<()> {
    for LargeField { content, bytes } in large {
        tx.execute(sql, (row, content.0, &**bytes))?;
    }
    Ok(())
}

/// Whether a snapshot that goes refers to what the one that this commit saves does not: else, a field that stays as it is would have all
/// snapshots read with each commit.
pub(crate) fn leaves(gone: &[u8], commit: &Commit) -> bool {
    if !may_refer(gone) {
        return false;
    }
    let saved = commit.root.as_ref().and_then(|root| root.snapshot.as_ref());
    let saved = saved.and_then(|(_, snapshot)| contents(snapshot).ok()).unwrap_or_default();
    contents(gone).is_ok_and(|gone| gone.iter().any(|content| !saved.contains(content)))
}

/// Removes what no snapshot refers to. If one of these cannot be read, all stays.
pub(crate) fn sweep(tx: &Tx<'_>, row: Row) -> rusqlite::Result<()> {
    let mut large = tx.conn.prepare_cached("SELECT content FROM large WHERE row = ?1")?;
    let large: Vec<[u8; 32]> = large.query_map([row], |r| r.get(0))?.collect::<Result<_, _>>()?;
    if large.is_empty() {
        return Ok(());
    }
    let mut snapshots = tx.conn.prepare_cached(
        "SELECT snapshot FROM position WHERE row = ?1 AND snapshot IS NOT NULL
         UNION ALL SELECT snapshot FROM frame WHERE row = ?1
         UNION ALL SELECT snapshot FROM kept WHERE row = ?1
         UNION ALL SELECT snapshot FROM input WHERE row = ?1",
    )?;
    let mut snapshots = snapshots.query([row])?;
    let mut referred = HashSet::new();
    while let Some(snapshot) = snapshots.next()? {
        match contents(snapshot.get_ref(0)?.as_blob()?) {
            Ok(contents) => referred.extend(contents),
            Err(error) => {
                tracing::warn!(row, %error, "large fields of an execution stay, needed or not: one of its snapshots cannot be read");
                return Ok(());
            }
        }
    }
    for content in large.into_iter().filter(|content| !referred.contains(&ContentId(*content))) {
        tx.execute("DELETE FROM large WHERE row = ?1 AND content = ?2", (row, content))?;
    }
    Ok(())
}

/// By address, in order.
pub(crate) fn read(conn: &Connection, row: Row, contents: &[ContentId]) -> rusqlite::Result<FoundFields> {
    let mut select = conn.prepare_cached("SELECT bytes FROM large WHERE row = ?1 AND content = ?2")?;
    contents
        .iter()
        .map(|content| {
            let bytes: Option<Vec<u8>> = select.query_row((row, content.0), |r| r.get(0)).optional()?;
            Ok(bytes.map(Arc::from))
        })
        .collect()
}
