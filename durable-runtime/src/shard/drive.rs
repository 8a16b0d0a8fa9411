//! The task of a shard.

use super::{
    Arrival, Inbox, Shard, Starting,
    outbox::{GROUP_MEMBERS_MAX, Group, Outbox},
};
use crate::{
    execution::Driving,
    seat::{Answer, Seat},
    shared::Shared,
    start,
};
use durable_core::{
    BoxFuture,
    store::{Commit, StartRequest, Started, Store, StoreError},
};
use std::{
    collections::VecDeque,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};
use tokio::task::coop;

/// Groups in flight: while the store writes one, the next is encoded.
const GROUPS_IN_FLIGHT: usize = 2;
/// A group that is not all there is may go ahead of the rest with this many members: a transaction costs as much as many
/// commits, so fewer wait for the others.
const GROUP_AHEAD_MIN: usize = 200;
/// Up to this many commits are waited for awake.
const AWAKE_FOR_MEMBERS: usize = 4;
/// At most for this long, and not at all after a commit that took twice as long.
const AWAKE_MAX: Duration = Duration::from_micros(400);
/// Executions polled in one turn of the runtime; then other tasks have theirs.
const POLLS_PER_TURN: usize = 1_000;
/// Times that one execution may be polled in one turn: a store that answers at once lets it go on and on.
const ROUNDS_PER_TURN: usize = 16;

pub(super) struct Drive {
    shared: Arc<Shared>,
    shard: Arc<Shard>,
    /// Executions in memory, by their seats' numbers.
    hot: Vec<Option<Hot>>,
    /// Numbers that are free.
    free: Vec<usize>,
    /// To be polled, in order.
    ready: VecDeque<Arc<Seat>>,
    flights: Vec<Flight<Arc<Seat>, Answer>>,
    /// To be started.
    starts: Vec<Starting>,
    starting: Vec<Flight<Starting, Result<Started, StoreError>>>,
    /// How long the last group took.
    last_commit: Duration,
    /// Other threads run the tasks of this runtime meanwhile.
    may_stay_awake: bool,
}

/// An execution in memory.
struct Hot {
    seat: Arc<Seat>,
    waker: Waker,
    driver: Driving,
}

/// A group in flight, and who waits for its answers.
struct Flight<W, A> {
    waiting: Vec<W>,
    since: Instant,
    writing: BoxFuture<'static, Vec<A>>,
}

impl<W, A> Flight<W, A> {
    fn new(waiting: Vec<W>, writing: impl Future<Output = Vec<A>> + Send + 'static) -> Self {
        Self { waiting, since: Instant::now(), writing: Box::pin(writing) }
    }

    /// The first of these that is answered.
    fn landed(flights: &mut Vec<Self>, task: &mut Context<'_>) -> Option<(Self, Vec<A>)> {
        let (index, answers) = flights.iter_mut().enumerate().find_map(|(index, flight)| {
            match flight.writing.as_mut().poll(task) {
                Poll::Ready(answers) => Some((index, answers)),
                Poll::Pending => None,
            }
        })?;
        Some((flights.remove(index), answers))
    }
}

