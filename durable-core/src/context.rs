//! The context of a frame: what generated code and awaitables talk to, and what the driver reads.
//!
//! A drive future never does I/O for the machine's sake. It puts a request into the execution and stays pending; the
//! driver, which polls it, finds the request, carries it out (a commit), acknowledges and polls again, or drops the future.
//! **To suspend is to drop the future**: the snapshot is already durable.

mod stages;

use crate::{
    Awaitable, BoxFuture, ExecutionId, SavedFields, Saver, Wait, Witnesses, Workflow,
    attempt::{AttemptScope, in_scope},
    describe,
    host::Host,
    schema::{Fingerprint, PointSchema, Schema},
    step::Jitter,
    stored::STORED_HEADER_BYTES,
    upgrade::match_point,
    workflow::{Description, Entry},
};
use stages::{At, Block};
use std::{
    convert::Infallible,
    fmt,
    future::{pending, poll_fn},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::Poll,
    time::Duration,
};

/// What a drive future asks of its driver.
#[derive(Debug)]
pub(crate) enum Request {
    /// Commit this await point; then the operation runs, or the execution parks.
    AwaitPoint { slot: usize, saved: SavedFields, wait: Wait },
    /// The operation failed and shall be tried again after about this delay.
    FailedAttempt { slot: usize, error: String, delay: Duration, jitter: Jitter },
    /// The operation waits for something that has not come: park again.
    Park,
    /// Find the schema with this fingerprint.
    Shape(Fingerprint),
    /// It cannot go on, and nothing may be lost.
    SetAside(String),
    /// Another build shall go on with it.
    LeaveToOthers,
    /// It failed without a value to return.
    Fail(String),
}

/// Why a frame cannot be gone on from in this build.
pub(crate) enum Refused {
    SetAside(String),
    /// What this build does not know of would be lost.
    ForOthers,
}

/// One frame of a running execution.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) place: Place,
    pub(crate) number: u64,
    pub(crate) parent: Option<u64>,
    pub(crate) visit: u64,
    pub(crate) failed: u32,
    /// Payload of the last await point's snapshot, its header in front.
    pub(crate) snapshot: Arc<[u8]>,
    /// It stands at a restored await point: the next `at` is that point and commits nothing.
    pub(crate) restored: bool,
    /// It was restored by a claim, not by a retry: an attempt may have been interrupted.
    pub(crate) interrupted: bool,
    /// Its timer is due.
    pub(crate) fired: bool,
}

/// Where a frame stands.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// At a known await point of this build; `None` before the first.
    Known { description: &'static Description, point: Option<usize> },
    /// As read from a store, not matched with this build's code yet.
    Restored { workflow: String, point: String, fingerprint: Fingerprint, writer: Option<Arc<PointSchema>> },
}

/// An execution while it is in memory.
pub(crate) struct Execution {
    pub(crate) id: ExecutionId,
    pub(crate) instance: [u8; 16],
    pub(crate) run: u32,
    pub(crate) host: Arc<dyn Host>,
    /// The driver has made the requested commit durable. Only whoever polls the execution touches it, so that no order
    /// between threads is needed beyond that of the polls.
    pub(crate) acknowledged: AtomicBool,
    pub(crate) state: Mutex<ExecutionState>,
}

#[derive(Debug, Default)]
pub(crate) struct ExecutionState {
    /// The open frames, each the child of the one before it.
    pub(crate) frames: Vec<Frame>,
    pub(crate) next_frame: u64,
    pub(crate) crashes: u32,
    pub(crate) request: Option<Request>,
    pub(crate) delivery: Option<(u64, Vec<u8>)>,
    /// The answer to [`Request::Shape`].
    pub(crate) shape: Option<(Fingerprint, Option<Arc<Schema>>)>,
    pub(crate) consumed: Vec<u64>,
    pub(crate) closed: Vec<u64>,
}

