//! Claims (K1, A1, A2): what is due, by priority and then by age, round robin over the worker's queues.

use crate::{
    columns::{execution_id, status_number, unsigned},
    commit::control_of,
    error::{damaged, is_damage, words},
    frames,
    group::{GROUP_MEMBERS_MAX, Tx, Witness},
    history, workers,
};
use durable_core::store::{
    ClaimRequest, Claimed, Claims, Delivery, ExecutionId, HistoryKind, QueueId, Release, Row, SchemaId,
    Status, StoreError,
};
use rusqlite::OptionalExtension;
use std::time::Duration;

/// How many crashes a waiting row carries, as its column `class` says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Ordinary = 0,
    Fragile = 1,
    Alone = 2,
    /// None, but it was set aside by a build: workers of others may try.
    Again = 3,
}

/// Where to look for what is due.
struct Queues {
    queues: Vec<Queue>,
    /// The build of the worker.
    build: String,
}

struct Queue {
    queue: QueueId,
    /// Await points whose executions stay where they are, as JSON, if there are any.
    unreadable: Option<String>,
}

const DUE: &str = "SELECT row FROM execution WHERE queue = ?1 AND class = ?2 AND priority = ?3 AND wake <= ?4
     ORDER BY wake, row LIMIT ?5";

const DUE_AND_READABLE: &str =
    "SELECT row FROM execution WHERE queue = ?1 AND class = ?2 AND priority = ?3 AND wake <= ?4
     AND NOT EXISTS (SELECT 1 FROM position WHERE position.row = execution.row
                     AND position.schema IN (SELECT value FROM json_each(?6)))
     AND NOT EXISTS (SELECT 1 FROM frame WHERE frame.row = execution.row
                     AND frame.schema IN (SELECT value FROM json_each(?6)))
     ORDER BY wake, row LIMIT ?5";

/// To cancel what it has set aside, a build need not read it.
const DUE_AGAIN: &str =
    "SELECT row FROM execution WHERE queue = ?1 AND class = ?2 AND priority = ?3 AND wake <= ?4
     AND NOT EXISTS (SELECT 1 FROM position WHERE position.row = execution.row
                     AND position.schema IN (SELECT value FROM json_each(?6)))
     AND NOT EXISTS (SELECT 1 FROM frame WHERE frame.row = execution.row
                     AND frame.schema IN (SELECT value FROM json_each(?6)))
     AND (set_aside_by IS NOT ?7
          OR EXISTS (SELECT 1 FROM position WHERE position.row = execution.row AND control <> 0))
     ORDER BY wake, row LIMIT ?5";

/// The await points of a queue that a build cannot go on from, as JSON; `None`: there are none.
pub(crate) fn unreadable_in(queue: QueueId, unreadable: &[(QueueId, SchemaId)]) -> Option<String> {
    let of_queue = unreadable.iter().filter(|(other, _)| *other == queue);
    let numbers: Vec<_> = of_queue.map(|(_, schema)| schema.0.to_string()).collect();
    (!numbers.is_empty()).then(|| format!("[{}]", numbers.join(",")))
}

/// Runs a claim. The inner error is for a worker that was given up.
pub(crate) fn claim(tx: &mut Tx<'_>, request: &ClaimRequest) -> rusqlite::Result<Result<Claims, StoreError>> {
    let Some(build) = workers::build(tx, request.worker)? else { return Ok(Err(StoreError::WorkerLost)) };
    let mut queues: Vec<Queue> = Vec::with_capacity(request.queues.len());
    for queue in &request.queues {
        if queues.iter().all(|known| known.queue != *queue) {
            let unreadable = unreadable_in(*queue, &request.unreadable);
            queues.push(Queue { queue: *queue, unreadable });
        }
    }
    let most = |asked: u32| (asked as usize).min(GROUP_MEMBERS_MAX);
    let queues = Queues { queues, build };
    let (mut rows, mut more) = due(tx, &queues, Class::Ordinary, most(request.limit))?;
    if !more {
        let (again, more_again) = due(tx, &queues, Class::Again, most(request.limit) - rows.len())?;
        rows.extend(again);
        more = more_again;
    }
    let (fragile, more_fragile) = due(tx, &queues, Class::Fragile, most(request.fragile))?;
    rows.extend(fragile);
    more |= more_fragile;
    if rows.is_empty() && request.alone {
        rows = due(tx, &queues, Class::Alone, 1)?.0;
    }
    let mut claimed = Vec::with_capacity(rows.len());
    for row in rows {
        match take(tx, request, row) {
            Ok(one) => claimed.push(one),
            // Else it would be due for ever, and keep all others from being claimed.
            Err(error) if is_damage(&error) => set_aside(tx, row, &error)?,
            Err(error) => return Err(error),
        }
    }
    let next_wake = if more { Some(Duration::ZERO) } else { next_wake(tx, &queues.queues)? };
    Ok(Ok(Claims { claimed, next_wake }))
}

