//! The machine of one execution: polls the drive future and says what must be done next. No I/O, no clock.
//!
//! The worker of `durable-runtime` and the portable [`Run`](crate::Run) are both drivers of it.

use crate::{
    BoxFuture, Context, ExecutionId, SavedFields, Wait, Workflow,
    context::{Execution, ExecutionState, Frame, Place, Request},
    host::Host,
    schema::{Fingerprint, PointSchema, Schema},
    step::Jitter,
    workflow::{Description, Entry},
};
use std::{
    fmt,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::Poll,
    time::Duration,
};

pub use crate::step::panic_message;

/// What identifies an execution to its machine.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The user's id.
    pub id: ExecutionId,
    /// Random 128 bits minted at start (F3).
    pub instance: [u8; 16],
    /// Counts rewinds and edits.
    pub run: u32,
}

/// A frame as it was stored, to go on from.
#[derive(Clone, Debug)]
pub struct RestoredFrame {
    /// Its number.
    pub number: u64,
    /// Its parent's number.
    pub parent: Option<u64>,
    /// Await-point commits made.
    pub visit: u64,
    /// Failed attempts at its await point.
    pub failed: u32,
    /// Its workflow's name.
    pub workflow: String,
    /// Its await point's name.
    pub point: String,
    /// That await point's fingerprint.
    pub fingerprint: Fingerprint,
    /// The schema it was saved with, to go on in a build that saves something else there.
    pub writer: Option<Arc<PointSchema>>,
    /// Its snapshot: the stored header's bytes (any content), then the payload.
    pub snapshot: Arc<[u8]>,
    /// Its timer is due.
    pub fired: bool,
    /// Its operation may have begun before: it did not park there (A5).
    pub begun: bool,
}

/// Everything a machine goes on from.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The open frames, each the child of the one before it; the root first.
    pub frames: Vec<RestoredFrame>,
    /// The execution's frame counter (F1).
    pub next_frame: u64,
    /// Crashes since the last await-point commit (A1).
    pub crashes: u32,
    /// The event that came for the innermost frame: its number, and its payload.
    pub delivery: Option<(u64, Vec<u8>)>,
}

/// What must be done before the machine is polled again.
#[derive(Debug)]
#[non_exhaustive]
pub enum Progress<T> {
    /// Commit this await point. Then [`Machine::committed`], or, for a wait that is not `Now`, drop the machine.
    AwaitPoint(AwaitPoint),
    /// Commit this failed attempt, wait for the delay, then [`Machine::restart`].
    FailedAttempt(FailedAttempt),
    /// What the execution waits for has not come: park again, at the same visit. Drop the machine.
    Parked,
    /// It ended with this output. Commit it.
    Finished(T),
    /// It goes on as soon as it is told the schema with this fingerprint: [`Machine::know_shape`]. A value was written by another
    /// version of the program. Nothing is to be committed for it.
    Shape(Fingerprint),
    /// It cannot go on in this build; nothing may be lost. The reason is for people.
    SetAside(String),
    /// Another build has saved it inside a child workflow, and this one cannot go on from there ([`Host::is_for_others`]). Nothing is to be written.
    LeaveToOthers,
    /// It failed without an output: a panic outside a step, or a step's failure that its error type does not take.
    Failed(String),
}

/// An await point to commit.
#[derive(Debug)]
pub struct AwaitPoint {
    /// The frame's number.
    pub frame: u64,
    /// The frame's parent.
    pub parent: Option<u64>,
    /// The frame's visit, this commit included.
    pub visit: u64,
    /// The workflow of the frame.
    pub description: &'static Description,
    /// The await point's number in it.
    pub point: usize,
    /// Room for the stored header, then the payload.
    pub bytes: Vec<u8>,
    /// Where in `bytes` the fields are of which a store may have a copy already: [`SavedFields::large`].
    pub large: Vec<Range<usize>>,
    /// What it waits for.
    pub wait: Wait,
}

