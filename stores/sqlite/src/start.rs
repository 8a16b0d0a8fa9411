//! Starts: idempotent by id, and already claimed where the caller's worker has room (K2).

use crate::{
    batch::Batch,
    columns::{status, status_number},
    error::damaged,
    group::{Tx, Witness},
    large,
};
use durable_core::store::{
    Claimed, ClaimedFrame, Release, SchemaId, StartRequest, Started, Status, StoreError,
};
use rusqlite::{CachedStatement, Connection};

/// Up to this many bytes, a start snapshot also stands where the next ones will: rows that grow with their first commit would
/// split the pages they stand in.
const SMALL_SNAPSHOT: usize = 1 << 10;

pub(crate) type StartAnswer = Result<Started, StoreError>;

/// Starts of one caller.
pub(crate) type StartBatch = Batch<StartRequest, StartAnswer>;

/// What a start adds to its group's size (G1).
pub(crate) fn weight(request: &StartRequest) -> usize {
    256 + request.snapshot.len() + large::weight(&request.large)
}

/// Inserts the execution, or tells what has its id already.
pub(crate) fn start(tx: &mut Tx<'_>, request: &StartRequest) -> rusqlite::Result<Started> {
    // A worker that was given up meanwhile must not own anything: nobody would ever take it over.
    let owner = if joined(tx, request)? { request.claim_for } else { None };
    let status = if owner.is_some() { Status::Running } else { Status::Ready };
    let fence = i64::from(owner.is_some());
    let (conn, at) = (tx.conn, tx.at());
    let inserts = match &mut tx.inserts {
        Some(inserts) => inserts,
        empty => empty.insert(Inserts::prepare(conn)?),
    };
    let inserted = inserts.execution.execute((
        request.id.as_str(),
        request.instance,
        request.queue.0,
        request.priority,
        at,
        status_number(status),
        owner.map(|worker| worker.0),
        owner.is_none().then_some(at),
    ))?;
    if inserted == 0 {
        return existing(tx, request);
    }
    let row = conn.last_insert_rowid();
    let snapshot = (request.snapshot.len() <= SMALL_SNAPSHOT).then_some(&*request.snapshot);
    inserts.position.execute((row, fence, request.schema.0, snapshot))?;
    inserts.input.execute((row, request.schema.0, &*request.snapshot))?;
    large::add(tx, row, &request.large)?;
    tx.testify(true, || Witness::Started { id: request.id.clone(), instance: request.instance });
    if owner.is_none() {
        tx.effects.work_ready = true;
        return Ok(Started::New(None));
    }
    let root = ClaimedFrame {
        frame: 0,
        parent: None,
        visit: 0,
        failed: 0,
        schema: request.schema,
        snapshot: request.snapshot.clone(),
        due: None,
        event: None,
    };
    Ok(Started::New(Some(Box::new(Claimed {
        row,
        id: request.id.clone(),
        queue: request.queue,
        instance: request.instance,
        run: 0,
        epoch: 0,
        fence: 1,
        crashes: 0,
        mail: 0,
        control: None,
        next_frame: 1,
        frames: vec![root],
        event: None,
        now: tx.now,
    }))))
}

/// What a start writes; prepared once per transaction.
pub(crate) struct Inserts<'c> {
    execution: CachedStatement<'c>,
    position: CachedStatement<'c>,
    input: CachedStatement<'c>,
}

impl<'c> Inserts<'c> {
    fn prepare(conn: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            execution: conn.prepare_cached(
                "INSERT INTO execution (id, instance, queue, priority, created, status, owner, wake)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id) DO NOTHING",
            )?,
            position: conn.prepare_cached(
                "INSERT INTO position (row, fence, schema, snapshot) VALUES (?1, ?2, ?3, ?4)",
            )?,
            input: conn.prepare_cached("INSERT INTO input VALUES (?1, ?2, ?3)")?,
        })
    }
}

/// Whether the worker to claim for is there. Starts come in groups for one queue and worker, so that is looked up once.
fn joined(tx: &mut Tx<'_>, request: &StartRequest) -> rusqlite::Result<bool> {
    let destination = Some((request.queue, request.claim_for));
    if tx.destination == destination {
        return Ok(true);
    }
    let (registered, joined): (bool, bool) = tx
        .conn
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM queue WHERE queue = ?1), EXISTS (SELECT 1 FROM worker WHERE worker = ?2)",
        )?
        .query_row((request.queue.0, request.claim_for.map(|worker| worker.0)), |r| Ok((r.get(0)?, r.get(1)?)))?;
    if !registered {
        return Err(damaged(format!("queue {} is not registered in this store", request.queue.0)));
    }
    if joined || request.claim_for.is_none() {
        tx.destination = destination;
    }
    Ok(joined)
}

fn existing(tx: &Tx<'_>, request: &StartRequest) -> rusqlite::Result<Started> {
    tx.conn
        .prepare_cached(
            "SELECT coalesce(queue.workflow, ''), execution.status, input.snapshot, input.schema
             FROM execution JOIN input USING (row) LEFT JOIN queue USING (queue) WHERE execution.id = ?1",
        )?
        .query_row([request.id.as_str()], |r| {
            Ok(Started::Existing {
                workflow: r.get(0)?,
                status: status(r.get(1)?)?,
                input: r.get(2)?,
                schema: SchemaId(r.get(3)?),
            })
        })
}

/// An execution that was started claimed, but whose caller has gone, is given back.
pub(crate) fn untaken(started: Started) -> Option<Release> {
    match started {
        Started::New(Some(claimed)) => Some(Release { row: claimed.row, fence: claimed.fence }),
        _ => None,
    }
}