/// Claims whose caller has gone are given back.
pub(crate) fn untaken(claims: Result<Claims, StoreError>) -> Vec<Release> {
    let claims = claims.unwrap_or_default().claimed;
    claims.into_iter().map(|claimed| Release { row: claimed.row, fence: claimed.fence }).collect()
}

/// Up to `limit` due rows of a class, one queue after the other in turns; and whether there are more.
fn due(tx: &Tx<'_>, from: &Queues, class: Class, limit: usize) -> rusqlite::Result<(Vec<Row>, bool)> {
    let mut turns = Vec::with_capacity(from.queues.len());
    for queue in &from.queues {
        turns.push(due_of(tx, queue, &from.build, class, limit + 1)?.into_iter());
    }
    let mut rows = Vec::new();
    loop {
        let before = rows.len();
        for turn in &mut turns {
            if let Some(row) = turn.next() {
                if rows.len() == limit {
                    return Ok((rows, limit > 0));
                }
                rows.push(row);
            }
        }
        if rows.len() == before {
            return Ok((rows, false));
        }
    }
}

/// One seek for each priority in use: rows of a higher priority that sleep must not be walked through to reach due ones.
fn due_of(tx: &Tx<'_>, from: &Queue, build: &str, class: Class, limit: usize) -> rusqlite::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut select = tx.conn.prepare_cached(match (class, &from.unreadable) {
        (Class::Again, _) => DUE_AGAIN,
        (_, None) => DUE,
        (_, Some(_)) => DUE_AND_READABLE,
    })?;
    let mut priority = None;
    while let Some(next) = next_priority(tx, from.queue, class, priority)? {
        let left = (limit - rows.len()) as i64;
        let (queue, at) = (from.queue.0, tx.at());
        let mut found = match (class, from.unreadable.as_deref()) {
            (Class::Again, schemas) => {
                let schemas = schemas.unwrap_or("[]");
                select.query((queue, class as i64, next, at, left, schemas, build))?
            }
            (_, None) => select.query((queue, class as i64, next, at, left))?,
            (_, Some(schemas)) => select.query((queue, class as i64, next, at, left, schemas))?,
        };
        while let Some(row) = found.next()? {
            rows.push(row.get(0)?);
        }
        if rows.len() >= limit {
            break;
        }
        priority = Some(next);
    }
    Ok(rows)
}

fn next_priority(
    tx: &Tx<'_>,
    queue: QueueId,
    class: Class,
    below: Option<i64>,
) -> rusqlite::Result<Option<i64>> {
    tx.conn
        .prepare_cached(
            "SELECT priority FROM execution WHERE queue = ?1 AND class = ?2 AND priority < ?3 AND wake IS NOT NULL
             ORDER BY priority DESC LIMIT 1",
        )?
        .query_row((queue.0, class as i64, below.unwrap_or(i64::MAX)), |r| r.get(0))
        .optional()
}

/// How long until the earliest row that is not due yet.
fn next_wake(tx: &Tx<'_>, queues: &[Queue]) -> rusqlite::Result<Option<Duration>> {
    let mut earliest: Option<i64> = None;
    let mut select = tx.conn.prepare_cached(
        "SELECT wake FROM execution WHERE queue = ?1 AND class = ?2 AND priority = ?3 AND wake > ?4 ORDER BY wake LIMIT 1",
    )?;
    for Queue { queue, .. } in queues {
        for class in [Class::Ordinary, Class::Fragile, Class::Alone, Class::Again] {
            let mut priority = None;
            while let Some(next) = next_priority(tx, *queue, class, priority)? {
                let wake: Option<i64> =
                    select.query_row((queue.0, class as i64, next, tx.at()), |r| r.get(0)).optional()?;
                earliest = earliest.into_iter().chain(wake).min();
                priority = Some(next);
            }
        }
    }
    Ok(earliest.map(|wake| Duration::from_millis(wake.abs_diff(tx.at()))))
}

