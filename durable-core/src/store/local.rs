//! What the workers and clients of one process share through a store: wake-ups without polling (G4), and starts that go
//! straight into a worker with room (K2).

use super::{ExecutionId, QueueId, StartRequest, Started, StoreError, WorkerId, ending::Teller};
use crate::BoxFuture;
use std::{
    collections::HashMap,
    future::{Future, poll_fn},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Poll, Waker},
};

/// A worker, as a client in the same process sees it.
pub trait Admission: Send + Sync {
    /// Reserves a place for a new execution of this queue, if the worker accepts the queue and has room.
    fn reserve(&self, queue: QueueId) -> Option<WorkerId>;
    /// Uses the reserved place: starts the execution claimed by this worker, together with other starts, and runs it. What is
    /// begun here is carried through even if the future is dropped. If it ends here, `teller` is told how.
    fn start(&self, request: StartRequest, teller: Teller)
    -> BoxFuture<'static, Result<Started, StoreError>>;
    /// The reserved place is not needed.
    fn decline(&self);
    /// Something may be claimable now, or at a time that was not known before.
    fn work_ready(&self);
}

/// Per-process state of a store. A store owns one, and calls [`Local::work_ready`], [`Local::finished`] and [`Local::requested`] after
/// the transactions that make it so; a store that many processes share calls [`Local::changed_elsewhere`] when it sees that
/// another process wrote.
#[derive(Default)]
pub struct Local {
    workers: Mutex<Vec<Weak<dyn Admission>>>,
    waiters: Arc<Mutex<Waiters>>,
    /// Of requests. Apart: nobody who waits here waits for an end.
    requests: Arc<Mutex<Waiters>>,
    changes_elsewhere: AtomicU64,
}

#[derive(Default)]
struct Waiters {
    next: u64,
    by_id: HashMap<ExecutionId, Waiting>,
    /// How many wait.
    active: usize,
}

/// Who waits for something to become of one execution, each woken once.
#[derive(Default)]
struct Waiting {
    slots: Vec<(u64, Slot)>,
}

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

    /// Something became claimable, or will be: a start, an event, a request, a release, a takeover, a park with a deadline. Workers
    /// sleep until the next deadline they know of, and a new one may be before that.
    pub fn work_ready(&self) {
        let workers: Vec<_> = lock(&self.workers).iter().filter_map(Weak::upgrade).collect();
        workers.iter().for_each(|w| w.work_ready());
    }

    /// This execution ended or was set aside.
    pub fn finished(&self, id: &ExecutionId) {
        wake(&self.waiters, id);
    }

    /// Something was asked of this execution, such as to be cancelled (X1): whoever drives it in this process and waits, hears of it now and
    /// not with its next commit.
    pub fn requested(&self, id: &ExecutionId) {
        wake(&self.requests, id);
    }

    /// Executions ended, and which is not known: everyone who waits looks at the store again.
    pub fn some_finished(&self) {
        let wakers: Vec<Waker> = {
            let mut waiters = lock(&self.waiters);
            waiters.by_id.values_mut().flat_map(|waiting| take_wakers(&mut waiting.slots)).collect()
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Whether anyone waits for an execution to end. A store that asks before a transaction and need not know whose end it
    /// writes calls [`Local::some_finished`] after it.
    pub fn has_waiters(&self) -> bool {
        lock(&self.waiters).active > 0
    }

    /// Another process wrote to the store: everyone looks again.
    pub fn changed_elsewhere(&self) {
        self.changes_elsewhere.fetch_add(1, Relaxed);
        self.some_finished();
        self.work_ready();
    }

    /// How often [`Local::changed_elsewhere`] was called. While it stands still, nothing was asked of an execution elsewhere.
    pub fn changes_elsewhere(&self) -> u64 {
        self.changes_elsewhere.load(Relaxed)
    }

    /// Whether anyone waits for an execution to end: a store polls for foreign writes only then, or while it has workers.
    pub fn is_watched(&self) -> bool {
        self.has_waiters() || lock(&self.workers).iter().any(|w| w.strong_count() > 0)
    }

    /// A future that is ready once [`Local::finished`] is called for this execution *after this call*: call it first, then
    /// look at the store, then await it.
    pub fn wait_finished<'a>(&'a self, id: &ExecutionId) -> impl Future<Output = ()> + Send + use<'a> {
        wait(&self.waiters, id)
    }

    /// The same of [`Local::requested`]. What another process asks is not heard here.
    pub fn wait_requested(&self, id: &ExecutionId) -> impl Future<Output = ()> + Send + use<> {
        wait(&self.requests, id)
    }
}

