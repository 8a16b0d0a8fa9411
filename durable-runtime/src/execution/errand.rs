//! Errands: what an execution does rarely, each a future that is boxed while it lasts.

use super::{CRASH_LIMIT, Driver, Errand, Snapshot, Stop, delay::Requests};
use crate::{
    guarded::guarded,
    registry::{Ended, Registered},
    restore::{Resumable, restore},
    shared::Shared,
};
use durable_core::{
    BoxFuture, Status, Wait,
    machine::{AwaitPoint, FailedAttempt, Identity, Machine, Progress, Settled},
    store::{Claimed, Committed, Control, FrameWrite, Next, Outcome, Park},
};
use std::{
    fmt,
    pin::pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::{Context, Poll, Waker},
    time::Duration,
};

/// An await point that is durable, and the snapshot the machine goes on with.
type Saved = (Committed, Snapshot);

/// The machine to go on with; `None`: it parked or ended.
pub(super) type GoesOn = Option<Machine<'static, Ended>>;

pub(super) type Running = BoxFuture<'static, (Box<Driver>, GoesOn)>;

impl Driver {
    /// From the claim to the machine, if nothing is unusual about it and all that must be known is known: so start the
    /// executions of a workflow that has run here before. `None`: [`Driver::begin`] does it, and finds out what is in the way.
    pub(super) fn prepare_at_once(&mut self, claimed: &Claimed) -> GoesOn {
        // Large fields are read from the store, which takes its time.
        if claimed.control.is_some() || claimed.crashes > 0 || !self.large.is_empty() {
            return None;
        }
        let shared = Arc::clone(&self.shared);
        let workflow = shared.registry.get(claimed.queue)?;
        let description = workflow.describe().ok()?;
        at_once(shared.children.look_at(claimed, &shared.schemas))?.ok()?;
        let resumable =
            at_once(restore(claimed, &*shared.store, &shared.schemas, &shared.options.codec))?.ok()?;
        if resumable.retry_in.is_some() {
            return None;
        }
        at_once(self.numbers(description))?.ok()?;
        Some(self.machine(&**workflow, claimed, resumable))
    }

    /// From the claim to the machine.
    pub(super) fn begin(mut self: Box<Self>, claimed: Claimed) -> Running {
        Box::pin(async move {
            let end = guarded(self.prepare(claimed)).await;
            let machine = self.unless_it_stops(end).await;
            (self, machine)
        })
    }

    pub(super) fn run_errand(mut self: Box<Self>, errand: Errand, machine: GoesOn) -> Running {
        Box::pin(async move {
            let end = match errand {
                Errand::Conclude(end) => {
                    // The user's code ends before its execution does.
                    drop(machine);
                    end.map(Err)
                }
                errand => guarded(self.carry_out(errand, machine)).await,
            };
            let machine = self.unless_it_stops(end).await;
            (self, machine)
        })
    }

    /// What an errand leaves to go on with; what stops the driver is concluded.
    async fn unless_it_stops(&mut self, end: Result<Result<GoesOn, Stop>, String>) -> GoesOn {
        match end {
            Ok(Ok(machine)) => machine,
            end => {
                Box::pin(self.conclude(end.map(|end| end.map(drop)))).await;
                None
            }
        }
    }

    async fn carry_out(&mut self, errand: Errand, machine: GoesOn) -> Result<GoesOn, Stop> {
        match errand {
            Errand::Progress(progress, settled) => self.carry_out_progress(progress, settled, machine).await,
            Errand::NotCommitted(handed_in, error) => {
                let committed = self.repeat(|driver| driver.usual_commit(&handed_in), error).await?;
                self.passed();
                self.go_on(machine, committed, handed_in.snapshot.plain).await
            }
            Errand::NotFinished(finishing, error) => {
                self.repeat(|driver| finishing.commit(driver), error).await?;
                self.tell(*finishing);
                Ok(None)
            }
            Errand::Control(control) => {
                self.go_on(machine, Committed { control: Some(control) }, Arc::new([])).await
            }
            Errand::Conclude(Ok(stop)) => Err(stop),
            Errand::Conclude(Err(panic)) => Err(Stop::SetAside(panic)),
        }
    }

    /// After the commit of an await point.
    async fn go_on(
        &mut self,
        mut machine: GoesOn,
        committed: Committed,
        snapshot: Arc<[u8]>,
    ) -> Result<GoesOn, Stop> {
        if committed.control == Some(Control::Cancel) {
            // In place of the operation (X1).
            drop(machine);
            return self.cancel().await.map(|()| None);
        }
        if let Some(machine) = &mut machine {
            machine.committed(snapshot);
        }
        Ok(machine)
    }

