//! Registration of workflows: insert or compare (Versions). Schemas are never collected.

use crate::{
    columns::{status_number, unsigned},
    error::damaged,
    group::Tx,
};
use durable_core::{
    Fingerprint, PointSchema,
    store::{QueueId, Registered, Registration, SchemaId, SchemaRow, Status, StoreError, Version},
};
use rusqlite::{Connection, OptionalExtension};

/// Runs a registration. Everything is compared before anything is written, since a refusal does not roll back.
pub(crate) fn register(
    tx: &mut Tx<'_>,
    registration: &Registration,
) -> rusqlite::Result<Result<Registered, StoreError>> {
    let workflow = &registration.workflow;
    let points: Vec<_> = registration.points.iter().map(|p| (p, p.fingerprint(), p.to_bytes())).collect();
    let conflict = |point: &str, fingerprint: Fingerprint| StoreError::SchemaConflict {
        workflow: workflow.clone(),
        point: point.to_owned(),
        fingerprint,
    };
    let mut known = Vec::with_capacity(points.len());
    for (point, fingerprint, content) in &points {
        let found = find_point(tx.conn, workflow, &point.name, *fingerprint)?;
        if found.as_ref().is_some_and(|(_, stored)| stored != content) {
            return Ok(Err(conflict(&point.name, *fingerprint)));
        }
        known.push(found.map(|(schema, _)| schema));
    }
    let queue = find_queue(tx.conn, workflow, registration.fingerprint)?;
    if let Some((queue, version)) = queue {
        if version != registration.version {
            return Ok(Err(conflict("", registration.fingerprint)));
        }
        let stored = points_of(tx.conn, queue)?;
        let strange = (points.iter().zip(&known)).find(|(_, schema)| {
            schema.is_none_or(|schema| !stored.iter().any(|(known, _)| *known == schema))
        });
        if let Some(((point, ..), _)) = strange {
            return Ok(Err(conflict(&point.name, registration.fingerprint)));
        }
        let missing = stored.iter().find(|(schema, _)| !known.contains(&Some(*schema)));
        if let Some((_, name)) = missing {
            return Ok(Err(conflict(name, registration.fingerprint)));
        }
        let schemas = known.into_iter().flatten().collect();
        return Ok(Ok(Registered { queue, schemas }));
    }
    let mut schemas = Vec::with_capacity(points.len());
    for ((point, fingerprint, content), known) in points.iter().zip(known) {
        // Looked up again: a point may be listed twice.
        let schema = match known
            .or(find_point(tx.conn, workflow, &point.name, *fingerprint)?.map(|(schema, _)| schema))
        {
            Some(schema) => schema,
            None => {
                tx.execute(
                    "INSERT INTO point (workflow, name, fingerprint, content) VALUES (?1, ?2, ?3, ?4)",
                    (workflow, &point.name, fingerprint.0, content),
                )?;
                SchemaId(number(tx.conn.last_insert_rowid())?)
            }
        };
        schemas.push(schema);
    }
    tx.execute(
        "INSERT INTO queue (workflow, version, fingerprint) VALUES (?1, ?2, ?3)",
        (workflow, registration.version, registration.fingerprint.0),
    )?;
    let queue = QueueId(number(tx.conn.last_insert_rowid())?);
    for schema in &schemas {
        tx.execute("INSERT OR IGNORE INTO queue_point VALUES (?1, ?2)", (queue.0, schema.0))?;
    }
    Ok(Ok(Registered { queue, schemas }))
}

/// A schema row by its number.
pub(crate) fn schema(conn: &Connection, schema: SchemaId) -> rusqlite::Result<Option<SchemaRow>> {
    let found = conn
        .prepare_cached("SELECT workflow, content FROM point WHERE schema = ?1")?
        .query_row([schema.0], |r| Ok((r.get::<_, String>(0)?, r.get::<_, Vec<u8>>(1)?)))
        .optional()?;
    let Some((workflow, content)) = found else { return Ok(None) };
    let point =
        PointSchema::from_bytes(&content).map_err(|e| damaged(format!("schema row {}: {e}", schema.0)))?;
    Ok(Some(SchemaRow { workflow, point }))
}

/// All versions of a workflow, the oldest first.
pub(crate) fn versions(conn: &Connection, workflow: &str) -> rusqlite::Result<Vec<Version>> {
    let mut points = conn.prepare_cached(
        "SELECT schema, content FROM queue_point JOIN point USING (schema) WHERE queue = ?1 ORDER BY schema",
    )?;
    let mut queues = conn
        .prepare_cached("SELECT queue, version, fingerprint FROM queue WHERE workflow = ?1 ORDER BY queue")?;
    let queues = queues.query_map([workflow], |r| {
        let (queue, version, fingerprint) = (QueueId(r.get(0)?), r.get(1)?, Fingerprint(r.get(2)?));
        Ok(Version { queue, version, fingerprint, points: Vec::new() })
    })?;
    let mut versions = Vec::new();
    for version in queues {
        let mut version = version?;
        let rows =
            points.query_map([version.queue.0], |r| Ok((r.get::<_, u32>(0)?, r.get::<_, Vec<u8>>(1)?)))?;
        for row in rows {
            let (schema, content) = row?;
            let point = PointSchema::from_bytes(&content)
                .map_err(|error| damaged(format!("schema row {schema}: {error}")))?;
            version.points.push((SchemaId(schema), point));
        }
        versions.push(version);
    }
    Ok(versions)
}

/// How many executions of a workflow have not ended, by queue.
pub(crate) fn unfinished(conn: &Connection, workflow: &str) -> rusqlite::Result<Vec<(QueueId, u64)>> {
    conn.prepare_cached(
        "SELECT queue, count(*) AS unfinished FROM execution LEFT JOIN position USING (row)
         WHERE (finished IS NULL OR status = ?2) AND queue IN (SELECT queue FROM queue WHERE workflow = ?1)
         GROUP BY queue ORDER BY queue",
    )?
    .query_map((workflow, status_number(Status::SetAside)), |r| {
        Ok((QueueId(r.get("queue")?), unsigned(r, "unfinished")?))
    })?
    .collect()
}

fn find_point(
    conn: &Connection,
    workflow: &str,
    name: &str,
    fingerprint: Fingerprint,
) -> rusqlite::Result<Option<(SchemaId, Vec<u8>)>> {
    conn.prepare_cached(
        "SELECT schema, content FROM point WHERE workflow = ?1 AND name = ?2 AND fingerprint = ?3",
    )?
    .query_row((workflow, name, fingerprint.0), |r| Ok((SchemaId(r.get(0)?), r.get(1)?)))
    .optional()
}

fn find_queue(
    conn: &Connection,
    workflow: &str,
    fingerprint: Fingerprint,
) -> rusqlite::Result<Option<(QueueId, u32)>> {
    conn.prepare_cached("SELECT queue, version FROM queue WHERE workflow = ?1 AND fingerprint = ?2")?
        .query_row((workflow, fingerprint.0), |r| Ok((QueueId(r.get(0)?), r.get(1)?)))
        .optional()
}

fn points_of(conn: &Connection, queue: QueueId) -> rusqlite::Result<Vec<(SchemaId, String)>> {
    conn.prepare_cached("SELECT schema, name FROM queue_point JOIN point USING (schema) WHERE queue = ?1")?
        .query_map([queue.0], |r| Ok((SchemaId(r.get(0)?), r.get(1)?)))?
        .collect()
}

fn number(rowid: i64) -> rusqlite::Result<u32> {
    u32::try_from(rowid).map_err(|_| damaged(format!("row number {rowid} of a schema or queue")))
}
