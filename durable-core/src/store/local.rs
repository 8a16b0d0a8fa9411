//! What the workers and clients of one process share through a store: wake-ups without polling (G4), and starts that go
//! straight into a worker with room (K2).

use super::{Claimed, ExecutionId, Outcome, QueueId, WorkerId};
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
    by_id: HashMap<ExecutionId, Waiting>,
    /// How many wait, those that only watch left out.
    active: usize,
}

/// Who waits for the end of one execution.
#[derive(Default)]
struct Waiting {
    slots: Vec<(u64, Slot)>,
    /// Workers that are about to end it, and will say how.
    announced: usize,
    /// It ended while that was announced.
    ended: bool,
}

/// A waiter is woken once; then it has the outcome, or looks at the store again.
enum Slot {
    /// Only whether it ends is noticed.
    Watching,
    Waiting(Option<Waker>),
    Ended(Outcome),
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
        if let Some(waiting) = waiters.by_id.get_mut(id) {
            // Whoever announced it is about to say how it ended, which saves a look at the store.
            match waiting.announced {
                0 => wake_all(&mut waiting.slots),
                _ => waiting.ended = true,
            }
        }
    }

    /// A worker of this process is about to commit the end of this execution. If anyone here waits for it (`true`), the worker
    /// must call [`Local::told`] in any case: until then, those who wait are held back.
    pub fn announce(&self, id: &ExecutionId) -> bool {
        let mut waiters = lock(&self.waiters);
        let waiting = waiters.by_id.get_mut(id);
        waiting.map(|waiting| waiting.announced += 1).is_some()
    }

    /// The end that was announced is durable, and this is how it ended; `None`: that is not known, and whoever waits must look
    /// at the store.
    pub fn told(&self, id: &ExecutionId, outcome: Option<&Outcome>) {
        let mut waiters = lock(&self.waiters);
        let Some(waiting) = waiters.by_id.get_mut(id) else { return };
        if let Some(outcome) = outcome {
            waiting.slots.iter_mut().for_each(|(_, slot)| slot.end(outcome));
        }
        waiting.announced -= 1;
        if waiting.announced == 0 && std::mem::take(&mut waiting.ended) {
            wake_all(&mut waiting.slots);
        }
        if waiting.slots.is_empty() && waiting.announced == 0 {
            waiters.by_id.remove(id);
        }
    }

    /// Another process wrote to the store: everyone looks again.
    pub fn changed_elsewhere(&self) {
        lock(&self.waiters).by_id.values_mut().for_each(|waiting| wake_all(&mut waiting.slots));
        self.work_ready();
    }

    /// Whether anyone waits for an execution to end: a store polls for foreign writes only then, or while it has workers.
    pub fn is_watched(&self) -> bool {
        lock(&self.waiters).active > 0 || lock(&self.workers).iter().any(|w| w.strong_count() > 0)
    }

    /// A future that is ready once [`Local::finished`] is called for this execution *after this call*: call it first, then
    /// look at the store, then await it.
    pub fn wait_finished<'a>(&'a self, id: &ExecutionId) -> impl Future<Output = ()> + Send + use<'a> {
        let waiter = Waiter { local: self, id: id.clone(), ticket: self.register(id, Slot::Waiting(None)) };
        poll_fn(move |cx| waiter.poll(cx.waker()).map(drop))
    }

    /// Notices from now on whether this execution ends: for [`Local::wait_outcome`]. Must be given back with
    /// [`Local::unwatch`].
    pub fn watch(&self, id: &ExecutionId) -> u64 {
        self.register(id, Slot::Watching)
    }

    /// Ends a watch.
    pub fn unwatch(&self, id: &ExecutionId, watch: u64) {
        lock(&self.waiters).remove(id, watch);
    }

    /// As [`Local::wait_finished`], for the end of this execution after `watch` was begun, and with the outcome if a worker of
    /// this process told it; without, the store must be looked at.
    pub fn wait_outcome<'a>(
        &'a self,
        id: &ExecutionId,
        watch: u64,
    ) -> impl Future<Output = Option<Outcome>> + Send + use<'a> {
        let ticket = {
            let mut waiters = lock(&self.waiters);
            let waiting = waiters.by_id.get(id);
            let watched =
                waiting.and_then(|waiting| waiting.slots.iter().find(|(ticket, _)| *ticket == watch));
            let ended = !matches!(watched, Some((_, Slot::Watching)));
            waiters.add(id, if ended { Slot::Woken } else { Slot::Waiting(None) })
        };
        let waiter = Waiter { local: self, id: id.clone(), ticket };
        poll_fn(move |cx| waiter.poll(cx.waker()))
    }

    fn register(&self, id: &ExecutionId, slot: Slot) -> u64 {
        lock(&self.waiters).add(id, slot)
    }
}