    async fn carry_out_progress(
        &mut self,
        progress: Progress<Ended>,
        settled: Settled,
        mut machine: GoesOn,
    ) -> Result<GoesOn, Stop> {
        match progress {
            Progress::AwaitPoint(point) => {
                let runs_on = point.wait == Wait::Now && !self.yields();
                let next_frame = machine.as_ref().map_or(0, Machine::next_frame);
                let (committed, snapshot) = self.any_await_point(point, settled, next_frame, runs_on).await?;
                if !runs_on {
                    return Ok(None);
                }
                self.passed();
                Box::pin(self.go_on(machine, committed, snapshot.plain)).await
            }
            Progress::FailedAttempt(attempt) => {
                let tries_again = Box::pin(self.failed_attempt(attempt, settled)).await?;
                if let Some(machine) = &mut machine {
                    machine.restart();
                }
                Ok(machine.filter(|_| tries_again))
            }
            Progress::Parked if !self.waited => {
                let at = machine.as_ref().and_then(Machine::stands_at);
                let (workflow, point) = at.unwrap_or_default();
                Err(Stop::SetAside(format!(
                    "await point `{point}` of workflow `{workflow}` waits in this build, and was committed as an operation: it goes on \
                     in the build that saved it"
                )))
            }
            Progress::Parked => Box::pin(self.park_again()).await.map(|()| None),
            // Only an event that came with the claim is read before anything is committed: nothing was settled since.
            Progress::Shape(fingerprint) => {
                let schema = Box::pin(self.shape(fingerprint)).await?;
                if let Some(machine) = &mut machine {
                    machine.know_shape(fingerprint, schema);
                }
                Ok(machine)
            }
            Progress::SetAside(reason) => Err(Stop::SetAside(reason)),
            Progress::LeaveToOthers => Err(Stop::LeaveToOthers),
            Progress::Failed(reason) => Err(Stop::Fail(reason)),
            other => Err(Stop::SetAside(format!("this worker cannot carry out {}", name_of(&other)))),
        }
    }

