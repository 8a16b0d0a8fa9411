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
    Description, ExecutionId, Status, Wait,
    machine::{AwaitPoint, FailedAttempt, Identity, Machine, Progress, Settled},
    store::{
        Claimed, Commit, Control, FrameWrite, Next, Outcome, Park, Registered as Numbers, Row, StoreError,
    },
    stored,
};
use std::{
    any::Any,
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
    let end = caught(driver.drive(claimed)).await;
    driver.conclude(end).await;
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
        if claimed.control == Some(Control::Cancel) {
            return self.cancel().await;
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
                return self.park_again().await;
            }
            self.wait_hot(delay).await?;
        }
        self.advance(self.machine(&**workflow, claimed, resumable)).await
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
                    let yields = point.wait == Wait::Now && self.yields();
                    let parks = yields || point.wait != Wait::Now;
                    let (mut commit, snapshot) =
                        self.await_point(point, machine.settle(), machine.next_frame()).await?;
                    if yields {
                        commit.next = Next::Yield;
                        let written = commit.root.iter_mut().chain(&mut commit.frames);
                        written.for_each(|frame| frame.due = Some(Duration::ZERO));
                    }
                    let committed = self.commit(commit).await?;
                    if parks {
                        return Ok(());
                    }
                    if committed.control == Some(Control::Cancel) {
                        // In place of the operation (X1).
                        drop(machine);
                        return self.cancel().await;
                    }
                    self.awaits += 1;
                    machine.committed(snapshot);
                }
                Progress::FailedAttempt(attempt) => {
                    if self.failed_attempt(attempt, machine.settle()).await?.is_none() {
                        return Ok(());
                    }
                    machine.restart();
                }
                Progress::Parked => return self.park_again().await,
                Progress::Finished(Ended { output: Ok(output), error }) => {
                    return self.finished(output, error, machine.settle()).await;
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

    /// The commit of an await point, and the snapshot the machine goes on with.
    async fn await_point(
        &mut self,
        point: AwaitPoint,
        settled: Settled,
        next_frame: u64,
    ) -> Result<(Commit, Arc<[u8]>), Stop> {
        let AwaitPoint { frame, parent, visit, description, point, mut bytes, wait } = point;
        self.check_size(
            || format!("the snapshot at await point `{}`", description.points[point].name),
            bytes.len(),
        )?;
        let schema = self.numbers(description).await?.schemas[point];
        stored::stamp(&mut bytes, schema, self.epoch + 1);
        let snapshot: Arc<[u8]> = bytes.into();
        let (due, event, next) = match wait {
            Wait::Now => (None, None, Next::Run),
            Wait::Timer(delay) => (Some(delay), None, self.park(Some(delay), self.mail, None)),
            // Which events came before this wait began is not known here: if any was ever sent, the store must look.
            Wait::Event(name) => (None, Some(name), self.park(None, 0, None)),
        };
        let snapshot_write = Some((schema, Arc::clone(&snapshot)));
        let write = FrameWrite { frame, parent, visit, failed: 0, snapshot: snapshot_write, due, event };
        let opened = frame != 0 && visit == 1;
        let mut commit = self.to_commit(Some(write), settled, next);
        commit.next_frame = opened.then_some(next_frame);
        Ok((commit, snapshot))
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
        self.commit(self.to_commit(None, settled, Next::Finish(outcome))).await?;
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

/// Runs a future to its end or its panic.
async fn caught<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    poll_fn(|task| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(task))) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(message(&*panic))),
    })
    .await
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".into())
}

fn name_of(progress: &impl fmt::Debug) -> String {
    let debug = format!("{progress:?}");
    debug.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}
