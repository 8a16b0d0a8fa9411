//! What the workers and clients of one process share through a store: wake-ups without polling (G4), and starts that go
//! straight into a worker with room (K2).

use super::{Claimed, ExecutionId, QueueId, WorkerId};
use std::{
    collections::HashMap,
    future::{Future, poll_fn},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Poll, Waker},
};

/// A worker, as a client in the same process sees it.
pub trait Admission: Send + Sync {
    /// Reserves a place for a new execution of this queue, if the worker accepts the queue and has room.
    fn reserve(&self, queue: QueueId) -> Option<WorkerId>;
    /// The reserved place is used: the execution was inserted, claimed by this worker.
    fn admit(&self, claimed: Claimed);
    /// The reserved place is not needed.
    fn decline(&self);
    /// Something may be claimable now.
    fn work_ready(&self);
}

/// Per-process state of a store. A store owns one, and calls [`Local::work_ready`] and [`Local::finished`] after the
/// transactions that make it so; a store that many processes share calls [`Local::changed_elsewhere`] when it sees that
/// another process wrote.
#[derive(Default)]
pub struct Local {
    workers: Mutex<Vec<Weak<dyn Admission>>>,
    waiters: Mutex<Waiters>,
}

#[derive(Default)]
struct Waiters {
    next: u64,
    by_id: HashMap<ExecutionId, Vec<(u64, Slot)>>,
}

/// A waiter is woken once; then it looks at the store again.
enum Slot {
    Waiting(Option<Waker>),
    Woken,
}

impl Local {
    /// Registers a worker of this process. It is forgotten when it is dropped.
    pub fn add_worker(&self, worker: &Arc<dyn Admission>) {
        let mut workers = lock(&self.workers);
        workers.retain(|w| w.strong_count() > 0);
        workers.push(Arc::downgrade(worker));
    }

    /// A worker of this process with room for this queue, its place reserved.
    pub fn reserve(&self, queue: QueueId) -> Option<(Arc<dyn Admission>, WorkerId)> {
        let workers = lock(&self.workers);
        workers.iter().filter_map(Weak::upgrade).find_map(|w| w.reserve(queue).map(|id| (w, id)))
    }

    /// Something became claimable: a start, an event, a request, a release, a takeover, a park that is due.
    pub fn work_ready(&self) {
        let workers: Vec<_> = lock(&self.workers).iter().filter_map(Weak::upgrade).collect();
        workers.iter().for_each(|w| w.work_ready());
    }

    /// This execution ended or was set aside.
    pub fn finished(&self, id: &ExecutionId) {
        let mut waiters = lock(&self.waiters);
        if let Some(slots) = waiters.by_id.get_mut(id) {
            wake_all(slots);
        }
    }

    /// Another process wrote to the store: everyone looks again.
    pub fn changed_elsewhere(&self) {
        lock(&self.waiters).by_id.values_mut().for_each(|slots| wake_all(slots));
        self.work_ready();
    }

    /// Whether anyone waits for an execution to end: a store polls for foreign writes only then, or while it has workers.
    pub fn is_watched(&self) -> bool {
        !lock(&self.waiters).by_id.is_empty() || lock(&self.workers).iter().any(|w| w.strong_count() > 0)
    }

    /// A future that is ready once [`Local::finished`] is called for this execution *after this call*: call it first, then
    /// look at the store, then await it.
    pub fn wait_finished<'a>(&'a self, id: &ExecutionId) -> impl Future<Output = ()> + Send + use<'a> {
        let ticket = {
            let mut waiters = lock(&self.waiters);
            waiters.next += 1;
            let ticket = waiters.next;
            waiters.by_id.entry(id.clone()).or_default().push((ticket, Slot::Waiting(None)));
            ticket
        };
        let waiter = Waiter { local: self, id: id.clone(), ticket };
        poll_fn(move |cx| waiter.poll(cx.waker()))
    }
}

struct Waiter<'a> {
    local: &'a Local,
    id: ExecutionId,
    ticket: u64,
}

impl Waiter<'_> {
    fn poll(&self, waker: &Waker) -> Poll<()> {
        let mut waiters = lock(&self.local.waiters);
        let slots = waiters.by_id.get_mut(&self.id);
        match slots.and_then(|slots| slots.iter_mut().find(|(ticket, _)| *ticket == self.ticket)) {
            Some((_, Slot::Waiting(slot))) => {
                *slot = Some(waker.clone());
                Poll::Pending
            }
            Some((_, Slot::Woken)) | None => Poll::Ready(()),
        }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut waiters = lock(&self.local.waiters);
        if let Some(slots) = waiters.by_id.get_mut(&self.id) {
            slots.retain(|(ticket, _)| *ticket != self.ticket);
            if slots.is_empty() {
                waiters.by_id.remove(&self.id);
            }
        }
    }
}

fn wake_all(slots: &mut [(u64, Slot)]) {
    for (_, slot) in slots {
        if let Slot::Waiting(Some(waker)) = std::mem::replace(slot, Slot::Woken) {
            waker.wake();
        }
    }
}

/// A panic elsewhere leaves these maps whole, since no user code runs under the lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
