//! The keeper thread: beats on a connection of its own, so that a stalled writer does not look like a dead worker (K3), and
//! refuses requests that waited too long for a place in the queue (G3).

use crate::{
    builder::Options,
    clock::deadline,
    error::{classify, leaves_connection_usable},
    events,
    lock::{Locks, Sign},
    open,
    queue::{Chore, Queue},
    shared::Shared,
    workers,
};
use durable_core::store::{Beat, StoreError, WorkerId};
use rusqlite::{Connection, TransactionBehavior};
use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

/// Retention rides along with beats, a few short transactions at a time (G5).
const RETENTION_ROUNDS: usize = 20;

pub(crate) struct Keeper {
    options: Options,
    shared: Arc<Shared>,
    locks: Arc<Locks>,
    conn: Option<Connection>,
    /// When each other worker's beat counter was first seen at its value, by this process's monotonic clock.
    observed: HashMap<WorkerId, (i64, Instant)>,
}

impl Keeper {
    pub(crate) fn new(options: Options, shared: Arc<Shared>, locks: Arc<Locks>) -> Self {
        Self { options, shared, locks, conn: None, observed: HashMap::new() }
    }

    /// Runs until the queue is closed.
    pub(crate) fn run(mut self, queue: &Queue) {
        while let Some(chore) = queue.keep() {
            // The callers' wakers run here; a panic of theirs is not the end of everyone's beats.
            let done = catch_unwind(AssertUnwindSafe(|| match chore {
                Chore::Errand(errand) => errand(&mut self),
                Chore::Expired(requests) => {
                    for mut request in requests {
                        request.fail(&|| StoreError::Busy {
                            location: self.options.location.clone(),
                            reason:
                                "the queue of writes is full and stayed so: the disk is slower than the work"
                                    .into(),
                        });
                        request.reply();
                    }
                }
            }));
            if done.is_err() {
                tracing::error!(store = %self.options.location, "the keeper panicked; it goes on");
                self.conn = None;
            }
        }
    }

    /// One beat, and a look at the others.
    pub(crate) fn beat(&mut self, worker: WorkerId, lease: Duration) -> Result<Beat, StoreError> {
        let result = self.beat_and_look(worker, lease);
        match result {
            Ok(Some(beat)) => {
                self.locks.refresh(worker);
                if beat.taken_over > 0 {
                    self.shared.local.work_ready();
                }
                Ok(beat)
            }
            Ok(None) => {
                self.locks.drop_lock(worker);
                Err(StoreError::WorkerLost)
            }
            Err(error) => {
                if !leaves_connection_usable(&error) {
                    self.conn = None;
                }
                Err(classify(&self.options.location, &error, false))
            }
        }
    }

    fn beat_and_look(&mut self, worker: WorkerId, lease: Duration) -> rusqlite::Result<Option<Beat>> {
        let conn = match &mut self.conn {
            Some(conn) => conn,
            empty => empty.insert(open::keeper(&self.options)?),
        };
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if tx.prepare_cached("UPDATE worker SET beat = beat + 1 WHERE worker = ?1")?.execute([worker.0])? == 0
        {
            return Ok(None);
        }
        let beats: Vec<(WorkerId, i64)> = tx
            .prepare_cached("SELECT worker, beat FROM worker WHERE worker <> ?1")?
            .query_map([worker.0], |r| Ok((WorkerId(r.get(0)?), r.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let dead = dead_workers(&mut self.observed, &self.locks, &beats, lease);
        let now = deadline(self.options.clock.now(), Duration::ZERO);
        let mut taken_over = 0;
        for other in &dead {
            tracing::warn!(store = %self.options.location, worker = other.0, "a worker is dead; its executions are taken over");
            taken_over += workers::give_up(&tx, *other, now)?;
        }
        for orphan in workers::orphans(&tx)? {
            taken_over += workers::give_up(&tx, orphan, now)?;
        }
        tx.commit()?;
        for other in dead {
            if self.locks.sign(other) == Sign::Dead {
                self.locks.bury(other);
            }
        }
        for _ in 0..RETENTION_ROUNDS {
            if !events::forget_ids(conn, now)? {
                break;
            }
        }
        Ok(Some(Beat { taken_over }))
    }
}

/// Those whose lock is free, or whose counter stood still for a lease.
fn dead_workers(
    observed: &mut HashMap<WorkerId, (i64, Instant)>,
    locks: &Locks,
    beats: &[(WorkerId, i64)],
    lease: Duration,
) -> Vec<WorkerId> {
    let now = Instant::now();
    observed.retain(|worker, _| beats.iter().any(|(known, _)| known == worker));
    let mut dead = Vec::new();
    for (worker, beat) in beats {
        let seen = observed.entry(*worker).or_insert((*beat, now));
        if seen.0 != *beat {
            *seen = (*beat, now);
        }
        if now.duration_since(seen.1) >= lease || locks.sign(*worker) == Sign::Dead {
            dead.push(*worker);
        }
    }
    dead
}