impl Future for Drive {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<()> {
        let mut polls = POLLS_PER_TURN;
        for _ in 0..ROUNDS_PER_TURN {
            self.land(task);
            self.land_starts(task);
            self.take_in();
            // Before the polls: the store has something to do meanwhile.
            if self.may_start() {
                self.dispatch_starts(task);
            }
            while let Some(seat) = self.ready.pop_front() {
                // An operation that finds tokio's budget used up stays pending, so it is not even polled.
                if polls == 0 || !coop::has_budget_remaining() {
                    self.ready.push_front(seat);
                    task.waker().wake_by_ref();
                    return Poll::Pending;
                }
                polls -= 1;
                self.advance(&seat);
                if self.may_go_ahead() {
                    self.dispatch(task);
                }
            }
            if self.take_in() {
                continue;
            }
            if self.may_start() {
                self.dispatch_starts(task);
            } else if self.may_go() {
                self.dispatch(task);
            } else if self.is_done() {
                return Poll::Ready(());
            } else if !self.waits_awake(task) && self.sleeps(task) {
                return Poll::Pending;
            }
        }
        task.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drive {
    pub(super) fn new(shared: Arc<Shared>, shard: Arc<Shard>) -> Self {
        let may_stay_awake = shared.runtime.metrics().num_workers() > 1;
        Self {
            shared,
            shard,
            hot: Vec::new(),
            free: Vec::new(),
            ready: VecDeque::new(),
            flights: Vec::new(),
            starts: Vec::new(),
            starting: Vec::new(),
            last_commit: Duration::MAX,
            may_stay_awake,
        }
    }

    /// Takes what came from outside. Whether anything did.
    fn take_in(&mut self) -> bool {
        let (arrivals, woken, starts) = {
            let mut inbox = self.shard.inbox();
            let Inbox { arrivals, woken, starts, .. } = &mut *inbox;
            (std::mem::take(arrivals), std::mem::take(woken), std::mem::take(starts))
        };
        let some = !arrivals.is_empty() || !woken.is_empty() || !starts.is_empty();
        self.starts.extend(starts);
        for arrival in arrivals {
            self.seat(arrival);
        }
        self.ready.extend(woken);
        some
    }

    fn seat(&mut self, arrival: Arrival) {
        let Arrival { seat, claimed, place, teller } = arrival;
        let index = self.free.pop().unwrap_or_else(|| {
            self.hot.push(None);
            self.hot.len() - 1
        });
        seat.set_index(index);
        let driver = Driving::new(Arc::clone(&self.shared), claimed, place, teller, Arc::clone(&seat));
        let waker = Waker::from(Arc::clone(&seat));
        self.ready.push_back(Arc::clone(&seat));
        self.hot[index] = Some(Hot { seat, waker, driver });
    }

    /// Polls one execution.
    fn advance(&mut self, seat: &Arc<Seat>) {
        seat.delist();
        let index = seat.index();
        // Woken after its end, it may find another in its place.
        let Some(hot) =
            self.hot.get_mut(index).and_then(Option::as_mut).filter(|hot| Arc::ptr_eq(&hot.seat, seat))
        else {
            return;
        };
        let mut context = Context::from_waker(&hot.waker);
        let ended = seat.is_aborted()
            || catch_unwind(AssertUnwindSafe(|| hot.driver.poll(&mut context).is_ready())).unwrap_or_else(
                |_| {
                    tracing::error!(
                        "the driver of an execution panicked; whoever takes over from this worker goes on"
                    );
                    true
                },
            );
        if ended {
            let hot = self.hot[index].take();
            self.free.push(index);
            drop_guarded(hot);
        }
    }

    /// Takes the answers of groups that are written; their executions are polled next.
    fn land(&mut self, task: &mut Context<'_>) {
        while let Some((flight, answers)) = Flight::landed(&mut self.flights, task) {
            self.last_commit = flight.since.elapsed();
            self.answer(flight.waiting, answers);
        }
    }

    fn answer(&mut self, seats: Vec<Arc<Seat>>, answers: Vec<Answer>) {
        let written = answers.iter().filter(|answer| answer.is_ok()).count();
        self.shard.commits.fetch_add(written as u64, Relaxed);
        let mut answers = answers.into_iter();
        for seat in seats {
            seat.put(answers.next().unwrap_or_else(|| Err(self.no_answer().into())));
            if seat.enlist() {
                self.ready.push_back(seat);
            }
        }
    }

    /// Half of all executions make a group of their own, so that two groups keep both sides busy.
    fn may_go_ahead(&self) -> bool {
        self.flights.len() < GROUPS_IN_FLIGHT && {
            let hot = self.hot.len() - self.free.len();
            self.shard.outbox().len() >= (hot / 2).clamp(GROUP_AHEAD_MIN, GROUP_MEMBERS_MAX)
        }
    }

    /// With nobody left to poll, what is there goes.
    fn may_go(&self) -> bool {
        self.flights.len() < GROUPS_IN_FLIGHT && self.shard.outbox().len() > 0
    }

    fn dispatch(&mut self, task: &mut Context<'_>) {
        let Group { commits, seats } = self.shard.outbox().take();
        let writing = write(Arc::clone(&self.shared.store), commits);
        self.flights.push(Flight::new(seats, writing));
        // Polled at once: only then does the store know of it.
        self.land(task);
    }

    fn may_start(&self) -> bool {
        !self.starts.is_empty() && self.starting.len() < GROUPS_IN_FLIGHT
    }

    fn dispatch_starts(&mut self, task: &mut Context<'_>) {
        let members = self.starts.len().min(GROUP_MEMBERS_MAX);
        let mut requests = Vec::with_capacity(members);
        let mut starts = Vec::with_capacity(members);
        for start in self.starts.drain(..members) {
            requests.push(start.request.clone());
            starts.push(start);
        }
        let writing = write_starts(Arc::clone(&self.shared.store), requests);
        self.starting.push(Flight::new(starts, writing));
        self.land_starts(task);
    }

    fn land_starts(&mut self, task: &mut Context<'_>) {
        while let Some((flight, answers)) = Flight::landed(&mut self.starting, task) {
            let mut answers = answers.into_iter();
            for start in flight.waiting {
                let answer = answers.next().unwrap_or_else(|| Err(self.no_answer()));
                self.started(start, answer);
            }
        }
    }

    fn started(&mut self, start: Starting, answer: Result<Started, StoreError>) {
        let Starting { request, reserved, teller, reply } = start;
        let answer = match answer {
            Ok(Started::New(Some(claimed))) => {
                // If the worker is closing, leaving the store gives the execution to others.
                if let Some(place) = reserved.sit() {
                    self.shared.counters.claimed.fetch_add(1, Relaxed);
                    let (key, seat) = (place.key, Seat::new(Arc::clone(&self.shard)));
                    let arrival =
                        Arrival { seat: Arc::clone(&seat), claimed: *claimed, place, teller: Some(teller) };
                    self.seat(arrival);
                    self.shared.places.keep(key, seat);
                }
                Ok(Started::New(None))
            }
            // Carried through whether or not its caller still waits.
            Err(error) if error.is_transient() => {
                let shared = Arc::clone(&self.shared);
                self.shared.runtime.spawn(async move {
                    let answer = start::repeat_claimed(&shared.store, request.clone()).await;
                    let refused = answer.as_ref().is_err_and(StoreError::is_transient);
                    // Nobody may be listening.
                    let _ = reply.send(answer);
                    if refused {
                        start::give_back(&shared, &request).await;
                    }
                });
                return;
            }
            answer => answer,
        };
        // A waker that panics is its task's affair.
        let _ = catch_unwind(AssertUnwindSafe(|| reply.send(answer)));
    }

    fn is_done(&self) -> bool {
        self.has_nothing() && self.shard.inbox().closed
    }

    /// Nothing in memory, and nothing to write.
    fn has_nothing(&self) -> bool {
        self.free.len() == self.hot.len()
            && self.flights.is_empty()
            && self.starts.is_empty()
            && self.starting.is_empty()
            && self.shard.outbox().len() == 0
    }

    /// Waits a moment for the answer to a small group without going to sleep: to sleep and be woken takes half as long as the
    /// commit. Only while commits are known to be quick, and never where this is the only thread. Whether something came.
    fn waits_awake(&mut self, task: &mut Context<'_>) -> bool {
        let in_flight = self.members_in_flight();
        if !(1..=AWAKE_FOR_MEMBERS).contains(&in_flight)
            || !self.may_stay_awake
            || self.last_commit > 2 * AWAKE_MAX
        {
            return false;
        }
        let since = Instant::now();
        loop {
            self.land(task);
            self.land_starts(task);
            let inbox = self.shard.inbox();
            let some = !inbox.arrivals.is_empty() || !inbox.woken.is_empty() || !inbox.starts.is_empty();
            drop(inbox);
            if some || self.members_in_flight() < in_flight {
                return true;
            }
            if since.elapsed() > AWAKE_MAX {
                return false;
            }
            std::hint::spin_loop();
        }
    }

    fn members_in_flight(&self) -> usize {
        let commits: usize = self.flights.iter().map(|flight| flight.waiting.len()).sum();
        let starts: usize = self.starting.iter().map(|flight| flight.waiting.len()).sum();
        commits + starts
    }

    /// Whether there is nothing to do but to wait.
    fn sleeps(&self, task: &Context<'_>) -> bool {
        let ends = self.has_nothing();
        let mut inbox = self.shard.inbox();
        // Who closed it since it was asked about that woke nobody, as nobody slept.
        let ends = ends && inbox.closed;
        // What landed while groups were dispatched is ready already.
        let idle = !ends
            && self.ready.is_empty()
            && inbox.arrivals.is_empty()
            && inbox.woken.is_empty()
            && inbox.starts.is_empty();
        if idle {
            inbox.sleeper = Some(task.waker().clone());
        }
        idle
    }

    fn no_answer(&self) -> StoreError {
        StoreError::Io {
            location: self.shared.store.describe(),
            reason: "it gave no answer to a commit".into(),
            outcome_unknown: true,
        }
    }
}

impl Drop for Drive {
    /// Its runtime may have gone, and with it everybody who could be waiting.
    fn drop(&mut self) {
        let (left, closed) = {
            let mut inbox = self.shard.inbox();
            inbox.gone = true;
            let Inbox { arrivals, woken, starts, closed, .. } = &mut *inbox;
            let left = (std::mem::take(arrivals), std::mem::take(woken), std::mem::take(starts));
            (left, *closed)
        };
        drop(left);
        if !closed {
            self.shared.abandon();
        }
        // Its seats refer to the shard.
        *self.shard.outbox() = Outbox::default();
        // Each alone: two that panic as they are dropped would be the end of the process.
        self.hot.drain(..).for_each(drop_guarded);
    }
}

/// What an execution held may be the user's, and may panic.
fn drop_guarded(hot: Option<Hot>) {
    if catch_unwind(AssertUnwindSafe(|| drop(hot))).is_err() {
        tracing::error!("an execution panicked as it was dropped");
    }
}

/// One group to the store. A store that panics answers nobody.
async fn write(store: Arc<dyn Store>, commits: Vec<Commit>) -> Vec<Answer> {
    let Ok(mut writing) = catch_unwind(AssertUnwindSafe(|| store.commit(commits))) else {
        return Vec::new();
    };
    unless_it_panics(|task| writing.as_mut().poll(task)).await
}

/// A group of starts to the store, as [`write`].
async fn write_starts(
    store: Arc<dyn Store>,
    requests: Vec<StartRequest>,
) -> Vec<Result<Started, StoreError>> {
    let Ok(mut writing) = catch_unwind(AssertUnwindSafe(|| store.start_group(requests))) else {
        return Vec::new();
    };
    unless_it_panics(|task| writing.as_mut().poll(task)).await
}

/// What a store answers to a group; nothing if it panics.
async fn unless_it_panics<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<Vec<T>>) -> Vec<T> {
    poll_fn(|task| catch_unwind(AssertUnwindSafe(|| poll(task))).unwrap_or(Poll::Ready(Vec::new()))).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{payload::Codec, registry::Registry, schemas::Schemas, shared::Options};
    use durable_core::{
        Resources,
        memory::{Clock, MemoryStore},
        store::WorkerId,
    };

    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> u64 {
            0
        }
    }

    fn drive() -> Drive {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(Stopped)));
        let options = Options {
            name: "test".into(),
            build: durable_core::store::BuildId::default(),
            concurrency: 1,
            shards: Some(1),
            lease: Duration::from_secs(30),
            beat: Duration::from_secs(5),
            park_after: Duration::from_secs(1),
            grace: Duration::from_secs(10),
            keep: 0,
            codec: Codec::default(),
        };
        let runtime = tokio::runtime::Handle::current();
        let schemas = Schemas::new(Arc::clone(&store));
        let (resources, registry) = (Resources::new(), Registry::default());
        let shared = Shared::new(store, runtime, options, resources, registry, schemas, WorkerId(1));
        let shard = Arc::clone(&shared.shards[0]);
        Drive::new(shared, shard)
    }

    #[tokio::test]
    async fn a_shard_that_is_closed_as_it_falls_asleep_ends() {
        let drive = drive();
        assert!(!drive.is_done());
        drive.shard.close();
        assert!(!drive.sleeps(&Context::from_waker(Waker::noop())), "nobody would wake it again");
        assert!(drive.is_done());
    }
}
