//! The task of a shard.

use super::{
    Arrival, Shard,
    outbox::{GROUP_MEMBERS_MAX, Group},
};
use crate::{
    execution::Driving,
    seat::{Answer, Seat},
    shared::Shared,
};
use durable_core::{
    BoxFuture,
    store::{Commit, Store, StoreError},
};
use std::{
    collections::VecDeque,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::{Context, Poll, Waker},
};
use tokio::task::coop;

/// Groups in flight: while the store writes one, the next is encoded.
const GROUPS_IN_FLIGHT: usize = 2;
/// A group that is not all there is may go ahead of the rest with this many members: a transaction costs as much as many
/// commits, so fewer wait for the others.
const GROUP_AHEAD_MIN: usize = 200;
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
    flights: Vec<Flight>,
}

/// An execution in memory.
struct Hot {
    seat: Arc<Seat>,
    waker: Waker,
    driver: Driving,
}

/// A group in flight.
struct Flight {
    seats: Vec<Arc<Seat>>,
    writing: BoxFuture<'static, Vec<Answer>>,
}

impl Future for Drive {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<()> {
        let mut polls = POLLS_PER_TURN;
        for _ in 0..ROUNDS_PER_TURN {
            self.land(task);
            self.take_in();
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
            if self.may_go() {
                self.dispatch(task);
            } else if self.is_done() {
                return Poll::Ready(());
            } else if self.sleeps(task) {
                return Poll::Pending;
            }
        }
        task.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drive {
    pub(super) fn new(shared: Arc<Shared>, shard: Arc<Shard>) -> Self {
        Self { shared, shard, hot: Vec::new(), free: Vec::new(), ready: VecDeque::new(), flights: Vec::new() }
    }

    /// Takes what came from outside. Whether anything did.
    fn take_in(&mut self) -> bool {
        let (arrivals, woken) = {
            let mut inbox = self.shard.inbox();
            (std::mem::take(&mut inbox.arrivals), std::mem::take(&mut inbox.woken))
        };
        let some = !arrivals.is_empty() || !woken.is_empty();
        for arrival in arrivals {
            self.seat(arrival);
        }
        self.ready.extend(woken);
        some
    }

    fn seat(&mut self, arrival: Arrival) {
        let Arrival { seat, claimed, place } = arrival;
        let index = self.free.pop().unwrap_or_else(|| {
            self.hot.push(None);
            self.hot.len() - 1
        });
        seat.set_index(index);
        let driver = Driving::new(Arc::clone(&self.shared), claimed, place, Arc::clone(&seat));
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
            || catch_unwind(AssertUnwindSafe(|| hot.driver.poll(&mut context).is_ready())).unwrap_or(true);
        if ended {
            let hot = self.hot[index].take();
            self.free.push(index);
            // What it held may be the user's, and may panic.
            if catch_unwind(AssertUnwindSafe(|| drop(hot))).is_err() {
                tracing::error!("an execution panicked as it was dropped");
            }
        }
    }

    /// Takes the answers of groups that are written; their executions are polled next.
    fn land(&mut self, task: &mut Context<'_>) {
        let mut index = 0;
        while let Some(flight) = self.flights.get_mut(index) {
            match flight.writing.as_mut().poll(task) {
                Poll::Pending => index += 1,
                Poll::Ready(answers) => {
                    let Flight { seats, .. } = self.flights.remove(index);
                    self.answer(seats, answers);
                }
            }
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
        let writing = Box::pin(write(Arc::clone(&self.shared.store), commits));
        self.flights.push(Flight { seats, writing });
        // Polled at once: only then does the store know of it.
        self.land(task);
    }

    fn is_done(&self) -> bool {
        self.free.len() == self.hot.len()
            && self.flights.is_empty()
            && self.shard.outbox().len() == 0
            && self.shard.inbox().closed
    }

    /// Whether there is nothing to do but to wait.
    fn sleeps(&self, task: &Context<'_>) -> bool {
        let mut inbox = self.shard.inbox();
        // What landed while groups were dispatched is ready already.
        let idle = self.ready.is_empty() && inbox.arrivals.is_empty() && inbox.woken.is_empty();
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
        let left = {
            let mut inbox = self.shard.inbox();
            inbox.gone = true;
            (std::mem::take(&mut inbox.arrivals), std::mem::take(&mut inbox.woken))
        };
        drop(left);
    }
}

/// One group to the store. A store that panics answers nobody.
async fn write(store: Arc<dyn Store>, commits: Vec<Commit>) -> Vec<Answer> {
    let Ok(mut writing) = catch_unwind(AssertUnwindSafe(|| store.commit(commits))) else {
        return Vec::new();
    };
    poll_fn(|task| match catch_unwind(AssertUnwindSafe(|| writing.as_mut().poll(task))) {
        Ok(poll) => poll,
        Err(_) => Poll::Ready(Vec::new()),
    })
    .await
}