fn wake(waiters: &Mutex<Waiters>, id: &ExecutionId) {
    let wakers = match lock(waiters).by_id.get_mut(id) {
        Some(waiting) => take_wakers(&mut waiting.slots),
        None => return,
    };
    wakers.into_iter().for_each(Waker::wake);
}

fn wait(waiters: &Arc<Mutex<Waiters>>, id: &ExecutionId) -> impl Future<Output = ()> + Send + use<> {
    let ticket = lock(waiters).add(id);
    let waiter = Waiter { waiters: Arc::clone(waiters), id: id.clone(), ticket };
    poll_fn(move |cx| waiter.poll(cx.waker()))
}

impl Waiters {
    fn add(&mut self, id: &ExecutionId) -> u64 {
        self.next += 1;
        self.active += 1;
        self.by_id.entry(id.clone()).or_default().slots.push((self.next, Slot::Waiting(None)));
        self.next
    }

    fn remove(&mut self, id: &ExecutionId, ticket: u64) {
        self.active -= 1;
        let Some(waiting) = self.by_id.get_mut(id) else { return };
        waiting.slots.retain(|(other, _)| *other != ticket);
        if waiting.slots.is_empty() {
            self.by_id.remove(id);
        }
    }
}

struct Waiter {
    waiters: Arc<Mutex<Waiters>>,
    id: ExecutionId,
    ticket: u64,
}

impl Waiter {
    fn poll(&self, waker: &Waker) -> Poll<()> {
        let mut waiters = lock(&self.waiters);
        let slots = waiters.by_id.get_mut(&self.id).map(|waiting| &mut waiting.slots);
        match slots.and_then(|slots| slots.iter_mut().find(|(ticket, _)| *ticket == self.ticket)) {
            Some((_, Slot::Waiting(slot))) => {
                let former = slot.replace(waker.clone());
                drop(waiters);
                drop(former);
                Poll::Pending
            }
            Some((_, Slot::Woken)) | None => Poll::Ready(()),
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        lock(&self.waiters).remove(&self.id, self.ticket);
    }
}

/// To be woken after the lock: a waker may run its task at once, or drop it, and that comes back here.
fn take_wakers(slots: &mut [(u64, Slot)]) -> Vec<Waker> {
    let take = |(_, slot): &mut (u64, Slot)| match std::mem::replace(slot, Slot::Woken) {
        Slot::Waiting(waker) => waker,
        Slot::Woken => None,
    };
    slots.iter_mut().filter_map(take).collect()
}

/// A panic elsewhere leaves these maps whole, since no user code runs under the lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        pin::Pin,
        sync::mpsc,
        task::{Context, Wake},
        time::Duration,
    };

    type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

    /// An executor that has gone: it drops its task when that is woken.
    #[derive(Default)]
    struct Gone(Mutex<Option<Task>>);

    impl Wake for Gone {
        fn wake(self: Arc<Self>) {
            let task = lock(&self.0).take();
            drop(task);
        }
    }

    // On a thread of its own, since what it tests for is a deadlock.
    #[allow(clippy::disallowed_methods)]
    #[test]
    fn a_waiter_that_is_dropped_as_it_is_woken_holds_up_nobody() {
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            for all in [false, true] {
                let local: Arc<Local> = Arc::default();
                let id = ExecutionId::new("a").unwrap();
                let (waits_on, waits_for) = (Arc::clone(&local), id.clone());
                let mut task: Task = Box::pin(async move { waits_on.wait_finished(&waits_for).await });
                let gone = Arc::new(Gone::default());
                let waker = Waker::from(Arc::clone(&gone));
                assert!(task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
                *lock(&gone.0) = Some(task);
                if all {
                    local.some_finished()
                } else {
                    local.finished(&id)
                }
                assert!(!local.has_waiters());
            }
            tell.send(()).unwrap();
        });
        told.recv_timeout(Duration::from_secs(10)).expect("it waits for its own lock");
    }
}
