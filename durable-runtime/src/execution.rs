//! The driver of one execution: polls its machine, carries out what it asks, and ends when the execution parks or ends.
//!
//! A running execution goes from await point to await point here, without a future of its own: what thousands of executions
//! pass through at each commit shall be little memory. All that is rarer is an *errand*, a future that is boxed while it lasts.

mod delay;
mod elsewhere;
mod errand;
mod finishing;
mod large;
mod persist;

use crate::{
    payload::{Owner, Packed, PayloadError},
    places::Place,
    registry::Ended,
    seat::Answer,
    seat::Seat,
    shared::Shared,
};
use durable_core::{
    Description, ExecutionId, Wait,
    machine::{AwaitPoint, Machine, Progress, Settled, panic_message},
    store::{
        Claimed, Commit, CommitError, Control, FrameWrite, Next, Outcome, QueueId, Registered as Numbers,
        Row, SchemaId, Status, StoreError, Teller,
    },
    stored,
};
use errand::Running;
use finishing::Finishing;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::{Context, Poll, ready},
};

/// A place is given up after this many awaits if others wait for one (K1).
const AWAITS_BEFORE_YIELD: u32 = 1_000;
/// After this many crashes at one await point the execution fails (A2).
const CRASH_LIMIT: u32 = 5;

/// A claimed execution, to be polled until it parks, ends, or is not ours any more.
pub(crate) struct Driving {
    /// Away while an errand is run.
    driver: Option<Box<Driver>>,
    /// Once it was restored; with the driver.
    machine: Option<Machine<'static, Ended>>,
    doing: Doing,
}

/// What an execution is at.
enum Doing {
    /// Between commits: its own code runs, or an operation.
    Running,
    /// At an await point that was handed in and is not durable yet.
    Committing(HandedIn),
    /// Its end was handed in.
    Finishing(Box<Finishing>),
    /// Anything else.
    Errand(Running),
}

/// An await point of the root whose operation runs as soon as it is durable, as most do. All that is needed to repeat its commit
/// is a few numbers and the snapshot, which the machine goes on with.
struct HandedIn {
    visit: u64,
    schema: SchemaId,
    snapshot: Snapshot,
}

/// A snapshot twice: the same bytes, unless they are packed for the store.
struct Snapshot {
    /// What the machine goes on with.
    plain: Arc<[u8]>,
    stored: Arc<[u8]>,
    /// `None`: nothing large has changed.
    large: Option<Box<large::Change>>,
}

impl Snapshot {
    fn write_large(&self, commit: &mut Commit) {
        if let Some(change) = &self.large {
            change.write(commit);
        }
    }
}

struct Driver {
    shared: Arc<Shared>,
    row: Row,
    id: ExecutionId,
    instance: [u8; 16],
    /// The name of the root's workflow.
    workflow: &'static str,
    epoch: u64,
    fence: u64,
    /// Events ever sent, as of the claim (E2).
    mail: u64,
    /// The queue that the execution moves to with the first snapshot of this build: it was claimed from another build's.
    moves: Option<QueueId>,
    seat: Arc<Seat>,
    /// Told how it ends, if someone in this process wants to hear it.
    teller: Option<Teller>,
    /// The schema rows of the workflow that committed last.
    numbers: Option<(&'static Description, Arc<Numbers>)>,
    large: large::Stored,
    awaits: u32,
    /// The innermost frame stood at a wait when it was claimed.
    waited: bool,
    /// The outcome of a commit was unknown.
    unsure: bool,
    /// Given up when the driver ends.
    place: Place,
}

/// Why a driver stops before its execution parks or ends.
enum Stop {
    /// The execution belongs to another claim.
    Fenced,
    /// The store is closed, or takes this worker for dead.
    StoreGone(StoreError),
    /// It cannot go on; nothing may be lost.
    SetAside(String),
    /// It cannot go on in this worker, and another one may have what it takes.
    Elsewhere(PayloadError),
    /// Another build has saved it inside a child workflow, and this one cannot go on from there, or would lose something of it.
    LeaveToOthers,
    /// It failed without an output.
    Fail(String),
    /// Others shall have it: the worker closes, or they have waited long enough.
    Release,
}

impl Driving {
    pub(crate) fn new(
        shared: Arc<Shared>,
        claimed: Claimed,
        place: Place,
        teller: Option<Teller>,
        seat: Arc<Seat>,
    ) -> Self {
        let mut driver = Box::new(Driver {
            row: claimed.row,
            id: claimed.id.clone(),
            instance: claimed.instance,
            workflow: shared.registry.get(claimed.queue).map_or("", |workflow| workflow.name()),
            epoch: claimed.epoch,
            fence: claimed.fence,
            mail: claimed.mail,
            moves: shared.registry.moves(claimed.queue),
            seat,
            teller,
            numbers: None,
            large: large::Stored::of(&claimed),
            awaits: 0,
            waited: claimed.frames.last().is_some_and(|frame| frame.due.is_some() || frame.event.is_some()),
            unsure: false,
            shared,
            place,
        });
        // A store that panics must not be the end of the shard: then it is asked again where that is caught.
        match catch_unwind(AssertUnwindSafe(|| driver.prepare_at_once(&claimed))).unwrap_or_default() {
            Some(machine) => Self { driver: Some(driver), machine: Some(machine), doing: Doing::Running },
            None => Self { driver: None, machine: None, doing: Doing::Errand(driver.begin(claimed)) },
        }
    }

