//! The writer thread: takes groups off the queue, one transaction each (G1, G2), and answers them.

use crate::{
    builder::Options,
    commit::Statements,
    error::{classify, is_busy, leaves_connection_usable},
    group::{Call, Effects, Request, Tx, Witness},
    queue::{Queue, Taken},
    recover,
    release::release,
    shared::Shared,
    watch::Watch,
};
use durable_core::store::{Release, Row, StoreError};
use rusqlite::Connection;
use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
};

pub(crate) struct Writer {
    options: Options,
    shared: Arc<Shared>,
    queue: Arc<Queue>,
    /// `None` after an I/O error, until the file is reopened (C4).
    conn: Option<Connection>,
    watch: Watch,
    /// Commits whose outcome could not be learnt: row, epoch, fence. A repeat of one is answered by reading the row.
    unknown: HashSet<(Row, u64, u64)>,
}

/// However the writer ends, nobody may wait for it afterwards.
struct CloseOnDrop(Arc<Queue>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// One member of a group: which request, and which commit of it.
#[derive(Clone, Copy)]
struct Member {
    row: Row,
    request: usize,
    index: usize,
}

/// How a transaction failed.
enum Failure {
    /// It was rolled back.
    Undone(rusqlite::Error),
    /// COMMIT failed in a way that leaves it open whether it happened.
    Unknown(rusqlite::Error, Vec<Witness>),
}

impl Writer {
    pub(crate) fn new(options: Options, shared: Arc<Shared>, queue: Arc<Queue>, conn: Connection) -> Self {
        Self { options, shared, queue, conn: Some(conn), watch: Watch::default(), unknown: HashSet::new() }
    }

    /// Runs until the queue is closed.
    pub(crate) fn run(mut self) {
        let _close = CloseOnDrop(Arc::clone(&self.queue));
        let mut worked = false;
        loop {
            let watched = self.poll();
            match self.queue.take(Watch::idle(watched), watched, worked) {
                Taken::Closed => break,
                Taken::Nothing => worked = false,
                Taken::Hint => self.watch.hint(),
                Taken::Group(requests) => {
                    worked = true;
                    // A panic must not leave callers waiting: unwinding drops the senders they wait on.
                    if catch_unwind(AssertUnwindSafe(|| self.group(requests))).is_err() {
                        tracing::error!(store = %self.options.location, "the writer panicked; it reopens the file");
                        self.lose_connection();
                    }
                }
            }
        }
    }

    /// Wakes foreign code, so it is guarded like a group.
    fn poll(&mut self) -> bool {
        let Self { watch, conn, shared, .. } = self;
        catch_unwind(AssertUnwindSafe(|| watch.poll(conn.as_ref(), &shared.local))).unwrap_or(true)
    }

    fn group(&mut self, mut requests: Vec<Request>) {
        requests.retain(|request| !matches!(request, Request::Job(job) if job.is_abandoned()));
        let effects = self.write(&mut requests);
        self.publish(effects);
        let untaken: Vec<Release> = requests.into_iter().flat_map(Request::reply).collect();
        if !untaken.is_empty() {
            // Its caller has gone: nobody would ever drive what was claimed for it.
            let (request, _) = Call::request(0, |()| Vec::new(), move |tx: &mut Tx<'_>| release(tx, &untaken));
            if let Request::Job(mut job) = request {
                let mut single = |tx: &mut Tx<'_>| job.run(tx);
                match self.transaction(&mut single) {
                    Ok(effects) => self.publish(effects),
                    Err(_) => self.lose_connection(),
                }
            }
        }
    }

    /// Writes all members, each with its own answer in the end.
    fn write(&mut self, requests: &mut [Request]) -> Effects {
        let mut all = Effects::default();
        if let Err(error) = self.ensure_connection() {
            let location = &self.options.location;
            requests.iter_mut().for_each(|r| r.fail(&|| classify(location, &error, false)));
            return all;
        }
        let members = members(requests);
        match self.attempt(requests, &members) {
            Ok(effects) => all = effects,
            Err(Failure::Undone(error)) if is_busy(&error) => {
                let location = &self.options.location;
                requests.iter_mut().for_each(|r| r.fail(&|| classify(location, &error, false)));
            }
            // One by one, so that each gets its own answer (G2).
            Err(Failure::Undone(_)) if members.len() > 1 => {
                for member in &members {
                    self.single(requests, *member, &mut all);
                }
            }
            Err(failure) => self.settle(requests, &members, failure, &mut all),
        }
        all
    }

    fn single(&mut self, requests: &mut [Request], member: Member, all: &mut Effects) {
        let result = match self.ensure_connection() {
            Ok(()) => self.attempt(requests, &[member]),
            Err(error) => Err(Failure::Undone(error)),
        };
        match result {
            Ok(effects) => all.add(effects),
            Err(failure) => self.settle(requests, &[member], failure, all),
        }
    }

    /// The last word on members that failed together.
    fn settle(&mut self, requests: &mut [Request], members: &[Member], failure: Failure, all: &mut Effects) {
        let (error, witnesses) = match failure {
            Failure::Undone(error) => return self.refuse(requests, members, &error, false),
            Failure::Unknown(error, witnesses) => (error, witnesses),
        };
        tracing::warn!(store = %self.options.location, %error, "a commit failed; its outcome is looked up");
        match self.ensure_connection().and_then(|()| self.happened(&witnesses)) {
            // The answers the members prepared are true after all. Whom to wake is not known any more: everyone looks.
            Ok(true) => self.shared.local.changed_elsewhere(),
            Ok(false) => {
                for member in members {
                    let again = match self.ensure_connection() {
                        Ok(()) => self.attempt(requests, &[*member]),
                        Err(error) => Err(Failure::Undone(error)),
                    };
                    match again {
                        Ok(effects) => all.add(effects),
                        Err(Failure::Undone(error)) => self.refuse(requests, &[*member], &error, false),
                        Err(Failure::Unknown(error, _)) => self.refuse(requests, &[*member], &error, true),
                    }
                }
            }
            Err(_) => self.refuse(requests, members, &error, true),
        }
    }

    fn refuse(&mut self, requests: &mut [Request], members: &[Member], error: &rusqlite::Error, unknown: bool) {
        for member in members {
            let answer = classify(&self.options.location, error, unknown);
            match &mut requests[member.request] {
                Request::Commits(batch) => {
                    let commit = &batch.members[member.index];
                    if unknown {
                        self.unknown.insert((commit.row, commit.epoch, commit.fence));
                    }
                    batch.answers[member.index] = Some(Err(answer.into()));
                }
                Request::Job(job) => job.fail(answer),
            }
        }
    }

    /// One transaction over these members.
    fn attempt(&mut self, requests: &mut [Request], members: &[Member]) -> Result<Effects, Failure> {
        let unknown = std::mem::take(&mut self.unknown);
        let result = self.transaction(&mut |tx| {
            let mut statements = Statements::new(tx.conn, &unknown);
            for member in members {
                match &mut requests[member.request] {
                    Request::Commits(batch) => {
                        let answer = statements.commit(tx, &batch.members[member.index])?;
                        batch.answers[member.index] = Some(answer);
                    }
                    Request::Job(job) => job.run(tx)?,
                }
            }
            Ok(())
        });
        self.unknown = unknown;
        if result.is_ok() && !self.unknown.is_empty() {
            for member in members {
                if let Request::Commits(batch) = &requests[member.request] {
                    let commit = &batch.members[member.index];
                    self.unknown.remove(&(commit.row, commit.epoch, commit.fence));
                }
            }
        }
        result
    }

    fn transaction(
        &mut self,
        work: &mut dyn FnMut(&mut Tx<'_>) -> rusqlite::Result<()>,
    ) -> Result<Effects, Failure> {
        let Some(conn) = &self.conn else {
            return Err(Failure::Undone(rusqlite::Error::InvalidQuery));
        };
        let result = (|| {
            run(conn, "BEGIN IMMEDIATE").map_err(Failure::Undone)?;
            let now = self.options.clock.now();
            let mut tx = Tx { conn, now, effects: Effects::default(), witnesses: Vec::new() };
            work(&mut tx).map_err(Failure::Undone)?;
            let Tx { effects, witnesses, .. } = tx;
            match self.shared.faults.commit(|| run(conn, "COMMIT")) {
                Ok(()) => Ok(effects),
                Err(error) if leaves_connection_usable(&error) => Err(Failure::Undone(error)),
                Err(error) => Err(Failure::Unknown(error, witnesses)),
            }
        })();
        if let Err(failure) = &result {
            let rolled_back = conn.is_autocommit() || run(conn, "ROLLBACK").is_ok();
            let usable = match failure {
                Failure::Undone(error) => leaves_connection_usable(error),
                Failure::Unknown(..) => false,
            };
            if !rolled_back || !usable {
                self.lose_connection();
            }
        }
        result
    }

    fn happened(&self, witnesses: &[Witness]) -> rusqlite::Result<bool> {
        let Some(conn) = &self.conn else { return Err(rusqlite::Error::InvalidQuery) };
        for witness in witnesses {
            if witness.testifies(conn)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads count no more until the file was reopened and its log checkpointed (C4).
    fn lose_connection(&mut self) {
        self.shared.suspect.store(true, Ordering::Release);
        self.conn = None;
        self.watch = Watch::default();
    }

    fn ensure_connection(&mut self) -> rusqlite::Result<()> {
        if self.conn.is_none() {
            self.conn = Some(recover::reopen(&self.options)?);
            self.shared.suspect.store(false, Ordering::Release);
        }
        if let Some(pages) = self.shared.take_page_limit()
            && let Some(conn) = &self.conn
        {
            crate::open::limit_pages(conn, pages)?;
            self.options.page_count_max = Some(pages);
        }
        Ok(())
    }

    fn publish(&self, effects: Effects) {
        effects.finished.iter().for_each(|id| self.shared.local.finished(id));
        if effects.work_ready {
            self.shared.local.work_ready();
        }
    }
}

impl Effects {
    fn add(&mut self, other: Self) {
        self.finished.extend(other.finished);
        self.work_ready |= other.work_ready;
    }
}

/// All members, sorted by row (G1): neighbours in the file are written together. The sort is stable, so two commits of one
/// row keep their order, and jobs, which have no row yet, come last.
fn members(requests: &[Request]) -> Vec<Member> {
    let mut members = Vec::new();
    for (request, content) in requests.iter().enumerate() {
        match content {
            Request::Commits(batch) => members.extend(
                batch.members.iter().enumerate().map(|(index, c)| Member { row: c.row, request, index }),
            ),
            Request::Job(_) => members.push(Member { row: Row::MAX, request, index: 0 }),
        }
    }
    members.sort_by_key(|member| member.row);
    members
}

fn run(conn: &Connection, sql: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(sql)?.execute([]).map(drop)
}

/// Answers requests that waited too long for a place in the queue (G3).
pub(crate) fn refuse_expired(location: &str, requests: Vec<Request>) {
    for mut request in requests {
        request.fail(&|| StoreError::Busy {
            location: location.to_owned(),
            reason: "the queue of writes is full, and stayed so: the disk is slower than the work".into(),
        });
        request.reply();
    }
}
