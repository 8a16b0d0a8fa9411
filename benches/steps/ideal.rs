//! The ideal loop: what the same durability costs when nothing else is done.
//!
//! One thread, prepared statements, one transaction per round of ready executions, at most 1,000 to a transaction, and every
//! execution is twelve one-row writes: its start, ten steps, its finish. Each write but the first is a compare-and-swap.

use crate::{Case, Result, Waves, order::Order, workload::STEPS};
use durable_core::{
    store::SchemaId,
    stored::{STORED_HEADER_BYTES, stamp},
};
use rusqlite::{Connection, Statement};
use std::{ops::Range, path::Path, time::Instant};

const GROUP: usize = 1_000;

/// The settings of `durable-sqlite`, and a table with nothing that is not written.
const SET_UP: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -65536;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA journal_size_limit = 67108864;
    CREATE TABLE execution (
        row      INTEGER PRIMARY KEY,
        epoch    INTEGER NOT NULL,
        fence    INTEGER NOT NULL,
        finished INTEGER,
        snapshot BLOB
    );";
const START: &str = "INSERT INTO execution VALUES (?1, 0, 1, NULL, ?2)";
const STEP: &str =
    "UPDATE execution SET epoch = epoch + 1, snapshot = ?2 WHERE row = ?1 AND epoch = ?3 AND fence = 1";
const FINISH: &str = "UPDATE execution SET epoch = epoch + 1, finished = 1, snapshot = ?2 WHERE row = ?1 AND epoch = ?3 AND fence = 1";

/// Carries every wave of the case.
pub(crate) fn run(folder: &Path, case: Case) -> Result<Waves> {
    let connection = Connection::open(folder.join("ideal.db"))?;
    connection.execute_batch(SET_UP)?;
    let mut ideal = Ideal {
        start: connection.prepare(START)?,
        step: connection.prepare(STEP)?,
        finish: connection.prepare(FINISH)?,
        connection: &connection,
        buffer: vec![0; 4_096],
    };
    // One execution first, as the other side does: both are warm.
    ideal.wave(0..1)?;
    let mut waves = Waves::with_capacity(case.waves);
    for wave in 0..case.waves {
        let first = 1 + wave * case.concurrent;
        let rows = first..first + case.concurrent;
        let begun = Instant::now();
        ideal.wave(rows)?;
        waves.push(begun.elapsed());
    }
    Ok(waves)
}

struct Ideal<'c> {
    connection: &'c Connection,
    start: Statement<'c>,
    step: Statement<'c>,
    finish: Statement<'c>,
    buffer: Vec<u8>,
}

impl Ideal<'_> {
    /// Executions from their start to their finish, round by round.
    fn wave(&mut self, rows: Range<usize>) -> Result<()> {
        let mut orders = vec![Order::sample(); rows.len()];
        for epoch in 0..=STEPS + 1 {
            for (group, orders) in orders.chunks_mut(GROUP).enumerate() {
                self.connection.execute_batch("BEGIN IMMEDIATE")?;
                for (index, order) in orders.iter_mut().enumerate() {
                    self.write(rows.start + group * GROUP + index, epoch, order)?;
                }
                self.connection.execute_batch("COMMIT")?;
            }
        }
        Ok(())
    }

    fn write(&mut self, row: usize, epoch: usize, order: &mut Order) -> Result<()> {
        let payload = postcard::to_slice(&*order, &mut self.buffer[STORED_HEADER_BYTES..])?.len();
        let snapshot = &mut self.buffer[..STORED_HEADER_BYTES + payload];
        stamp(snapshot, SchemaId(epoch as u32 + 1), epoch as u64);
        let snapshot = &*snapshot;
        let (row, before) = (i64::try_from(row)?, epoch as i64 - 1);
        let written = match epoch {
            0 => self.start.execute((row, snapshot))?,
            _ if epoch <= STEPS => {
                order.steps_done += 1;
                self.step.execute((row, snapshot, before))?
            }
            // An output in place of the snapshot.
            _ => self.finish.execute((row, &snapshot[..STORED_HEADER_BYTES], before))?,
        };
        if written == 1 { Ok(()) } else { Err(format!("row {row} was not at epoch {epoch}").into()) }
    }
}