    /// Goes on as far as it can. Ready: the execution is not in memory any more.
    pub(crate) fn poll(&mut self, task: &mut Context<'_>) -> Poll<()> {
        loop {
            if let Doing::Errand(errand) = &mut self.doing {
                let (driver, machine) = ready!(errand.as_mut().poll(task));
                self.doing = Doing::Running;
                (self.driver, self.machine) = (Some(driver), machine);
            }
            let Self { driver: Some(driver), machine: Some(machine), doing } = self else {
                return Poll::Ready(());
            };
            let errand = match catch_unwind(AssertUnwindSafe(|| driver.run(machine, doing, task))) {
                Ok(Poll::Ready(Some(errand))) => errand,
                Ok(Poll::Ready(None)) => return Poll::Ready(()),
                Ok(Poll::Pending) => return Poll::Pending,
                Err(panic) => Errand::Conclude(Err(panic_message(&*panic))),
            };
            if let Some(driver) = self.driver.take() {
                self.doing = Doing::Errand(driver.run_errand(errand, self.machine.take()));
            }
        }
    }
}

/// What a running execution needs that is not done between two of its await points.
enum Errand {
    /// The machine asks for something rarer than a commit of the root.
    Progress(Progress<Ended>, Settled),
    /// A commit was not made.
    NotCommitted(HandedIn, CommitError),
    /// The end was not committed.
    NotFinished(Box<Finishing>, CommitError),
    /// A request came with the answer to a commit.
    Control(Control),
    /// It stops, or a bug made it panic.
    Conclude(Result<Stop, String>),
}

impl Driver {
    /// From one await point to the next, until the end (`None`) or until something rarer is to be done.
    fn run(
        &mut self,
        machine: &mut Machine<'static, Ended>,
        doing: &mut Doing,
        task: &mut Context<'_>,
    ) -> Poll<Option<Errand>> {
        loop {
            if !matches!(doing, Doing::Running) {
                let Some(answer) = self.seat.take_answer() else { return Poll::Pending };
                let errand = match std::mem::replace(doing, Doing::Running) {
                    Doing::Finishing(finishing) => return Poll::Ready(self.ended(finishing, answer)),
                    Doing::Committing(handed_in) => self.answered(machine, handed_in, answer),
                    Doing::Running | Doing::Errand(_) => None,
                };
                if errand.is_some() {
                    return Poll::Ready(errand);
                }
            }
            let progress = ready!(machine.poll(task));
            let settled = machine.settle();
            let handed_in = match progress {
                Progress::AwaitPoint(point) if self.is_usual(&point, &settled) => {
                    self.hand_in(point).map(Doing::Committing)
                }
                Progress::Finished(ended) => self.hand_in_end(ended, settled).map(Doing::Finishing),
                progress => return Poll::Ready(Some(Errand::Progress(progress, settled))),
            };
            match handed_in {
                Ok(handed_in) => *doing = handed_in,
                Err(stop) => return Poll::Ready(Some(Errand::Conclude(Ok(stop)))),
            }
        }
    }

    /// Whether an await point is the root's, with nothing to settle, and its operation runs at once.
    fn is_usual(&self, point: &AwaitPoint, settled: &Settled) -> bool {
        point.frame == 0
            && self.moves.is_none()
            && point.wait == Wait::Now
            && settled.is_empty()
            && self.known_numbers(point.description).is_some()
            && !self.yields()
    }

    fn hand_in(&mut self, point: AwaitPoint) -> Result<HandedIn, Stop> {
        let visit = point.visit;
        let schema = self.known_numbers(point.description).map(|numbers| numbers.schemas[point.point]);
        let Some(schema) = schema else { return Err(Stop::Release) };
        let snapshot = self.stamped(schema, point)?;
        let handed_in = HandedIn { visit, schema, snapshot };
        self.seat.hand_in(self.usual_commit(&handed_in));
        Ok(handed_in)
    }