/// Sets owner and fence of one due row, and reads what is needed to run it.
fn take(tx: &mut Tx<'_>, request: &ClaimRequest, row: Row) -> rusqlite::Result<Claimed> {
    // Read before it is written: `RETURNING` would go through a temporary table.
    let (mut claimed, dead, waiting, since, was_set_aside) = tx
        .conn
        .prepare_cached(
            "SELECT id, queue, instance, run, epoch, fence, crashes, mail, control, next_frame, waiting, owner,
                    set_aside_by IS NOT NULL AS was_set_aside, visit, failed, schema, snapshot, due, event, since
             FROM execution JOIN position USING (row) WHERE row = ?1",
        )?
        .query_row([row], |r| {
            let root = frames::claimed(frames::root(tx.conn, row, r)?);
            let claimed = Claimed {
                row,
                id: execution_id(r)?,
                queue: QueueId(r.get("queue")?),
                instance: r.get("instance")?,
                run: r.get("run")?,
                epoch: unsigned(r, "epoch")?,
                fence: unsigned(r, "fence")? + 1,
                crashes: r.get("crashes")?,
                mail: unsigned(r, "mail")?,
                control: control_of(r.get("control")?),
                next_frame: unsigned(r, "next_frame")?,
                frames: vec![root],
                event: None,
                now: tx.now,
            };
            let (owner, was_set_aside) = (r.get::<_, Option<i64>>("owner")?, r.get::<_, bool>("was_set_aside")?);
            Ok((claimed, owner, unsigned(r, "waiting")?, unsigned(r, "since")?, was_set_aside))
        })
        .optional()?
        .ok_or_else(|| damaged("it has no position"))?;
    claimed.crashes = claimed.crashes.saturating_add(u32::from(dead.is_some()));
    tx.execute(
        "UPDATE position SET fence = ?2, crashes = ?3, finished = NULL WHERE row = ?1",
        (row, claimed.fence as i64, claimed.crashes),
    )?;
    tx.execute(
        "UPDATE execution SET owner = ?2, wake = NULL, status = ?3 WHERE row = ?1",
        (row, request.worker.0, status_number(Status::Running)),
    )?;
    if was_set_aside {
        tx.execute("UPDATE execution SET set_aside_by = NULL WHERE row = ?1", [row])?;
    }
    let mut waits = vec![(since, 0, claimed.frames[0].event.clone())];
    if claimed.next_frame > 1 {
        for (since, child) in frames::children(tx.conn, row)? {
            waits.push((since, child.frame, child.event.clone()));
            claimed.frames.push(frames::claimed(child));
        }
    }
    if waiting > 0 {
        claimed.event = delivery(tx, row, waits)?;
    }
    if let Some(dead) = dead {
        history::add(tx, row, HistoryKind::TakenOver, Some(&format!("worker {dead}")))?;
    }
    let (fence, worker) = (claimed.fence as i64, request.worker);
    tx.testify(true, || Witness::Claimed { row, fence, worker });
    Ok(claimed)
}

/// Sets a damaged row aside, for nobody but a redrive: whoever wrote it last is fenced, and all else of it stays as it is.
pub(crate) fn set_aside(tx: &mut Tx<'_>, row: Row, error: &rusqlite::Error) -> rusqlite::Result<()> {
    let reason = format!("its row in the store is damaged: {}; restore it from a backup", words(error));
    tracing::warn!(row, reason, "a damaged execution is set aside");
    tx.execute(
        "UPDATE position SET epoch = epoch + 1, fence = fence + 1, finished = ?2 WHERE row = ?1",
        (row, tx.at()),
    )?;
    tx.execute(
        "UPDATE execution SET owner = NULL, wake = NULL, status = ?2, error = ?3, set_aside_by = NULL WHERE row = ?1",
        (row, status_number(Status::SetAside), reason),
    )?;
    let id: rusqlite::Result<String> =
        tx.conn.prepare_cached("SELECT id FROM execution WHERE row = ?1")?.query_row([row], |r| r.get(0));
    if let Some(id) = id.ok().and_then(|id| ExecutionId::new(id).ok()) {
        tx.effects.finished.push(id);
    }
    Ok(())
}

/// When a frame began to wait, its number, and the name it waits for.
type Wait = (u64, u64, Option<String>);

/// The oldest event for the frame that has waited longest for one that is there (E3).
fn delivery(tx: &Tx<'_>, row: Row, mut waits: Vec<Wait>) -> rusqlite::Result<Option<Delivery>> {
    waits.sort_unstable();
    let mut select = tx.conn.prepare_cached(
        "SELECT seq, payload FROM event WHERE row = ?1 AND name = ?2 AND consumed IS NULL ORDER BY seq LIMIT 1",
    )?;
    for (_, frame, name) in waits {
        let Some(name) = name else { continue };
        let found = select
            .query_row((row, name), |r| {
                Ok(Delivery { frame, seq: unsigned(r, "seq")?, payload: r.get("payload")? })
            })
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}
