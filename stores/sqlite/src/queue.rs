//! The queue between callers and the writer thread: bounded, and without a system call while the writer is awake.

use crate::{
    group::{GROUP_BYTES_MAX, GROUP_MEMBERS_MAX, Request},
    keeper::Keeper,
};
use std::{
    collections::VecDeque,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// The queue holds two groups (G3). What comes beyond waits in line too, but only for a while, and then is refused.
const GROUPS_HELD: usize = 2;
/// How long the writer stays awake with nothing to do.
const AWAKE: Duration = Duration::from_micros(30);

pub(crate) struct Queue {
    state: Mutex<State>,
    work: Condvar,
    expiry: Condvar,
    /// The writer sleeps without a watch on foreign writes.
    unwatched: AtomicBool,
    wait_max: Duration,
    /// Entries queued, to be looked at without the lock.
    queued: AtomicUsize,
}

#[derive(Default)]
struct State {
    entries: VecDeque<Entry>,
    errands: VecDeque<Errand>,
    members: usize,
    bytes: usize,
    parked: bool,
    hinted: bool,
    closed: bool,
}

struct Entry {
    request: Request,
    members: usize,
    bytes: usize,
    /// Set if the queue was full when it came.
    expires: Option<Instant>,
}

/// Work for the keeper's thread.
pub(crate) type Errand = Box<dyn FnOnce(&mut Keeper) + Send>;

/// What the keeper woke up for.
pub(crate) enum Chore {
    Errand(Errand),
    /// They waited too long for a place.
    Expired(Vec<Request>),
}

/// What the writer woke up for.
pub(crate) enum Taken {
    Group(Vec<Request>),
    Nothing,
    /// [`Queue::hint_watched`] was called.
    Hint,
    Closed,
}

impl Queue {
    pub(crate) fn new(wait_max: Duration) -> Self {
        Self {
            state: Mutex::default(),
            work: Condvar::new(),
            expiry: Condvar::new(),
            unwatched: AtomicBool::new(false),
            wait_max,
            queued: AtomicUsize::new(0),
        }
    }

    /// Queues a request. A closed queue drops it, and with it the sender its caller waits on.
    pub(crate) fn push(&self, request: Request) {
        let (members, bytes) = (request.members(), request.bytes());
        let mut state = self.lock();
        if state.closed {
            return;
        }
        let full =
            state.members >= GROUPS_HELD * GROUP_MEMBERS_MAX || state.bytes >= GROUPS_HELD * GROUP_BYTES_MAX;
        let expires = full.then(|| Instant::now() + self.wait_max);
        state.members += members;
        state.bytes += bytes;
        state.entries.push_back(Entry { request, members, bytes, expires });
        self.queued.store(state.entries.len(), Ordering::Release);
        let wake = std::mem::take(&mut state.parked);
        drop(state);
        if wake {
            self.work.notify_one();
        }
        if full {
            self.expiry.notify_one();
        }
    }

    /// The writer's side: what is queued now, up to one group (G1); waits up to `idle` for it, the first moment awake: whoever was
    /// just answered is about to come again, and a thread that sleeps takes longer to wake than that.
    pub(crate) fn take(&self, idle: Duration, watched: bool) -> Taken {
        let awake = Instant::now();
        while self.queued.load(Ordering::Acquire) == 0 && awake.elapsed() < AWAKE {
            std::hint::spin_loop();
        }
        let mut state = self.lock();
        if state.entries.is_empty() && !state.closed && !state.hinted {
            state.parked = true;
            self.unwatched.store(!watched, Ordering::Release);
            state = self.work.wait_timeout(state, idle).unwrap_or_else(PoisonError::into_inner).0;
            state.parked = false;
            self.unwatched.store(false, Ordering::Release);
        }
        if state.closed {
            return Taken::Closed;
        }
        if std::mem::take(&mut state.hinted) {
            return Taken::Hint;
        }
        if state.entries.is_empty() {
            return Taken::Nothing;
        }
        let (mut group, mut members, mut bytes) = (Vec::new(), 0, 0);
        while let Some(next) = state.entries.front() {
            let over = members + next.members > GROUP_MEMBERS_MAX || bytes + next.bytes > GROUP_BYTES_MAX;
            if over && !group.is_empty() {
                break;
            }
            members += next.members;
            bytes += next.bytes;
            group.extend(state.entries.pop_front().map(|entry| entry.request));
        }
        state.members -= members;
        state.bytes -= bytes;
        self.queued.store(state.entries.len(), Ordering::Release);
        Taken::Group(group)
    }

    /// Someone may be about to watch for foreign writes: the writer looks, if it sleeps unaware.
    pub(crate) fn hint_watched(&self) {
        if self.unwatched.load(Ordering::Acquire) {
            self.lock().hinted = true;
            self.work.notify_one();
        }
    }

    /// Queues something for the keeper.
    pub(crate) fn push_errand(&self, errand: Errand) {
        let mut state = self.lock();
        if !state.closed {
            state.errands.push_back(errand);
            drop(state);
            self.expiry.notify_one();
        }
    }

    /// The keeper's side: sleeps until there is an errand, or something has expired. `None`: closed.
    pub(crate) fn keep(&self) -> Option<Chore> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            let now = Instant::now();
            let expired = state.remove_expired(now);
            self.queued.store(state.entries.len(), Ordering::Release);
            if !expired.is_empty() {
                return Some(Chore::Expired(expired));
            }
            if let Some(errand) = state.errands.pop_front() {
                return Some(Chore::Errand(errand));
            }
            state = match state.entries.iter().filter_map(|entry| entry.expires).min() {
                Some(first) => {
                    let left = first.saturating_duration_since(now);
                    self.expiry.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.expiry.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// No request is taken from now on; those that wait are dropped, and their callers learn that the store is closed.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let dropped = (std::mem::take(&mut state.entries), std::mem::take(&mut state.errands));
        drop(state);
        // Their callers wake as these are dropped: not under the lock.
        drop(dropped);
        self.work.notify_all();
        self.expiry.notify_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// No user code runs under this lock, so a panic elsewhere leaves it whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn remove_expired(&mut self, now: Instant) -> Vec<Request> {
        if !self.entries.iter().any(|entry| entry.expires.is_some_and(|at| at <= now)) {
            return Vec::new();
        }
        let (mut expired, mut kept) = (Vec::new(), VecDeque::new());
        for entry in self.entries.drain(..) {
            if entry.expires.is_some_and(|at| at <= now) {
                self.members -= entry.members;
                self.bytes -= entry.bytes;
                expired.push(entry.request);
            } else {
                kept.push_back(entry);
            }
        }
        self.entries = kept;
        expired
    }
}
