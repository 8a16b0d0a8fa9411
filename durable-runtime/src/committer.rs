//! Group commit on the worker's side: what executions hand in while the store is busy goes to it together.
//!
//! Two *lanes* carry groups, so that the next group is encoded while the store writes the last one. An execution that
//! finds nobody else waiting carries its own commit: for a lone execution the way is task, store, task, with no detour.

use crate::slot::{Answer, Slot};
use durable_core::store::{Commit, Store, StoreError};
use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::Poll,
};
use tokio::sync::Notify;

/// Groups in flight.
pub(crate) const LANES: usize = 2;
/// Members of one group (G1).
const GROUP_MEMBERS_MAX: usize = 1_000;
/// Snapshot bytes of one group (G1).
const GROUP_BYTES_MAX: usize = 8 << 20;
/// A group is waited for while each turn of the runtime makes it longer by more than this part of it.
const GROWTH_WORTH_WAITING: usize = 16;

pub(crate) struct Committer {
    store: Arc<dyn Store>,
    queue: Mutex<Queue>,
    /// A lane may take a group.
    work: Notify,
    /// Nothing waits and nothing is in flight.
    idle: Notify,
    commits: AtomicU64,
}

#[derive(Default)]
struct Queue {
    commits: Vec<Commit>,
    slots: Vec<Arc<Slot>>,
    bytes: usize,
    in_flight: usize,
    /// A lane was told and has not looked yet.
    told: bool,
    /// Size of the group that was taken last: tells a busy time from a quiet one.
    last_group: usize,
    closed: bool,
}

impl Queue {
    /// A second group waits until it is worth a transaction of its own; with nothing in flight any group is.
    fn ripe(&self) -> bool {
        !self.commits.is_empty()
            && match self.in_flight {
                0 => true,
                flying if flying < LANES => self.commits.len() >= self.last_group,
                _ => false,
            }
    }

    /// The first of what waits. What comes next finds as much room as they had, so that nothing is moved as it grows.
    fn take_first(&mut self, members: usize) -> (Vec<Commit>, Vec<Arc<Slot>>) {
        let rest = self.commits.len() - members;
        let mut commits = Vec::with_capacity(members.max(rest));
        commits.extend(self.commits.drain(members..));
        let mut slots = Vec::with_capacity(members.max(rest));
        slots.extend(self.slots.drain(members..));
        self.bytes = commits.iter().map(bytes_of).sum();
        (std::mem::replace(&mut self.commits, commits), std::mem::replace(&mut self.slots, slots))
    }
}

/// A commit that was handed in: with its turn if the execution carries it itself.
pub(crate) struct HandedIn<'a>(Option<(Vec<Commit>, Turn<'a>)>);

