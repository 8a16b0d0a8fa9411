//! The writer thread: takes groups off the queue, one transaction each (G1, G2), and answers them.

use crate::{
    builder::Options,
    commit::Statements,
    error::{classify, is_busy, leaves_connection_usable},
    group::{Effects, Request, Tx, Witness},
    log::Log,
    queue::{Queue, Taken},
    recover,
    release::release,
    shared::Shared,
    start,
    watch::Watch,
};
use durable_core::store::{Release, Row};
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
    /// The log of `conn`.
    log: Option<Log>,
    watch: Watch,
    /// Commits whose outcome could not be learnt: row, epoch, fence. A repeat of one is answered by reading the row.
    unknown: HashSet<(Row, u64, u64)>,
    /// Claims for callers that have gone, or that could not be told whether they were made.
    untaken: Vec<Release>,
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
        let watch = Watch::beginning_now(&conn);
        Self {
            options,
            shared,
            queue,
            log: Log::of(&conn),
            conn: Some(conn),
            watch,
            unknown: HashSet::new(),
            untaken: Vec::new(),
        }
    }

    /// Runs until the queue is closed.
    pub(crate) fn run(mut self) {
        let _close = CloseOnDrop(Arc::clone(&self.queue));
        loop {
            let watched = self.poll();
            let idle = Watch::idle(watched, self.conn.is_none());
            match self.queue.take(idle, watched) {
                Taken::Closed => break,
                Taken::Nothing => self.guarded(Self::tidy),
                Taken::Hint => self.watch.hint(),
                Taken::Group(requests) => self.guarded(|writer| writer.group(requests)),
            }
        }
    }

    /// A panic must not leave callers waiting: unwinding drops the senders they wait on.
    fn guarded(&mut self, work: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| work(self))).is_err() {
            tracing::error!(store = %self.options.location, "the writer panicked; it reopens the file");
            self.lose_connection();
        }
    }

    /// Wakes foreign code, so it is guarded like a group.
    fn poll(&mut self) -> bool {
        let Self { watch, conn, shared, .. } = self;
        catch_unwind(AssertUnwindSafe(|| watch.poll(conn.as_ref(), &shared.local))).unwrap_or(true)
    }

    fn group(&mut self, mut requests: Vec<Request>) {
        requests.retain(|request| !request.is_abandoned());
        let effects = self.write(&mut requests);
        self.publish(effects);
        for request in requests {
            // A waker that panics is its task's affair: the group is written, and its other members must hear of it.
            if let Ok(untaken) = catch_unwind(AssertUnwindSafe(|| request.reply())) {
                self.untaken.extend(untaken);
            }
        }
        self.give_back_untaken();
    }

    /// What is left to do when nobody writes. Readers wait for a lost file to be reopened.
    fn tidy(&mut self) {
        if self.ensure_connection().is_ok() {
            self.give_back_untaken();
        }
    }

    /// Gives back what was claimed for callers that have gone: nobody would ever drive it. Kept if it fails.
    fn give_back_untaken(&mut self) {
        if self.untaken.is_empty() {
            return;
        }
        let untaken = std::mem::take(&mut self.untaken);
        match self.transaction(&mut |tx| release(tx, &untaken)) {
            Ok(effects) => self.publish(effects),
            Err(_) => self.untaken = untaken,
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
            Ok(true) => {
                let local = &self.shared.local;
                let _ = catch_unwind(AssertUnwindSafe(|| local.changed_elsewhere()));
            }
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

    fn refuse(
        &mut self,
        requests: &mut [Request],
        members: &[Member],
        error: &rusqlite::Error,
        unknown: bool,
    ) {
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
                Request::Starts(batch) => batch.answers[member.index] = Some(Err(answer)),
                Request::Job(job) => {
                    if unknown {
                        // If it happened all the same: its caller is told nothing of it.
                        self.untaken.extend(job.leftovers());
                    }
                    job.fail(answer)
                }
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
                    Request::Starts(batch) => {
                        let started = start::start(tx, &batch.members[member.index])?;
                        batch.answers[member.index] = Some(Ok(started));
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
            if self.log.as_mut().is_some_and(|log| log.make_room().is_err()) {
                // What SQLite makes of it is told.
                self.log = None;
            }
            let now = self.options.clock.now();
            let mut tx = Tx {
                conn,
                now,
                effects: Effects::default(),
                watched: self.shared.local.has_waiters(),
                witnesses: Vec::new(),
                has_lasting_witness: false,
                destination: None,
                inserts: None,
            };
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
        self.log = None;
        self.conn = None;
        self.watch = Watch::default();
    }

    fn ensure_connection(&mut self) -> rusqlite::Result<()> {
        if self.conn.is_none() {
            let conn = recover::reopen(&self.options)?;
            self.log = Log::of(&conn);
            self.conn = Some(conn);
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
        let local = &self.shared.local;
        // Foreign code wakes here, and the answers of the group are still to be sent.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            effects.finished.iter().for_each(|id| local.finished(id));
            effects.requested.iter().for_each(|id| local.requested(id));
            // Whoever has begun to wait since the transaction began may wait for one of these.
            if effects.more_finished {
                local.some_finished();
            }
            if effects.work_ready {
                local.work_ready();
            }
        }));
    }
}

impl Effects {
    fn add(&mut self, other: Self) {
        self.finished.extend(other.finished);
        self.requested.extend(other.requested);
        self.more_finished |= other.more_finished;
        self.work_ready |= other.work_ready;
    }
}

/// All members, sorted by row (G1): neighbours in the file are written together. The sort is stable, so two commits of one
/// row keep their order, and jobs, which have no row yet, come last.
fn members(requests: &[Request]) -> Vec<Member> {
    let mut members = Vec::new();
    for (request, content) in requests.iter().enumerate() {
        match content {
            Request::Commits(batch) => {
                members.extend(batch.members.iter().enumerate().map(|(index, c)| Member {
                    row: c.row,
                    request,
                    index,
                }))
            }
            Request::Starts(_) | Request::Job(_) => {
                members.extend((0..content.members()).map(|index| Member { row: Row::MAX, request, index }))
            }
        }
    }
    members.sort_by_key(|member| member.row);
    members
}

fn run(conn: &Connection, sql: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(sql)?.execute([]).map(drop)
}
