//! What is in a group: commits and other jobs, how they run inside its transaction, and how they are answered.

use crate::{
    clock::deadline,
    commit::CommitBatch,
    start::{Inserts, StartBatch, untaken},
};
use durable_core::store::{ExecutionId, Millis, QueueId, Release, Row, StoreError, WorkerId};
use rusqlite::Connection;
use std::time::Duration;
use tokio::sync::oneshot;

/// Members of one transaction (G1).
pub(crate) const GROUP_MEMBERS_MAX: usize = 1_000;
/// Bytes of one transaction (G1).
pub(crate) const GROUP_BYTES_MAX: usize = 8 << 20;

/// One message to the writer.
pub(crate) enum Request {
    /// Commits of one caller, answered together.
    Commits(CommitBatch),
    /// Starts of one caller, answered together.
    Starts(StartBatch),
    /// Anything else.
    Job(Box<dyn Job>),
}

impl Request {
    pub(crate) fn members(&self) -> usize {
        match self {
            Self::Commits(batch) => batch.members.len(),
            Self::Starts(batch) => batch.members.len(),
            Self::Job(_) => 1,
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Commits(batch) => batch.bytes,
            Self::Starts(batch) => batch.bytes,
            Self::Job(job) => job.bytes(),
        }
    }

    /// Nobody waits for the answer, and the work is not worth doing without. (A commit always is.)
    pub(crate) fn is_abandoned(&self) -> bool {
        match self {
            Self::Commits(_) => false,
            Self::Starts(batch) => batch.is_abandoned(),
            Self::Job(job) => job.is_abandoned(),
        }
    }

    /// Sends the answer. Returns claims that nobody waits for any more.
    pub(crate) fn reply(self) -> Vec<Release> {
        match self {
            Self::Commits(batch) => {
                batch.reply();
                Vec::new()
            }
            Self::Starts(batch) => batch.reply().into_iter().flatten().filter_map(untaken).collect(),
            Self::Job(job) => job.reply(),
        }
    }

    /// Answers every member that has no answer yet.
    pub(crate) fn fail(&mut self, error: &dyn Fn() -> StoreError) {
        match self {
            Self::Commits(batch) => batch.fail(error),
            Self::Starts(batch) => batch.fail(error),
            Self::Job(job) => job.fail(error()),
        }
    }
}

/// A write that is no commit.
pub(crate) trait Job: Send {
    fn bytes(&self) -> usize;
    /// Runs inside the group's transaction, and keeps its answer. It may run again after a rollback.
    fn run(&mut self, tx: &mut Tx<'_>) -> rusqlite::Result<()>;
    fn fail(&mut self, error: StoreError);
    /// What must be given back if the answer it keeps is not given.
    fn leftovers(&mut self) -> Vec<Release>;
    /// Nobody waits for the answer.
    fn is_abandoned(&self) -> bool;
    fn reply(self: Box<Self>) -> Vec<Release>;
}

/// The transaction of a group, as its members see it.
pub(crate) struct Tx<'c> {
    pub(crate) conn: &'c Connection,
    /// The store's clock, read once the write lock was held.
    pub(crate) now: Millis,
    pub(crate) effects: Effects,
    /// Someone in this process waited for an end when the transaction began.
    pub(crate) watched: bool,
    /// The first, and the first that lasts: see [`Tx::testify`].
    pub(crate) witnesses: Vec<Witness>,
    pub(crate) has_lasting_witness: bool,
    /// Where the last start of this transaction went, if all of it was there. Nobody else can remove it meanwhile.
    pub(crate) destination: Option<Destination>,
    /// Prepared by the first start of this transaction.
    pub(crate) inserts: Option<Inserts<'c>>,
}

/// A queue, and the worker to claim for.
pub(crate) type Destination = (QueueId, Option<WorkerId>);

impl Tx<'_> {
    /// Keeps what tells whether this transaction happened (C4). One is enough, but it should `last`: what is given away with the
    /// transaction itself, as by a park, another process may have moved on before it is looked at.
    pub(crate) fn testify(&mut self, lasts: bool, witness: impl FnOnce() -> Witness) {
        if self.witnesses.is_empty() || (lasts && !self.has_lasting_witness) {
            self.has_lasting_witness |= lasts;
            self.witnesses.push(witness());
        }
    }

    /// The clock as a column value.
    pub(crate) fn at(&self) -> i64 {
        deadline(self.now, Duration::ZERO)
    }

    pub(crate) fn after(&self, delay: Duration) -> i64 {
        deadline(self.now, delay)
    }

    pub(crate) fn execute(&self, sql: &str, params: impl rusqlite::Params) -> rusqlite::Result<usize> {
        self.conn.prepare_cached(sql)?.execute(params)
    }
}

