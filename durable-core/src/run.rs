//! The machine alone: start, take the blob, keep it wherever you like, come back with the blob and go on.
//!
//! No runtime, no store, no clock. A [`Run`] is one execution in memory; a blob is all its frames in the portable form of
//! [`snapshot`](crate::snapshot), one envelope after the other. Each has its schema in it, so that a later version of the program goes
//! on from a blob as it would from what is in a store.

use crate::{
    Description, ExecutionId, Input, PointSchema, Wait, Workflow, describe,
    host::{Host, NoClock},
    machine::{AwaitPoint, Identity, Machine, Progress, Restored, RestoredFrame},
    snapshot::{self, Decoded, Header, Limits, SnapshotError},
    state::FieldReader,
    store::StoreError,
    stored::STORED_HEADER_BYTES,
    upgrade::match_point,
    workflow::{State as _, UndescribedWorkflow},
};
use std::{borrow::Cow, fmt, future::poll_fn, sync::Arc, time::Duration};

/// One execution, driven by you.
///
/// Keep every blob durably before you call [`next`](Run::next) again: an operation begins only then, so that a crash at any
/// moment repeats at most the operation in flight.
pub struct Run<'r, W: Workflow> {
    machine: Machine<'r, W::Output>,
    identity: Identity,
    frames: Vec<Envelope>,
    epoch: u64,
    /// What was given out last and not answered yet: answered by calling `next` again.
    saved: Option<Arc<[u8]>>,
    retry: bool,
    without_schemas: bool,
}

/// One frame of the blob.
struct Envelope {
    header: Header,
    schema: Option<Schema>,
    snapshot: Arc<[u8]>,
}

/// What the payload means.
enum Schema {
    /// It is of an await point of this build, by number.
    Own(&'static Description, usize),
    /// Another build saved it.
    Writer(Arc<PointSchema>),
}

impl Envelope {
    fn schema_bytes(&self) -> Option<Cow<'_, [u8]>> {
        self.schema.as_ref().map(|schema| match schema {
            Schema::Own(description, point) => Cow::Borrowed(description.point_bytes(*point)),
            Schema::Writer(schema) => Cow::Owned(schema.to_bytes()),
        })
    }
}

/// How a run went on.
#[derive(Debug)]
#[non_exhaustive]
pub enum Moved<T> {
    /// It stands at an await point. Keep this blob durably, then call `next`, and the operation runs.
    Saved(Vec<u8>),
    /// It stands at an await point and waits. Keep this blob, drop the run, and come back with [`Run::resume`] when the timer
    /// is due or the event is there.
    Parked {
        /// What to keep.
        blob: Vec<u8>,
        /// What it waits for.
        wait: Wait,
    },
    /// A step failed and shall be tried again after this delay: keep the blob (it counts the attempt), wait, call `next`.
    Retry {
        /// What to keep.
        blob: Vec<u8>,
        /// How long to wait, without jitter.
        delay: Duration,
        /// The failure.
        error: String,
    },
    /// It ended. Forget the blob.
    Finished(T),
}

/// With what a parked run comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Arrived {
    /// Nothing: the process came back after a crash.
    Nothing,
    /// The timer is due.
    Timer,
    /// The event it waits for, as [`encode_event`](crate::event::encode_event) gives it of the type that is received: unlike an event in a store, it
    /// has no schema with it by which another version of the type could be read.
    Event(Vec<u8>),
}