/// A failed attempt to commit.
#[derive(Debug)]
pub struct FailedAttempt {
    /// The frame's number.
    pub frame: u64,
    /// The frame's parent.
    pub parent: Option<u64>,
    /// The frame's visit.
    pub visit: u64,
    /// Failed attempts at this await point, this one included.
    pub failed: u32,
    /// The error, in words.
    pub error: String,
    /// The delay before jitter.
    pub delay: Duration,
    /// How to spread it.
    pub jitter: Jitter,
}

/// What goes with the next commit, whatever it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Events consumed.
    pub consumed: Vec<u64>,
    /// Frames that ended.
    pub closed: Vec<u64>,
}

impl Settled {
    /// Whether nothing goes with the commit.
    pub fn is_empty(&self) -> bool {
        self.consumed.is_empty() && self.closed.is_empty()
    }
}

/// The machine of one execution.
pub struct Machine<'r, T> {
    execution: Arc<Execution>,
    drive: Box<dyn Fn(Root) -> BoxFuture<'r, T> + Send + Sync + 'r>,
    future: Option<BoxFuture<'r, T>>,
}

impl<T> fmt::Debug for Machine<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Machine({})", self.execution.id)
    }
}

impl<T> Machine<'_, T> {
    /// What the future holds is the user's, and may panic as it is dropped. That says nothing of the execution: where it stands is
    /// what was committed.
    fn forget_future(&mut self) {
        let future = self.future.take();
        // The panic hook has told of it.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(future)));
    }
}

impl<T> Drop for Machine<'_, T> {
    fn drop(&mut self) {
        self.forget_future();
    }
}

impl<'r, T: Send + 'r> Machine<'r, T> {
    /// A machine that goes on from `restored`. `drive` makes the future, anew for each restart: it owns or borrows the
    /// resources, and calls [`Root::drive`].
    pub fn new(
        identity: Identity,
        host: Arc<dyn Host>,
        restored: Restored,
        drive: impl Fn(Root) -> BoxFuture<'r, T> + Send + Sync + 'r,
    ) -> Self {
        let state = ExecutionState {
            frames: restored.frames.into_iter().map(restore_frame).collect(),
            next_frame: restored.next_frame,
            crashes: restored.crashes,
            delivery: restored.delivery,
            ..Default::default()
        };
        let execution = Execution {
            id: identity.id,
            instance: identity.instance,
            run: identity.run,
            host,
            acknowledged: AtomicBool::new(false),
            state: Mutex::new(state),
        };
        Self { execution: Arc::new(execution), drive: Box::new(drive), future: None }
    }

    /// Goes on until something must be done.
    pub fn poll(&mut self, task: &mut std::task::Context<'_>) -> Poll<Progress<T>> {
        let future =
            self.future.get_or_insert_with(|| (self.drive)(Root(Context::root(self.execution.clone()))));
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(task))) {
            Ok(Poll::Ready(output)) => {
                self.forget_future();
                Poll::Ready(Progress::Finished(output))
            }
            Ok(Poll::Pending) => {
                let mut state = self.execution.state();
                match state.request.take() {
                    Some(request) => Poll::Ready(progress(&mut state, request)),
                    None => Poll::Pending,
                }
            }
            Err(panic) => {
                self.forget_future();
                Poll::Ready(Progress::Failed(self.panicked(&panic_message(&*panic))))
            }
        }
    }

    /// The requested await point is durable as these bytes: the operation may run (C3).
    pub fn committed(&mut self, snapshot: Arc<[u8]>) {
        let mut state = self.execution.state();
        // Only the innermost frame can have asked.
        if let Some(frame) = state.frames.last_mut() {
            frame.snapshot = snapshot;
        }
        self.execution.acknowledged.store(true, Relaxed);
    }

    /// The answer to [`Progress::Shape`]; `None`: nobody knows it.
    pub fn know_shape(&mut self, fingerprint: Fingerprint, schema: Option<Arc<Schema>>) {
        self.execution.state().shape = Some((fingerprint, schema));
    }

    /// Drops the future and begins anew from the snapshots in memory: a retry is a resume.
    pub fn restart(&mut self) {
        self.forget_future();
        let mut state = self.execution.state();
        state.request = None;
        self.execution.acknowledged.store(false, Relaxed);
        // A frame that never committed begins anew with its parent's expression.
        state.frames.retain(|frame| frame.number != u64::MAX);
    }

    /// What goes with the next commit. Asked once for each commit.
    pub fn settle(&mut self) -> Settled {
        let mut state = self.execution.state();
        Settled { consumed: std::mem::take(&mut state.consumed), closed: std::mem::take(&mut state.closed) }
    }

    /// The execution's frame counter.
    pub fn next_frame(&self) -> u64 {
        self.execution.state().next_frame
    }

    /// Moves the frame counter on; it never goes back.
    pub(crate) fn number_frames_from(&self, number: u64) {
        let mut state = self.execution.state();
        state.next_frame = state.next_frame.max(number);
    }

    /// Where it panicked, as far as that is known: the innermost frame's last await point, or the code behind it.
    fn panicked(&self, message: &str) -> String {
        match self.stands_at() {
            Some((workflow, point)) => {
                format!("workflow `{workflow}` panicked at or after await point `{point}`: {message}")
            }
            None => format!("the workflow panicked: {message}"),
        }
    }

    /// The innermost frame's workflow and its last await point.
    pub fn stands_at(&self) -> Option<(String, String)> {
        let state = self.execution.state();
        Some(match &state.frames.last()?.place {
            Place::Known { description, point } => {
                let point = point.map_or("Start", |point| &description.points[point].name);
                (description.name.to_owned(), point.to_owned())
            }
            Place::Restored { workflow, point, .. } => (workflow.clone(), point.clone()),
        })
    }
}

