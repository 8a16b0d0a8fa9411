//! The driver of one execution: polls its machine, carries out what it asks, and ends when the execution parks or ends.

mod persist;

use crate::{
    places::Place,
    registry::{Ended, Registered},
    restore::Resumable,
    shared::Shared,
    slot::Slot,
    stats::Counters,
};
use durable_core::{
    BoxFuture, Description, ExecutionId, Status, Wait,
    machine::{AwaitPoint, FailedAttempt, Identity, Machine, Progress, Settled, panic_message},
    store::{
        Claimed, Commit, Committed, Control, FrameWrite, Next, Outcome, Park, Registered as Numbers, Row,
        SchemaId, StoreError,
    },
    stored,
};
use std::{
    fmt,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::Poll,
    time::Duration,
};

/// A place is given up after this many awaits if others wait for one (K1).
const AWAITS_BEFORE_YIELD: u32 = 1_000;
/// After this many crashes at one await point the execution fails (A2).
const CRASH_LIMIT: u32 = 5;

/// Drives a claimed execution until it parks, ends, or is not ours any more.
///
/// What an execution does rarely is boxed in here: its future is as large as the largest thing it ever awaits, and the less
/// memory thousands of executions pass through at each commit, the faster they are.
pub(crate) async fn run(shared: Arc<Shared>, claimed: Claimed, place: Place) {
    let mut driver = Driver {
        row: claimed.row,
        id: claimed.id.clone(),
        epoch: claimed.epoch,
        fence: claimed.fence,
        mail: claimed.mail,
        slot: Arc::default(),
        numbers: None,
        awaits: 0,
        shared,
    };
    let end = {
        // Pinned here: handed over as an argument it would take its room twice.
        let mut drive = pin!(driver.drive(claimed));
        poll_fn(|task| caught(|| drive.as_mut().poll(task))).await
    };
    if !matches!(end, Ok(Ok(()))) {
        Box::pin(driver.conclude(end)).await;
    }
    drop(place);
}

struct Driver {
    shared: Arc<Shared>,
    row: Row,
    id: ExecutionId,
    epoch: u64,
    fence: u64,
    /// Events ever sent, as of the claim (E2).
    mail: u64,
    slot: Arc<Slot>,
    /// The schema rows of the workflow that committed last.
    numbers: Option<(&'static Description, Arc<Numbers>)>,
    awaits: u32,
}

/// An await point that is durable, and the snapshot the machine goes on with.
type Saved = (Committed, Arc<[u8]>);

/// Why a driver stops before its execution parks or ends.
enum Stop {
    /// The execution belongs to another claim.
    Fenced,
    /// The store is closed, or takes this worker for dead.
    StoreGone(StoreError),
    /// It cannot go on; nothing may be lost.
    SetAside(String),
    /// It failed without an output.
    Fail(String),
    /// Others shall have it: the worker closes, or they have waited long enough.
    Release,
}

impl Driver {
    async fn drive(&mut self, claimed: Claimed) -> Result<(), Stop> {
        match Box::pin(self.prepare(claimed)).await? {
            Some(machine) => self.advance(machine).await,
            None => Ok(()),
        }
    }

    /// From the claim to the machine, checked; `None`: there is nothing to run.
    async fn prepare(&mut self, claimed: Claimed) -> Result<Option<Machine<'static, Ended>>, Stop> {
        if claimed.control == Some(Control::Cancel) {
            return self.cancel().await.map(|()| None);
        }
        let shared = Arc::clone(&self.shared);
        let Some(workflow) = shared.registry.get(claimed.queue) else {
            tracing::error!(id = %self.id, queue = claimed.queue.0, "claimed from a queue that was not asked for");
            return Err(Stop::Release);
        };
        let resumable = self.restore(&claimed).await?;
        if claimed.crashes >= CRASH_LIMIT {
            let Resumable { point, .. } = resumable;
            return Err(Stop::Fail(format!("crashed {} times at await point `{point}`", claimed.crashes)));
        }
        if claimed.crashes > 0 {
            tracing::info!(id = %self.id, crashes = claimed.crashes, point = resumable.point, "taken over after a crash");
        }
        if let Some(delay) = resumable.retry_in {
            if delay > shared.options.park_after {
                return self.park_again().await.map(|()| None);
            }
            self.wait_hot(delay).await?;
        }
        Ok(Some(self.machine(&**workflow, claimed, resumable)))
    }