impl Waiters {
    fn add(&mut self, id: &ExecutionId, slot: Slot) -> u64 {
        self.next += 1;
        self.active += usize::from(!matches!(slot, Slot::Watching));
        self.by_id.entry(id.clone()).or_default().slots.push((self.next, slot));
        self.next
    }

    fn remove(&mut self, id: &ExecutionId, ticket: u64) {
        let Some(waiting) = self.by_id.get_mut(id) else { return };
        waiting.slots.retain(|(other, _)| *other != ticket);
        if waiting.slots.is_empty() && waiting.announced == 0 {
            self.by_id.remove(id);
        }
    }
}

impl Slot {
    fn end(&mut self, outcome: &Outcome) {
        match self {
            Self::Waiting(waker) => {
                let waker = waker.take();
                *self = Self::Ended(outcome.clone());
                waker.into_iter().for_each(Waker::wake);
            }
            // It may be asked long after: then the store is.
            Self::Watching => *self = Self::Woken,
            Self::Ended(_) | Self::Woken => {}
        }
    }
}

struct Waiter<'a> {
    local: &'a Local,
    id: ExecutionId,
    ticket: u64,
}

impl Waiter<'_> {
    fn poll(&self, waker: &Waker) -> Poll<Option<Outcome>> {
        let mut waiters = lock(&self.local.waiters);
        let slots = waiters.by_id.get_mut(&self.id).map(|waiting| &mut waiting.slots);
        match slots.and_then(|slots| slots.iter_mut().find(|(ticket, _)| *ticket == self.ticket)) {
            Some((_, Slot::Waiting(slot))) => {
                *slot = Some(waker.clone());
                Poll::Pending
            }
            Some((_, slot)) => match std::mem::replace(slot, Slot::Woken) {
                Slot::Ended(outcome) => Poll::Ready(Some(outcome)),
                _ => Poll::Ready(None),
            },
            None => Poll::Ready(None),
        }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut waiters = lock(&self.local.waiters);
        waiters.active -= 1;
        waiters.remove(&self.id, self.ticket);
    }
}

fn wake_all(slots: &mut [(u64, Slot)]) {
    for (_, slot) in slots.iter_mut().filter(|(_, slot)| !matches!(slot, Slot::Ended(_))) {
        if let Slot::Waiting(Some(waker)) = std::mem::replace(slot, Slot::Woken) {
            waker.wake();
        }
    }
}

/// A panic elsewhere leaves these maps whole, since no user code runs under the lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;
    use std::{pin::pin, task::Context};

    fn now<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    fn outcome() -> Outcome {
        Outcome { status: Status::Succeeded, output: Some(vec![7]), error: None }
    }

    #[test]
    fn an_announced_end_brings_its_outcome_once_it_is_committed() {
        let (local, id) = (Local::default(), ExecutionId::new("order-42").unwrap());
        let watch = local.watch(&id);
        let mut end = pin!(local.wait_outcome(&id, watch));
        assert!(local.announce(&id));
        local.finished(&id);
        assert!(now(end.as_mut()).is_pending(), "the worker has not said yet how it ended");
        local.told(&id, Some(&outcome()));
        let Poll::Ready(Some(told)) = now(end) else { panic!("the waiter was not told") };
        assert_eq!((told.status, told.output), (Status::Succeeded, Some(vec![7])));
        local.unwatch(&id, watch);
    }

    #[test]
    fn an_end_by_another_than_the_announcer_sends_the_waiter_to_the_store() {
        let (local, id) = (Local::default(), ExecutionId::new("order-42").unwrap());
        let watch = local.watch(&id);
        let mut end = pin!(local.wait_outcome(&id, watch));
        assert!(local.announce(&id));
        local.finished(&id);
        local.told(&id, None);
        assert!(matches!(now(end.as_mut()), Poll::Ready(None)));
    }

    #[test]
    fn an_end_before_the_wait_is_not_missed_and_is_looked_up() {
        let (local, id) = (Local::default(), ExecutionId::new("order-42").unwrap());
        let watch = local.watch(&id);
        assert!(local.announce(&id));
        local.told(&id, Some(&outcome()));
        local.finished(&id);
        assert!(matches!(now(pin!(local.wait_outcome(&id, watch))), Poll::Ready(None)));
        local.unwatch(&id, watch);
        assert!(!local.is_watched());
        assert!(!local.announce(&id), "nobody waits any more");
    }
}