    fn usual_commit(&self, handed_in: &HandedIn) -> Commit {
        let HandedIn { visit, schema, ref snapshot } = *handed_in;
        let snapshot = Some((schema, Arc::clone(&snapshot.stored)));
        let write = FrameWrite { frame: 0, parent: None, visit, failed: 0, snapshot, due: None, event: None };
        let mut commit = self.to_commit(Some(write), Settled::default(), Next::Run);
        handed_in.snapshot.write_large(&mut commit);
        commit
    }

    /// Takes the answer to a usual commit.
    fn answered(
        &mut self,
        machine: &mut Machine<'static, Ended>,
        handed_in: HandedIn,
        answer: Answer,
    ) -> Option<Errand> {
        match answer {
            Ok(committed) => {
                self.epoch += 1;
                self.passed();
                if let Some(control) = committed.control {
                    return Some(Errand::Control(control));
                }
                machine.committed(handed_in.snapshot.plain);
                None
            }
            Err(error) => Some(Errand::NotCommitted(handed_in, error)),
        }
    }

    /// The end with an output. An `Err` fails the execution and keeps its last snapshot, so that it can be redriven (X4):
    /// then the event that brought it there stays, too.
    fn hand_in_end(&mut self, ended: Ended, settled: Settled) -> Result<Box<Finishing>, Stop> {
        let Ended { output, error } = ended;
        let output = output.map_err(Stop::SetAside)?;
        self.check_size(|| "the output".into(), output.len())?;
        let (status, settled) = match &error {
            None => (Status::Succeeded, settled),
            Some(_) => (Status::Failed, Settled::default()),
        };
        let outcome = Outcome { status, output: Some(output), error };
        let finishing = Box::new(self.packed_end(outcome, settled)?);
        self.seat.hand_in(finishing.commit(self));
        Ok(finishing)
    }

    fn ended(&mut self, finishing: Box<Finishing>, answer: Answer) -> Option<Errand> {
        match answer {
            Ok(_) => {
                self.epoch += 1;
                self.tell(*finishing);
                None
            }
            Err(error) => Some(Errand::NotFinished(finishing, error)),
        }
    }

    /// The snapshot of an await point with its header.
    fn stamped(&mut self, schema: SchemaId, point: AwaitPoint) -> Result<Snapshot, Stop> {
        let AwaitPoint { frame, visit, description, point, mut bytes, large, .. } = point;
        let point = &*description.points[point].name;
        let name = || format!("the snapshot at await point `{point}`");
        self.check_size(name, bytes.len())?;
        stored::stamp(&mut bytes, schema, self.epoch + 1);
        let owner =
            Owner::Snapshot { instance: self.instance, frame, visit, workflow: description.name, point };
        let codec = &self.shared.options.codec;
        let is_stored = |content| self.large.has(content);
        let packed = codec.pack_snapshot(&bytes, &large, self.instance, &owner, is_stored);
        let Packed { blob, refers, new } =
            packed.map_err(|error| Stop::SetAside(format!("{}: {error}", name())))?;
        let plain = Arc::from(&*bytes);
        stored::recycle(bytes);
        let large = self.large.replace(frame, refers, new);
        let stored = blob.map_or_else(|| Arc::clone(&plain), Arc::from);
        Ok(Snapshot { plain, stored, large })
    }

    fn to_commit(&self, write: Option<FrameWrite>, settled: Settled, next: Next) -> Commit {
        let (root, frames) = match write {
            Some(write) if write.frame == 0 => (Some(write), Vec::new()),
            Some(write) => (None, vec![write]),
            None => (None, Vec::new()),
        };
        let saves = root.iter().chain(&frames).any(|write| write.snapshot.is_some());
        let queue = self.moves.filter(|_| saves);
        let Self { row, epoch, fence, .. } = *self;
        let Settled { consumed, closed } = settled;
        let keep = self.shared.options.keep;
        let (large, sweep) = (Vec::new(), false);
        Commit {
            row,
            epoch,
            fence,
            root,
            frames,
            closed,
            next_frame: None,
            consumed,
            queue,
            keep,
            large,
            sweep,
            next,
        }
    }

    /// An await point is durable whose operation runs here: earlier crashes are over (A1).
    fn passed(&mut self) {
        self.awaits += 1;
        self.place.recover();
    }

    /// Whether others shall have the place: the worker closes, or this execution has had it long enough (K1).
    fn yields(&self) -> bool {
        self.shared.is_closing() || (self.awaits >= AWAITS_BEFORE_YIELD && self.shared.places.others_wait())
    }
}
