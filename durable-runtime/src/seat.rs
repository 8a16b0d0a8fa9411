//! The seat of an execution in its shard: how it is woken and dropped, and where it finds the answer to its commit. One for
//! its whole life in memory, so that a commit allocates no channel.

use crate::shard::Shard;
use durable_core::store::{Commit, CommitError, Committed};
use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicBool, AtomicUsize,
            Ordering::{AcqRel, Acquire, Relaxed, Release},
        },
    },
    task::{Poll, Wake},
};

/// The answer to one commit.
pub(crate) type Answer = Result<Committed, CommitError>;

pub(crate) struct Seat {
    shard: Arc<Shard>,
    /// Its number there. Only the shard's task uses it.
    index: AtomicUsize,
    /// It is in a list of those to poll.
    queued: AtomicBool,
    dropped: AtomicBool,
    /// At most one commit of an execution is in flight (C2), so one place for one answer is enough.
    answer: Mutex<Option<Answer>>,
}

impl Seat {
    /// A seat that is about to be polled.
    pub(crate) fn new(shard: Arc<Shard>) -> Arc<Self> {
        Arc::new(Self {
            shard,
            index: AtomicUsize::new(usize::MAX),
            queued: AtomicBool::new(true),
            dropped: AtomicBool::new(false),
            answer: Mutex::default(),
        })
    }

    /// Commits, in a group with whatever else is handed in.
    pub(crate) fn hand_in(self: &Arc<Self>, commit: Commit) {
        self.shard.hand_in(commit, self);
    }

    /// Takes the answer to what was handed in last, once it is there. The shard polls the execution when it is, so no waker is
    /// kept.
    pub(crate) async fn answer(&self) -> Answer {
        poll_fn(|_| self.take_answer().map_or(Poll::Pending, Poll::Ready)).await
    }

    /// The same, if it is there.
    pub(crate) fn take_answer(&self) -> Option<Answer> {
        self.lock().take()
    }

    /// Puts the answer in. The shard's task calls it, and polls the execution then.
    pub(crate) fn put(&self, answer: Answer) {
        *self.lock() = Some(answer);
    }

    /// Drops the execution where it stands. A running poll ends first.
    pub(crate) fn abort(self: &Arc<Self>) {
        self.dropped.store(true, Release);
        self.wake_by_ref();
    }

    pub(crate) fn is_aborted(&self) -> bool {
        self.dropped.load(Acquire)
    }

    /// Whether it is to be put in a list of those to poll; else it is in one.
    pub(crate) fn enlist(&self) -> bool {
        !self.queued.swap(true, AcqRel)
    }

    /// It is about to be polled: what comes from here on is another wake-up.
    pub(crate) fn delist(&self) {
        self.queued.swap(false, AcqRel);
    }

    pub(crate) fn index(&self) -> usize {
        self.index.load(Relaxed)
    }

    pub(crate) fn set_index(&self, index: usize) {
        self.index.store(index, Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Answer>> {
        // Nothing that could panic half-way runs under the lock.
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Seat {
    fn wake(self: Arc<Self>) {
        if self.enlist() {
            Arc::clone(&self.shard).wake(self);
        }
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.enlist() {
            self.shard.wake(Arc::clone(self));
        }
    }
}