/// Why a run cannot go on. The last blob that was given out is still good.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A saved type cannot be described.
    #[error(transparent)]
    Undescribed(#[from] UndescribedWorkflow),
    /// The blob cannot be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The input cannot be encoded.
    #[error(transparent)]
    Input(StoreError),
    /// The blob is of another workflow.
    #[error("the blob is of workflow `{found}`, not `{expected}`")]
    OtherWorkflow {
        /// What it is of.
        found: String,
        /// What was asked for.
        expected: &'static str,
    },
    /// The blob's frames do not belong together.
    #[error("the blob is no whole execution: {0}")]
    Frames(&'static str),
    /// This build cannot go on from it.
    #[error("the execution was set aside: {0}")]
    SetAside(String),
    /// It failed without an output.
    #[error("the execution failed: {0}")]
    Failed(String),
}

impl<'r, W: Workflow> Run<'r, W> {
    /// A new execution. `instance` is 128 random bits of your choice: idempotency keys are derived from it.
    pub fn start(
        id: ExecutionId,
        instance: [u8; 16],
        resources: W::Resources<'r>,
        input: Input<W>,
    ) -> Result<Self, RunError> {
        let description = describe::<W>()?;
        let header = Header {
            workflow: W::NAME.to_owned(),
            point: description.points[0].name.clone(),
            fingerprint: description.point_fingerprints[0],
            instance,
            run: 0,
            epoch: 0,
            frame: 0,
            parent: None,
            visit: 0,
            failed: 0,
        };
        let snapshot: Arc<[u8]> = input.into_bytes().map_err(RunError::Input)?.into();
        Ok(Self::with_frames(
            id,
            resources,
            vec![Envelope { header, schema: Some(Schema::Own(description, 0)), snapshot }],
            Arrived::Nothing,
        ))
    }

    /// Goes on from a blob.
    pub fn resume(
        id: ExecutionId,
        resources: W::Resources<'r>,
        blob: &[u8],
        arrived: Arrived,
    ) -> Result<Self, RunError> {
        let frames = read_blob(blob)?;
        let root = &frames[0].header;
        if root.workflow != W::NAME {
            return Err(RunError::OtherWorkflow { found: root.workflow.clone(), expected: W::NAME });
        }
        Ok(Self::with_frames(id, resources, frames, arrived))
    }

    /// The blob of where it stands: what was given out last, or the start.
    pub fn blob(&self) -> Result<Vec<u8>, RunError> {
        let mut blob = Vec::new();
        for frame in &self.frames {
            let header = Header { epoch: self.epoch, ..frame.header.clone() };
            let schema = frame.schema_bytes().filter(|_| !self.without_schemas);
            blob.extend(snapshot::encode(
                &header,
                schema.as_deref(),
                &frame.snapshot[STORED_HEADER_BYTES..],
            )?);
        }
        Ok(blob)
    }

    /// Leaves the schemas out of its blobs, which are smaller then. Only a program that saves the very same goes on from them: with any
    /// change of what an await point saves, they are refused, and nobody can show what is in them.
    #[must_use]
    pub fn without_schemas(mut self) -> Self {
        self.without_schemas = true;
        self
    }

    /// Goes on until there is something to keep, or it ends.
    ///
    /// Timeouts of steps need a clock and do not fire here.
    pub async fn next(&mut self) -> Result<Moved<W::Output>, RunError> {
        if let Some(saved) = self.saved.take() {
            self.machine.committed(saved);
        }
        if std::mem::take(&mut self.retry) {
            self.machine.restart();
        }
        // A blob has no frame counter, but it has its epoch: a frame gets the number of the commit that opens it, so that no
        // frame ever gets the number, and with it the idempotency keys, of one that ended before a crash (F1).
        self.machine.number_frames_from(self.epoch + 1);
        loop {
            return match poll_fn(|task| self.machine.poll(task)).await {
                Progress::AwaitPoint(point) => self.moved_to(point),
                Progress::FailedAttempt(attempt) => {
                    self.epoch += 1;
                    let failed = |frame: &&mut Envelope| frame.header.frame == attempt.frame;
                    if let Some(frame) = self.frames.iter_mut().find(failed) {
                        frame.header.failed = attempt.failed;
                    }
                    self.retry = true;
                    Ok(Moved::Retry { blob: self.blob()?, delay: attempt.delay, error: attempt.error })
                }
                Progress::Parked => Ok(Moved::Parked { blob: self.blob()?, wait: Wait::Now }),
                Progress::Finished(output) => Ok(Moved::Finished(output)),
                Progress::SetAside(reason) => Err(RunError::SetAside(reason)),
                // Nothing tells the age of a blob.
                Progress::LeaveToOthers => Err(RunError::SetAside(
                    "another build has saved a child of it, and this one cannot go on from there".into(),
                )),
                Progress::Failed(reason) => Err(RunError::Failed(reason)),
                Progress::Shape(fingerprint) => {
                    // Without a store, nobody has kept what the types of other versions look like.
                    self.machine.know_shape(fingerprint, None);
                    continue;
                }
            };
        }
    }

    fn moved_to(&mut self, point: AwaitPoint) -> Result<Moved<W::Output>, RunError> {
        let settled = self.machine.settle();
        self.frames.retain(|frame| !settled.closed.contains(&frame.header.frame));
        self.epoch += 1;
        let header = Header {
            workflow: point.description.name.to_owned(),
            point: point.description.points[point.point].name.clone(),
            fingerprint: point.description.point_fingerprints[point.point],
            instance: self.identity.instance,
            run: self.identity.run,
            epoch: self.epoch,
            frame: point.frame,
            parent: point.parent,
            visit: point.visit,
            failed: 0,
        };
        let snapshot: Arc<[u8]> = point.bytes.into();
        let schema = Some(Schema::Own(point.description, point.point));
        let envelope = Envelope { header, schema, snapshot: snapshot.clone() };
        match self.frames.iter_mut().find(|frame| frame.header.frame == point.frame) {
            Some(frame) => *frame = envelope,
            None => self.frames.push(envelope),
        }
        self.saved = Some(snapshot);
        let blob = self.blob()?;
        match point.wait {
            Wait::Now => Ok(Moved::Saved(blob)),
            wait => Ok(Moved::Parked { blob, wait }),
        }
    }

    fn with_frames(
        id: ExecutionId,
        resources: W::Resources<'r>,
        frames: Vec<Envelope>,
        arrived: Arrived,
    ) -> Self {
        let root = &frames[0].header;
        let identity = Identity { id, instance: root.instance, run: root.run };
        let epoch = root.epoch;
        let fired = arrived == Arrived::Timer;
        let restored = Restored {
            next_frame: epoch + 1,
            crashes: 0,
            delivery: match arrived {
                Arrived::Event(payload) => Some((0, payload)),
                _ => None,
            },
            frames: frames.iter().map(|frame| restore(frame, fired)).collect(),
        };
        let host: Arc<dyn Host> = Arc::new(NoClock);
        let machine =
            Machine::new(identity.clone(), host, restored, move |root| Box::pin(root.drive::<W>(resources)));
        Self { machine, identity, frames, epoch, saved: None, retry: false, without_schemas: false }
    }
}

/// Where the execution in a blob stands, and what it has saved, as this build would go on from it: the root's frame, if children run
/// inside it.
///
/// # Errors
///
/// If the blob is damaged or of another workflow, or this build cannot go on from it.
pub fn read_state<W: Workflow>(blob: &[u8]) -> Result<W::State, RunError> {
    let Decoded { header, schema, payload, .. } = snapshot::decode(blob, &Limits::default())?;
    if header.workflow != W::NAME {
        return Err(RunError::OtherWorkflow { found: header.workflow, expected: W::NAME });
    }
    let description = describe::<W>()?;
    let writer = schema.as_ref();
    let matched =
        match_point(description, W::NAME, &header.point, &header.fingerprint, writer, &stored_form(payload));
    let (index, upgraded) = matched.map_err(RunError::SetAside)?;
    let payload = upgraded.as_ref().map_or(payload, |upgraded| &upgraded[STORED_HEADER_BYTES..]);
    let point = &description.points[index];
    let state = W::State::decode(&point.name, &mut FieldReader::new(&point.fields, payload));
    state.map_err(|error| RunError::SetAside(error.to_string()))
}

/// A payload as it stands behind a header.
fn stored_form(payload: &[u8]) -> Vec<u8> {
    [&[0; STORED_HEADER_BYTES], payload].concat()
}

impl<W: Workflow> fmt::Debug for Run<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("id", &self.identity.id)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

fn restore(frame: &Envelope, fired: bool) -> RestoredFrame {
    let Header { workflow, point, fingerprint, frame: number, parent, visit, failed, .. } =
        frame.header.clone();
    let snapshot = frame.snapshot.clone();
    let writer = match &frame.schema {
        Some(Schema::Writer(schema)) => Some(Arc::clone(schema)),
        Some(Schema::Own(..)) | None => None,
    };
    // A blob is given out before the operation begins; whether it began afterwards is not in it.
    let begun = true;
    RestoredFrame {
        number,
        parent,
        visit,
        failed,
        workflow,
        point,
        fingerprint,
        writer,
        snapshot,
        fired,
        begun,
    }
}

/// The frames of a blob, checked to be one execution: the root, and each further frame a child of the one before it.
fn read_blob(mut blob: &[u8]) -> Result<Vec<Envelope>, RunError> {
    let mut frames: Vec<Envelope> = Vec::new();
    while !blob.is_empty() || frames.is_empty() {
        let Decoded { header, schema, payload, rest } = snapshot::decode(blob, &Limits::default())?;
        let schema = schema.map(|schema| Schema::Writer(Arc::new(schema)));
        match frames.last().map(|last| &last.header) {
            None if header.frame != 0 || header.parent.is_some() => {
                return Err(RunError::Frames("its first frame is not the root"));
            }
            Some(last) if header.parent != Some(last.frame) => {
                return Err(RunError::Frames("a frame does not belong to the one before it"));
            }
            Some(last) if header.instance != last.instance || header.epoch != last.epoch => {
                return Err(RunError::Frames("its frames are of different executions or moments"));
            }
            _ => {}
        }
        // Far beyond what any execution counts, and far enough from where a counter would overflow.
        if header.epoch.max(header.visit) > u64::MAX / 2 || header.failed > u32::MAX / 2 {
            return Err(RunError::Frames("a counter of it is out of range"));
        }
        frames.push(Envelope { header, schema, snapshot: stored_form(payload).into() });
        blob = rest;
    }
    Ok(frames)
}