/// Whom to wake once the group is durable.
#[derive(Default)]
pub(crate) struct Effects {
    pub(crate) finished: Vec<ExecutionId>,
    /// Others ended, too, while nobody waited for any.
    pub(crate) more_finished: bool,
    /// Asked to be cancelled.
    pub(crate) requested: Vec<ExecutionId>,
    pub(crate) work_ready: bool,
}

/// How to tell, after a COMMIT of unknown outcome, whether it happened (C4). A transaction is atomic, so one member that is
/// there proves the group.
#[derive(Clone, Debug)]
pub(crate) enum Witness {
    /// A commit: the row stands at this epoch with this fence.
    Committed { row: Row, epoch: i64, fence: i64 },
    /// A claim: the row has this fence, and this owner. (Where the claim did not happen, another process may have made it.)
    Claimed { row: Row, fence: i64, worker: WorkerId },
    /// A start: the row has this instance.
    Started { id: ExecutionId, instance: [u8; 16] },
    /// A send: the event is there.
    Sent { row: Row, event_id: String },
}

impl Witness {
    /// Whether the write is there.
    pub(crate) fn testifies(&self, conn: &Connection) -> rusqlite::Result<bool> {
        match self {
            Self::Committed { row, epoch, fence } => conn
                .prepare_cached("SELECT 1 FROM position WHERE row = ?1 AND epoch = ?2 AND fence = ?3")?
                .exists((row, epoch, fence)),
            Self::Claimed { row, fence, worker } => conn
                .prepare_cached(
                    "SELECT 1 FROM position JOIN execution USING (row) WHERE row = ?1 AND fence = ?2 AND owner = ?3",
                )?
                .exists((row, fence, worker.0)),
            Self::Started { id, instance } => conn
                .prepare_cached("SELECT 1 FROM execution WHERE id = ?1 AND instance = ?2")?
                .exists((id.as_str(), instance)),
            Self::Sent { row, event_id } => {
                conn.prepare_cached("SELECT 1 FROM event WHERE row = ?1 AND id = ?2")?.exists((row, event_id))
            }
        }
    }
}

/// A job made of a closure.
pub(crate) struct Call<T, F> {
    run: F,
    bytes: usize,
    answer: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
    /// What must be given back if nobody takes the answer.
    leftovers: fn(T) -> Vec<Release>,
}

impl<T, F> Call<T, F>
where
    T: Send + 'static,
    F: FnMut(&mut Tx<'_>) -> rusqlite::Result<T> + Send + 'static,
{
    pub(crate) fn request(
        bytes: usize,
        leftovers: fn(T) -> Vec<Release>,
        run: F,
    ) -> (Request, oneshot::Receiver<Result<T, StoreError>>) {
        let (reply, receiver) = oneshot::channel();
        (Request::Job(Box::new(Self { run, bytes, answer: None, reply, leftovers })), receiver)
    }
}

impl<T, F> Job for Call<T, F>
where
    T: Send,
    F: FnMut(&mut Tx<'_>) -> rusqlite::Result<T> + Send,
{
    fn bytes(&self) -> usize {
        self.bytes
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> rusqlite::Result<()> {
        self.answer = None;
        self.answer = Some(Ok((self.run)(tx)?));
        Ok(())
    }

    fn fail(&mut self, error: StoreError) {
        self.answer = Some(Err(error));
    }

    fn leftovers(&mut self) -> Vec<Release> {
        match self.answer.take() {
            Some(Ok(answer)) => (self.leftovers)(answer),
            _ => Vec::new(),
        }
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn reply(self: Box<Self>) -> Vec<Release> {
        let Some(answer) = self.answer else { return Vec::new() };
        match self.reply.send(answer) {
            Err(Ok(untaken)) => (self.leftovers)(untaken),
            _ => Vec::new(),
        }
    }
}
