//! What people and tools read: executions, outcomes, lists.

use crate::{
    columns::{execution_id, status, status_number, unsigned, unsigned_or_null},
    commit::control_of,
    frames,
};
use durable_core::store::{
    BuildId, ExecutionId, ExecutionRecord, Filter, FrameRecord, Outcome, QueueId, Row, Status,
};
use rusqlite::{CachedStatement, Connection, OptionalExtension, named_params};

const LIST_LIMIT: u32 = 100;

/// An execution without its position is damage to report, not one that nobody knows: hence the outer join.
macro_rules! record {
    () => {
        "SELECT execution.*, position.*, coalesce(queue.workflow, '') AS workflow
         FROM execution LEFT JOIN position USING (row) LEFT JOIN queue USING (queue) WHERE "
    };
}

/// One execution with its frames.
pub(crate) fn execution(conn: &Connection, id: &ExecutionId) -> rusqlite::Result<Option<ExecutionRecord>> {
    conn.prepare_cached(concat!(record!(), "id = ?1"))?
        .query_row([id.as_str()], |r| record(conn, r))
        .optional()
}

/// What a filter asks for.
macro_rules! listed {
    () => {
        "id > :after AND (:status IS NULL OR status = :status) AND (:workflow IS NULL OR workflow = :workflow)
         ORDER BY id LIMIT :limit"
    };
}

/// Where an execution is in its life.
pub(crate) struct Found {
    pub(crate) row: Row,
    pub(crate) status: Status,
    pub(crate) epoch: u64,
    pub(crate) fence: u64,
}

/// An execution, without its snapshots.
pub(crate) fn find(conn: &Connection, id: &ExecutionId) -> rusqlite::Result<Option<Found>> {
    conn.prepare_cached(
        "SELECT row, status, epoch, fence FROM execution LEFT JOIN position USING (row) WHERE id = ?1",
    )?
    .query_row([id.as_str()], |r| {
        Ok(Found {
            row: r.get("row")?,
            status: status(r.get("status")?)?,
            epoch: unsigned(r, "epoch")?,
            fence: unsigned(r, "fence")?,
        })
    })
    .optional()
}

/// Executions by filter, in the order of ids.
pub(crate) fn list(conn: &Connection, filter: &Filter) -> rusqlite::Result<Vec<ExecutionRecord>> {
    listed(conn.prepare_cached(concat!(record!(), listed!()))?, filter, |r| record(conn, r))
}

/// The same without reading more than the ids.
pub(crate) fn list_ids(conn: &Connection, filter: &Filter) -> rusqlite::Result<Vec<ExecutionId>> {
    let select = conn.prepare_cached(concat!(
        "SELECT id FROM execution LEFT JOIN queue USING (queue) WHERE ",
        listed!()
    ))?;
    listed(select, filter, execution_id)
}

fn listed<T>(
    mut select: CachedStatement<'_>,
    filter: &Filter,
    read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let rows = select.query_map(
        named_params! {
            // Ids are never empty, so all come after the empty text.
            ":after": filter.after.as_ref().map_or("", ExecutionId::as_str),
            ":status": filter.status.map(status_number),
            ":workflow": filter.workflow,
            ":limit": if filter.limit == 0 { LIST_LIMIT } else { filter.limit },
        },
        read,
    )?;
    rows.collect()
}

/// How an execution ended: no such execution, not yet, or so.
pub(crate) fn outcome(conn: &Connection, id: &ExecutionId) -> rusqlite::Result<Option<Option<Outcome>>> {
    conn.prepare_cached(
        "SELECT epoch, finished, status, output, error FROM execution LEFT JOIN position USING (row) WHERE id = ?1",
    )?
    .query_row([id.as_str()], |r| {
        // An execution that lost its position must not seem to run for ever.
        unsigned(r, "epoch")?;
        if unsigned_or_null(r, "finished")?.is_none() {
            return Ok(None);
        }
        Ok(Some(Outcome {
            status: status(r.get("status")?)?,
            output: r.get("output")?,
            error: r.get("error")?,
        }))
    })
    .optional()
}

fn record(conn: &Connection, r: &rusqlite::Row<'_>) -> rusqlite::Result<ExecutionRecord> {
    let row = r.get("row")?;
    let status = status(r.get("status")?)?;
    let mut frames: Vec<FrameRecord> = Vec::new();
    if !matches!(status, Status::Succeeded | Status::Cancelled) {
        frames.push(frames::root(conn, row, r)?);
        frames.extend(frames::children(conn, row)?.into_iter().map(|(_, frame)| frame));
    }
    Ok(ExecutionRecord {
        row,
        id: execution_id(r)?,
        workflow: r.get("workflow")?,
        queue: QueueId(r.get("queue")?),
        status,
        epoch: unsigned(r, "epoch")?,
        fence: unsigned(r, "fence")?,
        instance: r.get("instance")?,
        run: r.get("run")?,
        crashes: r.get("crashes")?,
        control: control_of(r.get("control")?).filter(|_| !status.is_terminal()),
        wake: unsigned_or_null(r, "wake")?,
        created: unsigned(r, "created")?,
        finished: unsigned_or_null(r, "finished")?,
        error: r.get("error")?,
        set_aside_by: r.get::<_, Option<String>>("set_aside_by")?.map(BuildId::new),
        frames,
    })
}
