//! A shard: one task that drives many executions, and carries what they commit to the store in whole groups (G1).
//!
//! A task for each execution would cost a wake-up through the scheduler, a lock that is fought for and a message for each
//! commit, several times what the commit itself costs. Here an answered group is a list of executions to poll next, and what
//! they hand in meanwhile is the next group.

mod drive;
mod outbox;

use crate::{
    places::{Place, Reserved},
    seat::Seat,
    shared::Shared,
};
use drive::Drive;
use durable_core::store::{Claimed, Commit, StartRequest, Started, StoreError, Teller};
use outbox::Outbox;
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::Waker,
};
use tokio::sync::oneshot;

/// What reaches a shard from outside its task, and what its executions hand in.
#[derive(Default)]
pub(crate) struct Shard {
    inbox: Mutex<Inbox>,
    /// Only the shard's own task locks it.
    outbox: Mutex<Outbox>,
    commits: AtomicU64,
}

#[derive(Default)]
struct Inbox {
    arrivals: Vec<Arrival>,
    woken: Vec<Arc<Seat>>,
    starts: Vec<Starting>,
    /// No execution comes any more.
    closed: bool,
    /// The task has ended, or was dropped with its runtime.
    gone: bool,
    /// The task, while it sleeps.
    sleeper: Option<Waker>,
}

/// An execution that is not polled yet.
struct Arrival {
    seat: Arc<Seat>,
    claimed: Claimed,
    place: Place,
    /// Whoever started it here wants to hear how it ends.
    teller: Option<Teller>,
}

/// An execution that shall be started here.
pub(crate) struct Starting {
    pub(crate) request: StartRequest,
    pub(crate) reserved: Reserved,
    pub(crate) teller: Teller,
    pub(crate) reply: oneshot::Sender<Result<Started, StoreError>>,
}

impl Shard {
    /// The task that drives it. It ends once the shard is closed and nothing is left to poll or to write.
    pub(crate) fn drive(self: Arc<Self>, shared: Arc<Shared>) -> impl Future<Output = ()> + Send {
        Drive::new(shared, self)
    }

    /// Takes an execution in. Its seat, by which it can be dropped.
    pub(crate) fn admit(self: &Arc<Self>, claimed: Claimed, place: Place) -> Arc<Seat> {
        let seat = Seat::new(Arc::clone(self));
        let arrival = Arrival { seat: Arc::clone(&seat), claimed, place, teller: None };
        self.deliver(|inbox| inbox.arrivals.push(arrival));
        seat
    }

    /// Starts an execution, together with others, and runs it.
    pub(crate) fn start(&self, starting: Starting) {
        self.deliver(|inbox| inbox.starts.push(starting));
    }

    /// Ends the task once nothing is left.
    pub(crate) fn close(&self) {
        self.deliver(|inbox| inbox.closed = true);
    }

    /// Polls the execution in this seat soon.
    pub(crate) fn wake(&self, seat: Arc<Seat>) {
        self.deliver(|inbox| inbox.woken.push(seat));
    }

    /// Queues a commit for the next group.
    pub(crate) fn hand_in(&self, commit: Commit, seat: &Arc<Seat>) {
        self.outbox().push(commit, Arc::clone(seat));
    }

    /// Commits that are durable.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Relaxed)
    }

    /// Nothing is delivered to a shard whose task is gone: whatever it is, it is dropped after the lock.
    fn deliver(&self, deliver: impl FnOnce(&mut Inbox)) {
        let mut inbox = self.inbox();
        if inbox.gone {
            return;
        }
        deliver(&mut inbox);
        let sleeper = inbox.sleeper.take();
        drop(inbox);
        if let Some(task) = sleeper {
            task.wake();
        }
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        // Nothing that could panic half-way runs under the lock.
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