impl Execution {
    pub(crate) fn state(&self) -> MutexGuard<'_, ExecutionState> {
        // A panic in user code never happens under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The context of one frame. Generated code receives it; users never see it.
#[doc(hidden)]
pub struct Context {
    execution: Option<Arc<Execution>>,
    slot: usize,
    goto: AtomicBool,
    /// No await point was reached since the frame was resumed.
    fresh: AtomicBool,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("slot", &self.slot).finish_non_exhaustive()
    }
}

/// What an await point must know of its operation.
struct Arrival<'a> {
    wait: &'a dyn Fn() -> Wait,
    opens_frame: bool,
    at_most_once: bool,
}

// What generated code calls.
impl Context {
    /// At an await point: commits the snapshot (unless restored to this very point), then runs the operation.
    ///
    /// Not an `async fn`: erasing here keeps "not general enough" errors away from user code.
    pub fn at<'a, A>(&'a self, point: usize, saver: Saver, operation: A) -> BoxFuture<'a, A::Output>
    where
        A: Awaitable + Send + 'a,
        A::Output: Send,
    {
        let arrival = Arrival {
            wait: &|| operation.wait(),
            opens_frame: operation.opens_frame(),
            at_most_once: operation.at_most_once(),
        };
        let Some(committed) = self.arrive(point, saver, &arrival) else {
            return Box::pin(pending());
        };
        Box::pin(At::new(self, committed, operation, |operation| operation.run(self)))
    }

    /// Leaves a block: the wrapper turns the pending future into "go to the next block". Native `return` and `?` stay free
    /// for the user's own return type.
    pub async fn goto(&self) -> Infallible {
        self.goto.store(true, Relaxed);
        pending().await
    }

    /// The same, said at the end of a block that stays pending from now on.
    pub fn leave(&self) {
        self.goto.store(true, Relaxed);
    }

    /// A block: ready with the workflow's result, or `None` when it left for a next block.
    pub fn until_left<'a, T: Send + 'a>(
        &'a self,
        body: BoxFuture<'a, T>,
    ) -> impl Future<Output = Option<T>> + Send + 'a {
        Block { cx: self, body }
    }

    /// One block, boxed: ready with the workflow's result, or `None` when it chose a next block.
    pub fn block<'a, F>(&'a self, body: F) -> BoxFuture<'a, Option<F::Output>>
    where
        F: Future + Send + 'a,
        F::Output: Send,
    {
        Box::pin(Block { cx: self, body })
    }

    /// A borrow that was taken before cannot be taken again: the snapshot was edited, or the program changed under it.
    pub async fn lost_borrow(&self) -> Infallible {
        let reason = "a borrowed value of the snapshot is no longer where it was: the saved collection is shorter or of \
                      another variant than when it was saved";
        self.set_aside(reason.into()).await
    }

    /// Stays pending: how a describing drive ends, and one whose snapshot could not be read.
    pub async fn never(&self) -> Infallible {
        pending().await
    }
}

