//! The beat of a worker, on a thread of its own (K3): a runtime whose threads are all busy must not look dead, and one that
//! is really stuck must not look alive to itself (K4).

use crate::shared::Shared;
use durable_core::store::StoreError;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// How long a worker that is dropped tries to leave.
const LEAVE_MAX: Duration = Duration::from_secs(5);
/// A store clock that runs away from ours by more than this was set: the next deadline is looked up anew.
const CLOCK_JUMP: Duration = Duration::from_secs(1);

const RUNNING: u8 = 0;
const STOPPED: u8 = 1;
const LEAVING: u8 = 2;

/// The beat thread of a running worker.
pub(crate) struct Beat {
    thread: Thread,
    order: Arc<AtomicU8>,
    ended: Option<oneshot::Receiver<()>>,
}

impl Beat {
    pub(crate) fn start(shared: Arc<Shared>) -> std::io::Result<Self> {
        let order = Arc::new(AtomicU8::new(RUNNING));
        let (tell, ended) = oneshot::channel();
        let beating = Beating { order: Arc::clone(&order), last: Instant::now(), lost: false, clock: None };
        let name = format!("durable-beat-{}", shared.options.name);
        let thread = thread::Builder::new().name(name).spawn(move || {
            let _runtime = shared.runtime.enter();
            beating.run(&shared);
            drop(_runtime);
            drop(shared);
            // Nobody may be listening.
            let _ = tell.send(());
        })?;
        Ok(Self { thread: thread.thread().clone(), order, ended: Some(ended) })
    }

    /// Ends the thread without leaving the store.
    pub(crate) fn stop(&self) {
        self.give(STOPPED);
    }

    /// Ends the thread after it has left the store, as well as it can.
    pub(crate) fn leave(&self) {
        self.give(LEAVING);
    }

    /// Ends when the thread has dropped what it shares with the worker.
    pub(crate) async fn ended(&mut self) {
        if let Some(ended) = self.ended.take() {
            let _ = ended.await;
        }
    }

    fn give(&self, order: u8) {
        self.order.store(order, SeqCst);
        self.thread.unpark();
    }
}

struct Beating {
    order: Arc<AtomicU8>,
    /// The last beat that succeeded.
    last: Instant,
    /// The drivers were dropped, and the store has not been joined again.
    lost: bool,
    /// Both clocks at the last look: the store's and ours.
    clock: Option<(u64, Instant)>,
}

impl Beating {
    fn run(mut self, shared: &Shared) {
        let mut pause = shared.options.beat;
        loop {
            let waking = Instant::now() + pause;
            while self.goes_on(shared) && Instant::now() < waking {
                thread::park_timeout(waking.saturating_duration_since(Instant::now()));
            }
            if !self.goes_on(shared) {
                break;
            }
            // A store that panics has failed like any other.
            let sound = catch_unwind(AssertUnwindSafe(|| self.beat(shared))).unwrap_or_else(|_| {
                if Instant::now() >= self.last + shared.options.lease / 2 {
                    self.lose(shared, "it could not beat for half a lease");
                }
                false
            });
            // After a failure the next beat comes sooner, while the lease is not lost.
            pause = if sound { shared.options.beat } else { shared.options.beat / 5 };
        }
        if self.order.load(SeqCst) == LEAVING || shared.is_abandoned() {
            let worker = shared.worker();
            let until = Instant::now() + LEAVE_MAX;
            if let Some(Err(error)) =
                block_on(shared.store.leave(worker), || Instant::now() < until, LEAVE_MAX)
            {
                tracing::debug!(%error, "the worker could not leave the store; its lock is free, so others take over");
            }
        }
    }

    fn goes_on(&self, shared: &Shared) -> bool {
        self.order.load(SeqCst) == RUNNING && !shared.is_abandoned()
    }

    fn beat(&mut self, shared: &Shared) -> bool {
        let half_lease = shared.options.lease / 2;
        let deadline = self.last + half_lease;
        let beating = shared.store.beat(shared.worker(), shared.options.lease);
        let mut late = self.lost;
        let beat = block_on(
            beating,
            || {
                if !late && Instant::now() >= deadline {
                    late = true;
                    lose(shared, "it could not beat for half a lease");
                }
                self.order.load(SeqCst) == RUNNING
            },
            half_lease / 4,
        );
        self.lost |= late;
        let Some(beat) = beat else { return false };
        match beat {
            Ok(beat) => {
                if beat.taken_over > 0 {
                    tracing::info!(executions = beat.taken_over, "took over from dead workers");
                }
                // A process that stood still beats late and successfully: what it held may have been given away.
                if !self.lost && Instant::now() >= deadline {
                    self.lose(shared, "it stood still for half a lease");
                }
            }
            Err(StoreError::WorkerLost) => self.lose(shared, "the store gave it up"),
            Err(error) => {
                tracing::warn!(%error, "a beat failed");
                if Instant::now() >= deadline {
                    self.lose(shared, "it could not beat for half a lease");
                }
                return false;
            }
        }
        if self.lost && !self.join_again(shared) {
            return false;
        }
        self.last = Instant::now();
        self.watch_clock(shared);
        true
    }

    fn lose(&mut self, shared: &Shared, why: &str) {
        if !self.lost {
            self.lost = true;
            lose(shared, why);
        }
    }

    /// Under a new number, so that what the old one holds is free.
    fn join_again(&mut self, shared: &Shared) -> bool {
        let order = Arc::clone(&self.order);
        let goes_on = move || order.load(SeqCst) == RUNNING;
        // Fails if the store gave it up already.
        let _ = block_on(shared.store.leave(shared.worker()), &goes_on, LEAVE_MAX);
        match block_on(shared.store.join_as(&shared.options.name, &shared.options.build), &goes_on, LEAVE_MAX)
        {
            Some(Ok(worker)) => {
                shared.set_worker(worker);
                self.lost = false;
                shared.places.open();
                tracing::info!(worker = worker.0, "the worker joined again");
                true
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "the worker could not join again yet");
                false
            }
            None => false,
        }
    }

    /// The claim loop sleeps by our clock until a deadline of the store's; if that one was set forward, it must look.
    fn watch_clock(&mut self, shared: &Shared) {
        let order = Arc::clone(&self.order);
        let now = block_on(shared.store.now(), move || order.load(SeqCst) == RUNNING, LEAVE_MAX);
        let Some(Ok(store)) = now else { return };
        let ours = Instant::now();
        if let Some((store_before, before)) = self.clock.replace((store, ours)) {
            let expected = store_before.saturating_add(millis(ours - before + CLOCK_JUMP));
            if store > expected {
                shared.places.look.notify_one();
            }
        }
    }
}

/// Drops all drivers (K4). Their executions are others' now, or will be once this worker has left.
fn lose(shared: &Shared, why: &str) {
    tracing::warn!(worker = shared.worker().0, why, "the worker is taken for dead; it drops its executions");
    shared.places.close();
    shared.places.drop_all();
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Runs a future on this thread, asking `goes_on` at each wake-up and at least every `look`. `None`: it was told to stop.
fn block_on<T>(
    future: impl Future<Output = T>,
    mut goes_on: impl FnMut() -> bool,
    look: Duration,
) -> Option<T> {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(value);
        }
        if !goes_on() {
            return None;
        }
        thread::park_timeout(look.max(Duration::from_millis(1)));
    }
}
