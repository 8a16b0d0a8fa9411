//! What the types of events and outputs look like (E5): insert or compare. Never collected.

use crate::{error::damaged, group::Tx};
use durable_core::{Fingerprint, Schema};
use rusqlite::{Connection, OptionalExtension};

/// A schema as it is kept.
pub(crate) struct Shape {
    fingerprint: Fingerprint,
    content: Vec<u8>,
}

impl Shape {
    pub(crate) fn of(schema: &Schema) -> Self {
        let content = schema.to_bytes();
        Self { fingerprint: Fingerprint::of_bytes(&content), content }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.content.len()
    }
}

/// Keeps those that are not kept yet.
pub(crate) fn record(tx: &mut Tx<'_>, shapes: &[Shape]) -> rusqlite::Result<()> {
    for Shape { fingerprint, content } in shapes {
        match find(tx.conn, *fingerprint)? {
            None => {
                tx.execute("INSERT INTO shape VALUES (?1, ?2)", (fingerprint.0, content))?;
            }
            Some(known) if known == *content => {}
            Some(_) => return Err(is_another(*fingerprint)),
        }
    }
    Ok(())
}

/// The one with this fingerprint.
pub(crate) fn shape(conn: &Connection, fingerprint: Fingerprint) -> rusqlite::Result<Option<Schema>> {
    let Some(content) = find(conn, fingerprint)? else { return Ok(None) };
    if Fingerprint::of_bytes(&content) != fingerprint {
        return Err(is_another(fingerprint));
    }
    let schema = Schema::from_bytes(&content);
    schema.map(Some).map_err(|error| damaged(format!("shape {fingerprint}: {error}")))
}

fn find(conn: &Connection, fingerprint: Fingerprint) -> rusqlite::Result<Option<Vec<u8>>> {
    conn.prepare_cached("SELECT content FROM shape WHERE fingerprint = ?1")?
        .query_row([fingerprint.0], |r| r.get(0))
        .optional()
}

fn is_another(fingerprint: Fingerprint) -> rusqlite::Error {
    damaged(format!("shape {fingerprint} is not what its fingerprint says"))
}