impl Committer {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            queue: Mutex::default(),
            work: Notify::new(),
            idle: Notify::new(),
            commits: AtomicU64::new(0),
        }
    }

    /// Hands a commit in, to go in a group with whatever else waits; [`Committer::answer`] gives the answer. Two calls, and this
    /// one not asynchronous, so that a commit, which is large, is moved once: into the group. `slot` is the execution's own.
    pub(crate) fn hand_in(&self, commit: Commit, slot: &Arc<Slot>) -> HandedIn<'_> {
        HandedIn(self.enqueue(commit, slot))
    }

    /// The answer to the commit that was handed in last with this slot.
    pub(crate) async fn answer(&self, handed_in: HandedIn<'_>, slot: &Slot) -> Answer {
        let Some((commits, turn)) = handed_in.0 else { return slot.wait().await };
        let answer = self.write(commits).await.pop();
        drop(turn);
        // A store that is always ready at once must not keep other tasks from their turn.
        tokio::task::coop::consume_budget().await;
        answer.unwrap_or_else(|| Err(self.no_answer().into()))
    }

    /// Commits made so far.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Relaxed)
    }

    /// Carries groups until the committer is closed.
    pub(crate) async fn lane(self: Arc<Self>) {
        loop {
            let Some((commits, slots, turn)) = self.take() else {
                if self.lock().closed {
                    return;
                }
                self.work.notified().await;
                self.gather().await;
                continue;
            };
            let unanswered = Unanswered { slots, committer: &self };
            unanswered.answer(self.write(commits).await);
            // The executions that were just answered bring the next group. As long as this one counts as in flight, nobody
            // takes the first of them away alone.
            self.gather().await;
            drop(turn);
        }
    }

    /// In a busy time, lets executions that are ready run first and join the group, for as long as it grows by more than a
    /// few: a transaction costs as much as many commits.
    async fn gather(&self) {
        let (mut waiting, busy) = self.waiting();
        if !busy {
            return;
        }
        loop {
            tokio::task::yield_now().await;
            let (now, _) = self.waiting();
            if now >= GROUP_MEMBERS_MAX || now <= waiting + waiting / GROWTH_WORTH_WAITING {
                return;
            }
            waiting = now;
        }
    }

    /// How many wait for a group, and whether the last group was more than one.
    fn waiting(&self) -> (usize, bool) {
        let queue = self.lock();
        (queue.commits.len(), queue.last_group > 1)
    }

    /// Ends when all that was handed in is answered.
    pub(crate) async fn drained(&self) {
        loop {
            let idle = self.idle.notified();
            {
                let queue = self.lock();
                if queue.commits.is_empty() && queue.in_flight == 0 {
                    return;
                }
            }
            idle.await;
        }
    }

    /// Ends the lanes once nothing waits.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.work.notify_waiters();
        // One that was about to wait finds this.
        self.work.notify_one();
    }

    /// Queues the commit, or gives it back with a turn if the caller shall carry it.
    fn enqueue(&self, commit: Commit, slot: &Arc<Slot>) -> Option<(Vec<Commit>, Turn<'_>)> {
        let bytes = bytes_of(&commit);
        let mut queue = self.lock();
        if queue.commits.is_empty() && queue.in_flight < LANES && queue.last_group <= 1 {
            queue.in_flight += 1;
            queue.last_group = 1;
            drop(queue);
            return Some((vec![commit], Turn(self)));
        }
        queue.bytes += bytes;
        queue.commits.push(commit);
        queue.slots.push(Arc::clone(slot));
        self.tell(queue);
        None
    }

    fn take(&self) -> Option<(Vec<Commit>, Vec<Arc<Slot>>, Turn<'_>)> {
        let mut queue = self.lock();
        queue.told = false;
        if !queue.ripe() {
            return None;
        }
        let members = if queue.commits.len() <= GROUP_MEMBERS_MAX && queue.bytes <= GROUP_BYTES_MAX {
            queue.commits.len()
        } else {
            first_group(&queue.commits)
        };
        let (commits, slots) = queue.take_first(members);
        queue.in_flight += 1;
        queue.last_group = members;
        self.tell(queue);
        Some((commits, slots, Turn(self)))
    }

    /// Wakes a lane if there is a group to take.
    fn tell(&self, mut queue: MutexGuard<'_, Queue>) {
        let tell = queue.ripe() && !queue.told;
        queue.told |= tell;
        drop(queue);
        if tell {
            self.work.notify_one();
        }
    }

    /// One group to the store. A store that panics answers nobody.
    async fn write(&self, commits: Vec<Commit>) -> Vec<Answer> {
        let Ok(mut writing) = catch_unwind(AssertUnwindSafe(|| self.store.commit(commits))) else {
            return Vec::new();
        };
        let answers = poll_fn(|task| match catch_unwind(AssertUnwindSafe(|| writing.as_mut().poll(task))) {
            Ok(poll) => poll,
            Err(_) => Poll::Ready(Vec::new()),
        })
        .await;
        self.commits.fetch_add(answers.iter().filter(|answer| answer.is_ok()).count() as u64, Relaxed);
        answers
    }

    fn no_answer(&self) -> StoreError {
        StoreError::Io {
            location: self.store.describe(),
            reason: "it gave no answer to a commit".into(),
            outcome_unknown: true,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing that could panic half-way runs under the lock.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A group in flight; given back however its carrier ends.
struct Turn<'a>(&'a Committer);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.lock();
        queue.in_flight -= 1;
        let idle = queue.in_flight == 0 && queue.commits.is_empty();
        self.0.tell(queue);
        if idle {
            self.0.idle.notify_waiters();
        }
    }
}

/// Executions that wait for a group: nobody is left waiting, whatever becomes of it.
struct Unanswered<'a> {
    slots: Vec<Arc<Slot>>,
    committer: &'a Committer,
}

impl Unanswered<'_> {
    fn answer(mut self, answers: Vec<Answer>) {
        let mut slots = std::mem::take(&mut self.slots).into_iter();
        for answer in answers {
            if let Some(slot) = slots.next() {
                slot.answer(answer);
            }
        }
        self.slots = slots.collect();
    }
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        for slot in self.slots.drain(..) {
            slot.answer(Err(self.committer.no_answer().into()));
        }
    }
}

fn bytes_of(commit: &Commit) -> usize {
    let frames = commit.root.iter().chain(&commit.frames);
    frames.filter_map(|frame| frame.snapshot.as_ref()).map(|(_, snapshot)| snapshot.len()).sum()
}

/// How many from the front make one group: at least one.
fn first_group(commits: &[Commit]) -> usize {
    let mut bytes = 0;
    let fits = |commit: &&Commit| {
        bytes += bytes_of(commit);
        bytes <= GROUP_BYTES_MAX
    };
    commits.iter().take(GROUP_MEMBERS_MAX).take_while(fits).count().max(1)
}