    /// From the claim to the machine, checked; `None`: there is nothing to run.
    async fn prepare(&mut self, claimed: Claimed) -> Result<GoesOn, Stop> {
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
            let mut requests = Requests::of(self);
            // The claim may be older than what was asked.
            if requests.looks_cancelled().await || requests.cut_short(delay).await? {
                return self.cancel().await.map(|()| None);
            }
        }
        // The loop of one workflow finds its schema rows here, and takes no lock for them.
        if let Ok(description) = workflow.describe() {
            self.numbers(description).await?;
        }
        Ok(Some(self.machine(&**workflow, &claimed, resumable)))
    }

    fn machine(
        &self,
        workflow: &dyn Registered,
        claimed: &Claimed,
        resumable: Resumable,
    ) -> Machine<'static, Ended> {
        let identity = Identity { id: claimed.id.clone(), instance: claimed.instance, run: claimed.run };
        let Shared { host, resources, .. } = &*self.shared;
        workflow.machine(identity, Arc::clone(host), resumable.restored, Arc::clone(resources))
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
            let AwaitPoint { frame, parent, visit, description, .. } = point;
            let wait = point.wait.clone();
            let schema = match self.known_numbers(description) {
                Some(numbers) => numbers.schemas[point.point],
                None => self.numbers(description).await?.schemas[point.point],
            };
            let closes = self.large.close(&settled.closed);
            let snapshot = self.stamped(schema, point)?;
            let (due, event, next) = match wait {
                Wait::Now if runs_on => (None, None, Next::Run),
                Wait::Now => (Some(Duration::ZERO), None, Next::Yield),
                Wait::Timer(delay) => (Some(delay), None, self.park(Some(delay), self.mail, None)),
                // Which events came before this wait began is not known here: if any was ever sent, the store must look.
                Wait::Event(name) => (None, Some(name), self.park(None, 0, None)),
            };
            let snapshot_write = Some((schema, Arc::clone(&snapshot.stored)));
            let write = FrameWrite { frame, parent, visit, failed: 0, snapshot: snapshot_write, due, event };
            let opened = frame != 0 && visit == 1;
            let mut commit = self.to_commit(Some(write), settled, next);
            commit.next_frame = opened.then_some(next_frame);
            commit.sweep = closes;
            snapshot.write_large(&mut commit);
            let committed = self.commit(commit).await?;
            self.moves = None;
            Ok((committed, snapshot))
        })
    }

    /// Commits a failed attempt. Whether the delay has passed and it is time for the next one; else it parked, or ended.
    async fn failed_attempt(&mut self, attempt: FailedAttempt, settled: Settled) -> Result<bool, Stop> {
        let FailedAttempt { frame, parent, visit, failed, error, delay, jitter } = attempt;
        let delay = jitter.spread(delay, fastrand::u64(..));
        let codec = &self.shared.options.codec;
        tracing::debug!(id = %self.id, failed, error = codec.loggable(&error), ?delay, "an attempt failed");
        let error = codec.encrypt_text(error, self.instance);
        self.shared.counters.failed_attempts.fetch_add(1, Relaxed);
        let write =
            FrameWrite { frame, parent, visit, failed, snapshot: None, due: Some(delay), event: None };
        let parks = delay > self.shared.options.park_after || self.shared.is_closing();
        let next = match parks {
            true => self.park(Some(delay), self.mail, Some(error)),
            false => Next::FailedAttempt { error },
        };
        let closes = self.large.close(&settled.closed);
        let mut commit = self.to_commit(Some(write), settled, next);
        commit.sweep = closes;
        // From before the commit, which reads what was asked until then.
        let requests = (!parks).then(|| Requests::of(self));
        let committed = self.commit(commit).await?;
        let Some(requests) = requests else { return Ok(false) };
        if committed.control == Some(Control::Cancel) || requests.cut_short(delay).await? {
            return self.cancel().await.map(|()| false);
        }
        Ok(true)
    }

    /// Woken for nothing: the deadlines stand (W1), and all events so far were looked at.
    async fn park_again(&mut self) -> Result<(), Stop> {
        let park = Park { wake: None, mail: self.mail, error: None, keep_due: true };
        self.commit(self.to_commit(None, Settled::default(), Next::Park(park))).await.map(drop)
    }

    async fn cancel(&mut self) -> Result<(), Stop> {
        tracing::debug!(id = %self.id, "cancelled");
        let outcome = Outcome { status: Status::Cancelled, output: None, error: None };
        self.finish(outcome, Settled::default()).await
    }

    async fn finish(&mut self, outcome: Outcome, settled: Settled) -> Result<(), Stop> {
        let finishing = self.packed_end(outcome, settled)?;
        self.commit_made(|driver| finishing.commit(driver)).await?;
        self.tell(finishing);
        Ok(())
    }

    fn park(&self, wake: Option<Duration>, mail: u64, error: Option<String>) -> Next {
        Next::Park(Park { wake, mail, error, keep_due: false })
    }

    /// Whatever stopped the driver, the execution is not lost.
    async fn conclude(&mut self, end: Result<Result<(), Stop>, String>) {
        let stop = match end {
            Ok(Ok(())) => return,
            Ok(Err(stop)) => stop,
            Err(panic) => {
                let panic_logged = self.shared.options.codec.loggable(&panic);
                tracing::error!(id = %self.id, panic = panic_logged, "the driver of an execution panicked; the execution is set aside");
                Stop::SetAside(format!("its driver panicked: {panic}"))
            }
        };
        let (status, reason) = match stop {
            Stop::SetAside(reason) => (Status::SetAside, reason),
            Stop::Fail(reason) => (Status::Failed, reason),
            Stop::Release => return self.release().await,
            Stop::Elsewhere(error) => return self.leave_alone(&error).await,
            Stop::LeaveToOthers => return self.leave_to_others().await,
            Stop::Fenced => {
                self.fenced();
                // If it was a commit of ours after all, nobody else would go on. With a stale fence this does nothing.
                if self.unsure {
                    self.release().await;
                }
                return;
            }
            Stop::StoreGone(error) => {
                return tracing::debug!(id = %self.id, %error, "an execution was dropped");
            }
        };
        let logged = self.shared.options.codec.loggable(&reason);
        tracing::warn!(id = %self.id, reason = logged, "an execution ends as {status}");
        let outcome = Outcome { status, output: None, error: Some(reason) };
        match self.finish(outcome, Settled::default()).await {
            Ok(()) => {}
            Err(Stop::Fenced) => {
                // After a panic the epoch may be behind; then whoever claims it next reads it anew.
                self.fenced();
                self.release().await;
            }
            Err(Stop::SetAside(error)) => {
                let error = self.shared.options.codec.loggable(&error);
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

/// What a future gives that does not have to wait.
fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

fn name_of(progress: &impl fmt::Debug) -> String {
    let debug = format!("{progress:?}");
    debug.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}