// What awaitables call.
impl Context {
    /// Makes `attempt()` answer while the future is polled.
    pub(crate) fn scoped<'a, F: Future + Send + 'a>(
        &self,
        future: F,
    ) -> impl Future<Output = F::Output> + Send + 'a {
        let scope = self.with_frame(|execution, frame, crashes| AttemptScope {
            execution: Arc::clone(execution),
            frame: frame.number,
            visit: frame.visit,
            number: 1 + frame.failed + crashes,
        });
        in_scope(scope, future)
    }

    /// A1: 1 + failed + crashes.
    pub(crate) fn attempt_number(&self) -> u32 {
        self.with_frame(|_, frame, crashes| 1 + frame.failed + crashes)
    }

    /// Whether an earlier attempt at this await point may have begun and not ended (A5).
    pub(crate) fn was_interrupted(&self) -> bool {
        self.with_frame(|_, frame, _| frame.interrupted)
    }

    /// Whether the frame's timer is due.
    pub(crate) fn fired(&self) -> bool {
        self.with_frame(|_, frame, _| frame.fired)
    }

    /// The event that came for this frame, with its number.
    pub(crate) fn take_delivery(&self) -> Option<(u64, Vec<u8>)> {
        self.execution().state().delivery.take()
    }

    /// The event was received: it goes with the next commit.
    pub(crate) fn consume(&self, seq: u64) {
        self.execution().state().consumed.push(seq);
    }

    /// The schema with this fingerprint, of a value that another version of the program wrote; `None` if nobody knows it. The driver
    /// finds it, which is no matter of the path that all values take.
    pub(crate) async fn shape(&self, fingerprint: Fingerprint) -> Option<Arc<Schema>> {
        poll_fn(|_| {
            let mut state = self.execution().state();
            match state.shape.take() {
                Some((known, schema)) if known == fingerprint => Poll::Ready(schema),
                _ => {
                    state.request = Some(Request::Shape(fingerprint));
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// A timer of the host.
    pub(crate) fn timer(&self, after: Duration) -> BoxFuture<'static, ()> {
        self.execution().host.timer(after)
    }

    /// Gives up memory until the timer or the event comes.
    pub(crate) async fn park(&self) -> Infallible {
        self.request(Request::Park).await
    }

    /// Records a failed attempt; the operation is tried again from the snapshot.
    pub(crate) async fn fail_attempt(&self, error: String, delay: Duration, jitter: Jitter) -> Infallible {
        self.request(Request::FailedAttempt { slot: self.slot, error, delay, jitter }).await
    }

    /// Sets the execution aside.
    pub(crate) async fn set_aside(&self, reason: String) -> Infallible {
        self.request(Request::SetAside(reason)).await
    }

    /// A frame cannot be gone on from in this build.
    pub(crate) async fn refuse(&self, refused: Refused) -> Infallible {
        self.request(match refused {
            Refused::SetAside(reason) => Request::SetAside(reason),
            Refused::ForOthers => Request::LeaveToOthers,
        })
        .await
    }

    /// Fails the execution.
    pub(crate) async fn fail(&self, reason: String) -> Infallible {
        self.request(Request::Fail(reason)).await
    }

    /// Runs a lone inline child: it opens its frame with its first commit (F1) and closes it with the parent's next (F4).
    pub(crate) async fn run_child<W: Workflow>(
        &self,
        resources: W::Resources<'_>,
        input: W::Input,
    ) -> W::Output {
        let description = match describe::<W>() {
            Ok(description) => description,
            Err(error) => match self.fail(error.to_string()).await {},
        };
        let child = self.open_child(description);
        let output = match child.entry::<W>(input) {
            Ok(entry) => W::drive(&child, Some(resources), entry).await,
            Err(refused) => match self.refuse(refused).await {},
        };
        child.close();
        output
    }
}

// Frames.
impl Context {
    /// The root frame of an execution.
    pub(crate) fn root(execution: Arc<Execution>) -> Self {
        Self {
            execution: Some(execution),
            slot: 0,
            goto: AtomicBool::new(false),
            fresh: AtomicBool::new(true),
        }
    }

    /// A context that belongs to no execution, for describing.
    pub(crate) fn describing() -> Self {
        Self { execution: None, slot: 0, goto: AtomicBool::new(false), fresh: AtomicBool::new(true) }
    }

    fn open_child(&self, description: &'static Description) -> Context {
        let execution = self.execution();
        let mut state = execution.state();
        let slot = self.slot + 1;
        if state.frames.len() == slot {
            let parent = Some(state.frames[self.slot].number);
            state.frames.push(Frame {
                place: Place::Known { description, point: None },
                // It gets its number with its first commit.
                number: u64::MAX,
                parent,
                visit: 0,
                failed: 0,
                snapshot: Arc::new([]),
                restored: false,
                interrupted: false,
                fired: false,
            });
        }
        Context {
            execution: Some(execution.clone()),
            slot,
            goto: AtomicBool::new(false),
            fresh: AtomicBool::new(true),
        }
    }

    fn close(&self) {
        let mut state = self.execution().state();
        let closed: Vec<_> = state.frames.drain(self.slot..).map(|frame| frame.number).collect();
        state.closed.extend(closed.into_iter().filter(|number| *number != u64::MAX));
    }

    /// How this frame's drive begins: from its snapshot if it has one, else from `input`.
    pub(crate) fn entry<W: Workflow>(&self, input: W::Input) -> Result<Entry<'_, W::Input>, Refused> {
        match self.resume::<W>()? {
            Some(resume) => Ok(Entry::Resume(resume)),
            None => Ok(Entry::Start(input)),
        }
    }

    /// Matches the frame's snapshot with this build's code: its await point must exist. What another build saved there becomes
    /// what this one saves, before anything reads it.
    pub(crate) fn resume<W: Workflow>(&self) -> Result<Option<Resume<'_>>, Refused> {
        let description = describe::<W>().map_err(|error| Refused::SetAside(error.to_string()))?;
        let mut state = self.execution().state();
        let frame = &mut state.frames[self.slot];
        let point = match &frame.place {
            Place::Known { point, .. } => *point,
            Place::Restored { workflow, point, fingerprint, .. }
                if self.is_for_others(description, workflow, point, fingerprint) =>
            {
                return Err(Refused::ForOthers);
            }
            Place::Restored { workflow, point, fingerprint, writer } => {
                let (point, upgraded) = match_point(
                    description,
                    workflow,
                    point,
                    fingerprint,
                    writer.as_deref(),
                    &frame.snapshot,
                )
                .map_err(Refused::SetAside)?;
                if let Some(upgraded) = upgraded {
                    frame.snapshot = upgraded;
                }
                Some(point)
            }
        };
        frame.place = Place::Known { description, point };
        let Some(point) = point else { return Ok(None) };
        // `Start` is no await point: the first `at` after it commits.
        frame.restored = point != 0;
        Ok(Some(Resume { cx: self, point, snapshot: frame.snapshot.clone() }))
    }

    fn is_for_others(
        &self,
        description: &'static Description,
        workflow: &str,
        point: &str,
        saved: &Fingerprint,
    ) -> bool {
        let own = description.point(point).map(|at| &description.point_fingerprints[at]);
        self.slot > 0
            && description.name == workflow
            && own != Some(saved)
            && self.execution().host.is_for_others(description, point, saved)
    }

    /// At an await point: asks for its commit, unless the frame stands restored at it. Whether it is committed already; `None` if
    /// it cannot go on. Apart from the operation's type: users' crates are to compile little for each of theirs.
    ///
    /// What was committed for others to begin has not begun. If it may run only once, it is committed again, at the same visit:
    /// that is the record of its start (A5).
    fn arrive(&self, point: usize, saver: Saver, operation: &Arrival<'_>) -> Option<bool> {
        let restored = self.was_restored(self.execution());
        if !restored || (operation.at_most_once && !self.was_interrupted()) {
            self.ask_commit(point, saver, (operation.wait)(), restored);
            return Some(false);
        }
        if !operation.opens_frame
            && let Some(reason) = self.forgotten_child()
        {
            self.execution().state().request = Some(Request::SetAside(reason));
            return None;
        }
        Some(true)
    }

    fn ask_commit(&self, point: usize, saver: Saver, wait: Wait, restored: bool) {
        let execution = self.execution();
        let saved = saver.finish();
        let mut state = execution.state();
        let state = &mut *state;
        let saved = match saved {
            Ok(saved) => saved,
            Err((field, error)) => {
                state.request =
                    Some(Request::SetAside(unsavable(&state.frames[self.slot], point, field, &error)));
                return;
            }
        };
        // What could not be read again is found out now, and not when it is resumed.
        if let Place::Known { description, .. } = &state.frames[self.slot].place
            && let Err((field, error)) = description.check_bounds(point, &saved.bytes[STORED_HEADER_BYTES..])
        {
            let point = &description.points[point].name;
            let reason = format!("await point `{point}`: the value of `{field}` cannot be saved: {error}");
            state.request = Some(Request::SetAside(reason));
            return;
        }
        let frame = &mut state.frames[self.slot];
        if frame.number == u64::MAX {
            frame.number = state.next_frame;
            state.next_frame += 1;
        }
        if let Place::Known { point: at, .. } = &mut frame.place {
            *at = Some(point);
        }
        frame.visit += u64::from(!restored);
        frame.failed = 0;
        frame.interrupted = false;
        frame.fired = false;
        state.crashes = 0;
        state.delivery = None;
        execution.acknowledged.store(false, Relaxed);
        state.request = Some(Request::AwaitPoint { slot: self.slot, saved, wait });
    }

    /// Whether the frame stands restored at this await point; asked once after each restore.
    fn was_restored(&self, execution: &Execution) -> bool {
        self.fresh.load(Relaxed) && {
            self.fresh.store(false, Relaxed);
            std::mem::take(&mut execution.state().frames[self.slot].restored)
        }
    }

    /// Whether the requested commit is durable (C3); said once.
    fn is_acknowledged(&self) -> bool {
        let acknowledged = &self.execution().acknowledged;
        let is = acknowledged.load(Relaxed);
        if is {
            acknowledged.store(false, Relaxed);
        }
        is
    }

    /// Whether a jump was asked for; said once.
    fn goes(&self) -> bool {
        self.goto.swap(false, Relaxed)
    }

    /// A child that was running at the restored await point, though this build awaits none there: going on would lose it
    /// (V2).
    fn forgotten_child(&self) -> Option<String> {
        let state = self.execution().state();
        if state.frames.len() <= self.slot + 1 {
            return None;
        }
        let Place::Known { description, point: Some(point) } = state.frames[self.slot].place else {
            return None;
        };
        let (point, workflow) = (&description.points[point].name, description.name);
        Some(format!(
            "await point `{point}` of workflow `{workflow}` has a child open, but awaits no child in this build"
        ))
    }

    async fn request(&self, request: Request) -> Infallible {
        self.execution().state().request = Some(request);
        pending().await
    }

    fn with_frame<T>(&self, read: impl FnOnce(&Arc<Execution>, &Frame, u32) -> T) -> T {
        let execution = self.execution();
        let state = execution.state();
        read(execution, &state.frames[self.slot], state.crashes)
    }

    fn execution(&self) -> &Arc<Execution> {
        self.execution.as_ref().expect("a describing drive reaches no await point")
    }
}

fn unsavable(frame: &Frame, point: usize, field: usize, error: &postcard::Error) -> String {
    let Place::Known { description, .. } = &frame.place else { return error.to_string() };
    let point = &description.points[point];
    let field = point.fields.get(field).map_or("?", |(name, _)| name);
    format!("await point `{}`: the value of `{field}` cannot be saved: {error}", point.name)
}

/// A snapshot to go on from.
#[doc(hidden)]
pub struct Resume<'a> {
    cx: &'a Context,
    point: usize,
    snapshot: Arc<[u8]>,
}

impl fmt::Debug for Resume<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resume").field("point", &self.point).finish_non_exhaustive()
    }
}

impl Resume<'_> {
    /// The await point's number.
    pub fn point(&self) -> usize {
        self.point
    }

    /// The locals of that await point's block. `None`: they could not be read, and the execution is set aside.
    pub fn load<S: Witnesses>(&self, witnesses: S) -> Option<S::Values> {
        let mut payload = &self.snapshot[STORED_HEADER_BYTES.min(self.snapshot.len())..];
        let error = match witnesses.load(&mut payload) {
            Ok(values) if payload.is_empty() => return Some(values),
            Ok(_) => format!("{} bytes are left over", payload.len()),
            Err(error) => error.to_string(),
        };
        let mut state = self.cx.execution().state();
        let name = match &state.frames[self.cx.slot].place {
            Place::Known { description, .. } => description.points[self.point].name.clone(),
            Place::Restored { point, .. } => point.clone(),
        };
        state.request =
            Some(Request::SetAside(format!("the snapshot at await point `{name}` cannot be read: {error}")));
        None
    }
}