    fn machine(
        &self,
        workflow: &dyn Registered,
        claimed: Claimed,
        resumable: Resumable,
    ) -> Machine<'static, Ended> {
        let identity = Identity { id: claimed.id, instance: claimed.instance, run: claimed.run };
        let Shared { host, resources, .. } = &*self.shared;
        workflow.machine(identity, Arc::clone(host), resumable.restored, Arc::clone(resources))
    }

    async fn advance(&mut self, mut machine: Machine<'static, Ended>) -> Result<(), Stop> {
        loop {
            match poll_fn(|task| machine.poll(task)).await {
                Progress::AwaitPoint(point) => {
                    let settled = machine.settle();
                    let runs_on = point.wait == Wait::Now && !self.yields();
                    let (committed, snapshot) = if runs_on && point.frame == 0 && settled.is_empty() {
                        self.step(point).await?
                    } else {
                        self.any_await_point(point, settled, machine.next_frame(), runs_on).await?
                    };
                    if !runs_on {
                        return Ok(());
                    }
                    if committed.control == Some(Control::Cancel) {
                        // In place of the operation (X1).
                        drop(machine);
                        return Box::pin(self.cancel()).await;
                    }
                    self.awaits += 1;
                    machine.committed(snapshot);
                }
                Progress::FailedAttempt(attempt) => {
                    if Box::pin(self.failed_attempt(attempt, machine.settle())).await?.is_none() {
                        return Ok(());
                    }
                    machine.restart();
                }
                Progress::Parked => return Box::pin(self.park_again()).await,
                Progress::Finished(Ended { output: Ok(output), error }) => {
                    return Box::pin(self.finished(output, error, machine.settle())).await;
                }
                Progress::Finished(Ended { output: Err(reason), .. }) => return Err(Stop::SetAside(reason)),
                Progress::SetAside(reason) => return Err(Stop::SetAside(reason)),
                Progress::Failed(reason) => return Err(Stop::Fail(reason)),
                other => {
                    return Err(Stop::SetAside(format!("this worker cannot carry out {}", name_of(&other))));
                }
            }
        }
    }

    /// Commits the await point that most are: the root's, with nothing to settle, whose operation runs at once. All that a
    /// repetition needs is a few numbers and the snapshot, which the machine needs anyway.
    async fn step(&mut self, point: AwaitPoint) -> Result<Saved, Stop> {
        let visit = point.visit;
        let (schema, snapshot) = self.stamped(point.description, point.point, point.bytes).await?;
        let committed = self
            .commit_made(|driver| {
                let snapshot = Some((schema, Arc::clone(&snapshot)));
                let write =
                    FrameWrite { frame: 0, parent: None, visit, failed: 0, snapshot, due: None, event: None };
                driver.to_commit(Some(write), Settled::default(), Next::Run)
            })
            .await?;
        Ok((committed, snapshot))
    }

    /// Commits any await point, and gives the snapshot the machine goes on with. Unless it `runs_on`, it gives up its place.
    fn any_await_point(
        &mut self,
        point: AwaitPoint,
        settled: Settled,
        next_frame: u64,
        runs_on: bool,
    ) -> BoxFuture<'_, Result<Saved, Stop>> {
        Box::pin(async move {
            let AwaitPoint { frame, parent, visit, description, point, bytes, wait } = point;
            let (schema, snapshot) = self.stamped(description, point, bytes).await?;
            let (due, event, next) = match wait {
                Wait::Now if runs_on => (None, None, Next::Run),
                Wait::Now => (Some(Duration::ZERO), None, Next::Yield),
                Wait::Timer(delay) => (Some(delay), None, self.park(Some(delay), self.mail, None)),
                // Which events came before this wait began is not known here: if any was ever sent, the store must look.
                Wait::Event(name) => (None, Some(name), self.park(None, 0, None)),
            };
            let snapshot_write = Some((schema, Arc::clone(&snapshot)));
            let write = FrameWrite { frame, parent, visit, failed: 0, snapshot: snapshot_write, due, event };
            let opened = frame != 0 && visit == 1;
            let mut commit = self.to_commit(Some(write), settled, next);
            commit.next_frame = opened.then_some(next_frame);
            Ok((self.commit(commit).await?, snapshot))
        })
    }

    /// The snapshot of an await point with its header, and its schema row.
    async fn stamped(
        &mut self,
        description: &'static Description,
        point: usize,
        mut bytes: Vec<u8>,
    ) -> Result<(SchemaId, Arc<[u8]>), Stop> {
        let name = || format!("the snapshot at await point `{}`", description.points[point].name);
        self.check_size(name, bytes.len())?;
        let schema = match self.known_numbers(description) {
            Some(numbers) => numbers.schemas[point],
            None => Box::pin(self.numbers(description)).await?.schemas[point],
        };
        stored::stamp(&mut bytes, schema, self.epoch + 1);
        let snapshot = Arc::from(&*bytes);
        stored::recycle(bytes);
        Ok((schema, snapshot))
    }

    /// Commits a failed attempt. `None`: it parked; else the delay has passed, and it is time for the next attempt.
    async fn failed_attempt(&mut self, attempt: FailedAttempt, settled: Settled) -> Result<Option<()>, Stop> {
        let FailedAttempt { frame, parent, visit, failed, error, delay, jitter } = attempt;
        let delay = jitter.spread(delay, fastrand::u64(..));
        tracing::debug!(id = %self.id, failed, error, ?delay, "an attempt failed");
        self.shared.counters.failed_attempts.fetch_add(1, Relaxed);
        let write =
            FrameWrite { frame, parent, visit, failed, snapshot: None, due: Some(delay), event: None };
        let parks = delay > self.shared.options.park_after || self.shared.is_closing();
        let next = match parks {
            true => self.park(Some(delay), self.mail, Some(error)),
            false => Next::FailedAttempt { error },
        };
        let committed = self.commit(self.to_commit(Some(write), settled, next)).await?;
        if parks {
            return Ok(None);
        }
        if committed.control == Some(Control::Cancel) {
            return self.cancel().await.map(|()| None);
        }
        self.wait_hot(delay).await?;
        Ok(Some(()))
    }

    /// A retry delay that is not worth a park.
    async fn wait_hot(&self, delay: Duration) -> Result<(), Stop> {
        tokio::select! {
            () = tokio::time::sleep(delay) => Ok(()),
            () = self.shared.closing() => Err(Stop::Release),
        }
    }

    /// Woken for nothing: the deadlines stand (W1), and all events so far were looked at.
    async fn park_again(&mut self) -> Result<(), Stop> {
        let park = Park { wake: None, mail: self.mail, error: None, keep_due: true };
        self.commit(self.to_commit(None, Settled::default(), Next::Park(park))).await.map(drop)
    }

    /// The end with an output. An `Err` fails the execution and keeps its last snapshot, so that it can be redriven (X4):
    /// then the event that brought it there stays, too.
    async fn finished(
        &mut self,
        output: Vec<u8>,
        error: Option<String>,
        settled: Settled,
    ) -> Result<(), Stop> {
        self.check_size(|| "the output".into(), output.len())?;
        let (status, settled) = match &error {
            None => (Status::Succeeded, settled),
            Some(_) => (Status::Failed, Settled::default()),
        };
        self.finish(Outcome { status, output: Some(output), error }, settled).await
    }

    async fn cancel(&mut self) -> Result<(), Stop> {
        tracing::debug!(id = %self.id, "cancelled");
        let outcome = Outcome { status: Status::Cancelled, output: None, error: None };
        self.finish(outcome, Settled::default()).await
    }

    async fn finish(&mut self, outcome: Outcome, settled: Settled) -> Result<(), Stop> {
        let set_aside = outcome.status == Status::SetAside;
        let (shared, id) = (Arc::clone(&self.shared), self.id.clone());
        let ending = shared.store.local().announce(&id);
        let told = ending.is_some().then(|| outcome.clone());
        self.commit(self.to_commit(None, settled, Next::Finish(outcome))).await?;
        if let (Some(ending), Some(outcome)) = (ending, told) {
            ending.committed(&outcome);
        }
        let Counters { finished, set_aside: aside, .. } = &self.shared.counters;
        if set_aside { aside } else { finished }.fetch_add(1, Relaxed);
        Ok(())
    }

    fn park(&self, wake: Option<Duration>, mail: u64, error: Option<String>) -> Next {
        Next::Park(Park { wake, mail, error, keep_due: false })
    }

    fn to_commit(&self, write: Option<FrameWrite>, settled: Settled, next: Next) -> Commit {
        let (root, frames) = match write {
            Some(write) if write.frame == 0 => (Some(write), Vec::new()),
            Some(write) => (None, vec![write]),
            None => (None, Vec::new()),
        };
        let Self { row, epoch, fence, .. } = *self;
        let Settled { consumed, closed } = settled;
        Commit { row, epoch, fence, root, frames, closed, next_frame: None, consumed, next }
    }

    /// Whether others shall have the place: the worker closes, or this execution has had it long enough (K1).
    fn yields(&self) -> bool {
        self.shared.is_closing() || (self.awaits >= AWAITS_BEFORE_YIELD && self.shared.places.others_wait())
    }

    /// Whatever stopped the driver, the execution is not lost.
    async fn conclude(&mut self, end: Result<Result<(), Stop>, String>) {
        let stop = match end {
            Ok(Ok(())) => return,
            Ok(Err(stop)) => stop,
            Err(panic) => {
                tracing::error!(id = %self.id, panic, "the driver of an execution panicked; the execution is set aside");
                Stop::SetAside(format!("its driver panicked: {panic}"))
            }
        };
        let (status, reason) = match stop {
            Stop::SetAside(reason) => (Status::SetAside, reason),
            Stop::Fail(reason) => (Status::Failed, reason),
            Stop::Release => return self.release().await,
            Stop::Fenced => return self.fenced(),
            Stop::StoreGone(error) => {
                return tracing::debug!(id = %self.id, %error, "an execution was dropped");
            }
        };
        tracing::warn!(id = %self.id, reason, "an execution ends as {status}");
        let outcome = Outcome { status, output: None, error: Some(reason) };
        match self.finish(outcome, Settled::default()).await {
            Ok(()) => {}
            Err(Stop::Fenced) => {
                // After a panic the epoch may be behind; then whoever claims it next reads it anew.
                self.fenced();
                self.release().await;
            }
            Err(Stop::SetAside(error)) => {
                tracing::error!(id = %self.id, error, "an execution could not even be set aside; it stays with this worker");
            }
            Err(_) => {}
        }
    }

    fn fenced(&self) {
        self.shared.counters.fenced.fetch_add(1, Relaxed);
        tracing::debug!(id = %self.id, "an execution belongs to another claim now");
    }
}

/// One poll, to its result or its panic.
fn caught<T>(poll: impl FnOnce() -> Poll<T>) -> Poll<Result<T, String>> {
    match catch_unwind(AssertUnwindSafe(poll)) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panic_message(&*panic))),
    }
}

fn name_of(progress: &impl fmt::Debug) -> String {
    let debug = format!("{progress:?}");
    debug.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}