fn progress<T>(state: &mut ExecutionState, request: Request) -> Progress<T> {
    match request {
        Request::AwaitPoint { slot, saved: SavedFields { bytes, large }, wait } => {
            let frame = &state.frames[slot];
            let Place::Known { description, point: Some(point) } = frame.place else {
                return Progress::Failed("an await point was committed outside a known workflow".into());
            };
            let (frame, parent, visit) = (frame.number, frame.parent, frame.visit);
            Progress::AwaitPoint(AwaitPoint { frame, parent, visit, description, point, bytes, large, wait })
        }
        Request::FailedAttempt { slot, error, delay, jitter } => {
            let frame = &mut state.frames[slot];
            frame.failed += 1;
            frame.interrupted = false;
            let (number, parent, visit, failed) = (frame.number, frame.parent, frame.visit, frame.failed);
            Progress::FailedAttempt(FailedAttempt {
                frame: number,
                parent,
                visit,
                failed,
                error,
                delay,
                jitter,
            })
        }
        Request::Park => Progress::Parked,
        Request::Shape(fingerprint) => Progress::Shape(fingerprint),
        Request::SetAside(reason) => Progress::SetAside(reason),
        Request::LeaveToOthers => Progress::LeaveToOthers,
        Request::Fail(reason) => Progress::Failed(reason),
    }
}

/// The root frame of an execution, about to run.
#[derive(Debug)]
pub struct Root(Context);

impl Root {
    /// Runs it from its snapshot.
    pub async fn drive<W: Workflow>(self, resources: W::Resources<'_>) -> W::Output {
        let cx = self.0;
        match cx.resume::<W>() {
            Ok(Some(resume)) => W::drive(&cx, Some(resources), Entry::Resume(resume)).await,
            Ok(None) => match cx.set_aside("the execution has no snapshot to start from".into()).await {},
            Err(refused) => match cx.refuse(refused).await {},
        }
    }
}

fn restore_frame(frame: RestoredFrame) -> Frame {
    let RestoredFrame { number, parent, visit, failed, workflow, point, fingerprint, .. } = frame;
    let RestoredFrame { writer, snapshot, fired, begun, .. } = frame;
    let place = Place::Restored { workflow, point, fingerprint, writer };
    Frame { place, number, parent, visit, failed, snapshot, restored: false, interrupted: begun, fired }
}
