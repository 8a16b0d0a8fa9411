//! What `#[workflow]` implements: the [`Workflow`] and [`State`] traits, and the description traced from them.

use crate::{
    BoxFuture, Context, Resources,
    context::Resume,
    durable::Traced,
    migration::{KnownMigration, Migration},
    resources::MissingResource,
    saved_type::SavedType,
    schema::{DecodeError, Fingerprint, PointSchema, TraceError, versioned_fingerprint},
    state::{FieldReader, StateError},
};
use std::{
    any::TypeId,
    collections::HashMap,
    fmt,
    sync::{Mutex, OnceLock, PoisonError},
    task::{Poll, Waker},
};

/// A workflow: implemented by the type that `#[workflow]` puts beside the function, never by hand.
pub trait Workflow: Sized + Send + Sync + 'static {
    /// Its name in stores: the function's, unless `#[workflow(name = "..")]` says otherwise.
    const NAME: &'static str;

    /// Which of the workflows of this name it is: `#[workflow(version = 2)]`. Each version goes on with its own executions alone.
    const VERSION: u32 = 1;

    /// Its await points in the order of the source; the first is `Start`.
    const POINTS: &'static [Point];

    /// Names that its await points had in earlier versions, each with today's: `#[at(New, was = "Old")]`.
    #[doc(hidden)]
    const RENAMED: &'static [(&'static str, &'static str)] = &[];

    /// What turns states of earlier versions into states of this one: `migrate(..)`.
    #[doc(hidden)]
    fn migrations() -> Vec<Migration> {
        Vec::new()
    }

    /// The by-value parameters, as a tuple.
    type Input: Send;

    /// What it returns.
    type Output: Send;

    /// The generated enum.
    type State: State;

    /// The by-reference parameters, as a tuple.
    type Resources<'r>: Copy + Send + Sync;

    /// Runs it, one way or the other. Generated code has this one; code by hand may have the other two instead.
    ///
    /// `PLAIN` says which: a program that never runs it plainly does not contain that half, nor the other way round.
    #[doc(hidden)]
    fn run<'a, 'r: 'a, const PLAIN: bool>(mode: Mode<'a, 'r, Self>) -> BoxFuture<'a, Self::Output> {
        match mode {
            Mode::Drive(cx, resources, entry) => Self::drive(cx, resources, entry),
            Mode::Plain(resources, input) => Self::plain(resources, input),
        }
    }

    /// Runs it as a state machine: from the start, or from where `entry` says.
    #[doc(hidden)]
    fn drive<'a, 'r: 'a>(
        cx: &'a Context,
        resources: Option<Self::Resources<'r>>,
        entry: Entry<'a, Self::Input>,
    ) -> BoxFuture<'a, Self::Output> {
        Self::run::<false>(Mode::Drive(cx, resources, entry))
    }

    /// Runs the plain copy, in memory.
    #[doc(hidden)]
    fn plain<'a>(resources: Self::Resources<'a>, input: Self::Input) -> BoxFuture<'a, Self::Output> {
        Self::run::<true>(Mode::Plain(resources, input))
    }

    /// Finds the by-reference parameters by their types.
    fn resources(from: &Resources) -> Result<Self::Resources<'_>, MissingResource>;

    /// The text of the error if the output is an `Err`.
    #[doc(hidden)]
    fn error(output: &Self::Output) -> Option<String>;
}

/// A generated state enum.
pub trait State: Sized {
    /// The name of the await point it stands at.
    fn point(&self) -> &'static str;

    /// Builds the variant of the await point with this name from its saved fields.
    #[doc(hidden)]
    fn decode(point: &str, fields: &mut FieldReader<'_>) -> Result<Self, StateError>;
}

/// One await point, as the compiler saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Its name: the variant.
    pub name: &'static str,
    /// The awaited expression's callee as written, for people.
    pub callee: &'static str,
    /// The name of what is called there (`charge`, `event("paid")`), empty where nothing is: snapshots of an await point that
    /// has come to do something else are not gone on from.
    pub operation: &'static str,
    /// The names of its saved fields, in order.
    pub fields: &'static [&'static str],
    /// What may come next, in order: names of await points, and ends, which are `Ok(..)`, `Err(..)` and, where the output is
    /// neither, `return ..`.
    pub next: &'static [&'static str],
}

/// A workflow or a tuple of such: `(place_order, refund)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no workflow, nor a tuple of at most 16 workflows",
    note = "tuples of workflows may contain tuples"
)]
pub trait Workflows {
    /// Calls with each of them.
    #[doc(hidden)]
    fn each(visit: &mut dyn FnMut(Registration));
}

/// What is known of a workflow apart from its type.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
pub struct Registration {
    /// [`Workflow::NAME`]
    pub name: &'static str,
    /// [`Workflow::VERSION`]
    pub version: u32,
    /// [`Workflow::POINTS`]
    pub points: &'static [Point],
    /// [`describe`]
    pub describe: fn() -> Result<&'static Description, UndescribedWorkflow>,
}

impl<W: Workflow> Workflows for W {
    fn each(visit: &mut dyn FnMut(Registration)) {
        visit(Registration {
            name: W::NAME,
            version: W::VERSION,
            points: W::POINTS,
            describe: describe::<W>,
        });
    }
}

macro_rules! tuples {
    ($($first:ident $($rest:ident)*)?) => {$(
        #[diagnostic::do_not_recommend]
        impl<$first: Workflows, $($rest: Workflows),*> Workflows for ($first, $($rest,)*) {
            fn each(visit: &mut dyn FnMut(Registration)) {
                $first::each(visit);
                $($rest::each(visit);)*
            }
        }

        tuples!($($rest)*);
    )?};
}

tuples!(A B C D E F G H I J K L M N O P);

/// A way to run a workflow.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "inputs and resources need not have it")]
pub enum Mode<'a, 'r, W: Workflow> {
    /// As a state machine.
    Drive(&'a Context, Option<W::Resources<'r>>, Entry<'a, W::Input>),
    /// The plain copy, in memory.
    Plain(W::Resources<'r>, W::Input),
}

impl<'a, 'r, W: Workflow> Mode<'a, 'r, W> {
    /// What to drive, of [`Workflow::run`] that is not plain.
    pub fn drive(self) -> (&'a Context, Option<W::Resources<'r>>, Entry<'a, W::Input>) {
        match self {
            Self::Drive(cx, resources, entry) => (cx, resources, entry),
            Self::Plain(..) => unreachable!("`Workflow::plain` asks for a plain run"),
        }
    }

    /// What to run plainly, of [`Workflow::run`] that is plain.
    pub fn plain(self) -> (W::Resources<'r>, W::Input) {
        match self {
            Self::Plain(resources, input) => (resources, input),
            Self::Drive(..) => unreachable!("`Workflow::drive` asks for a driven run"),
        }
    }
}

/// How a drive begins.
#[doc(hidden)]
#[derive(Debug)]
pub enum Entry<'a, I> {
    /// At the start, with the parameters.
    Start(I),
    /// At a saved await point.
    Resume(Resume<'a>),
    /// Nowhere: only say what each await point saves.
    Describe(&'a mut Describe),
}

/// Collects what each await point saves.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Describe {
    points: Vec<Result<Described, (&'static str, &'static str, TraceError)>>,
}

/// An await point, and the types of its saved locals.
type Described = (PointSchema, Vec<&'static SavedType>);

impl Describe {
    /// All await points at once: the number of the local that each field is. Each local's type is traced once.
    pub(crate) fn locals(
        &mut self,
        local: &mut dyn FnMut(usize) -> &'static SavedType,
        points: &mut dyn Iterator<Item = (&Point, &[usize])>,
    ) {
        let mut traced = HashMap::new();
        for (point, locals) in points {
            let types: Vec<_> = locals.iter().map(|number| local(*number)).collect();
            let schemas =
                point.fields.iter().zip(locals).zip(&types).map(|((field, local), ty)| {
                    match traced.entry(*local).or_insert_with(|| ty.trace()) {
                        Ok(schema) => Ok(((*field).to_owned(), schema.clone())),
                        Err(error) => Err((point.name, *field, error.clone())),
                    }
                });
            let fields = schemas.collect::<Result<_, _>>();
            self.points.push(fields.map(|fields| {
                let (name, operation) = (point.name.to_owned(), point.operation.to_owned());
                (PointSchema { name, operation, fields }, types)
            }));
        }
    }

    /// One await point, its fields in order: for a machine that is written by hand.
    pub fn point(&mut self, name: &'static str, fields: &[(&'static str, &dyn Traced)]) {
        let types = fields.iter().map(|(_, witness)| witness.saved_type()).collect();
        let schemas = fields.iter().map(|(field, witness)| match witness.saved_type().trace() {
            Ok(schema) => Ok(((*field).to_owned(), schema)),
            Err(error) => Err((name, *field, error)),
        });
        let fields = schemas.collect::<Result<_, _>>();
        let operation = String::new();
        self.points
            .push(fields.map(|fields| (PointSchema { name: name.to_owned(), operation, fields }, types)));
    }
}

impl Describe {
    fn finish(
        self,
        (workflow, version): (&'static str, u32),
        renamed: &'static [(&'static str, &'static str)],
        migrations: Vec<Migration>,
    ) -> Result<Description, UndescribedWorkflow> {
        let points = self.points.into_iter().collect::<Result<Vec<_>, _>>();
        let points =
            points.map_err(|(point, field, error)| UndescribedWorkflow { workflow, point, field, error })?;
        let (points, types): (Vec<_>, _) = points.into_iter().unzip();
        Ok(Description {
            name: workflow,
            version,
            point_fingerprints: points.iter().map(PointSchema::fingerprint).collect(),
            fingerprint: versioned_fingerprint(version, &points),
            point_bytes: points.iter().map(|_| OnceLock::new()).collect(),
            unbounded: points.iter().map(PointSchema::is_unbounded).collect(),
            points,
            types,
            renamed,
            migrations: migrations.into_iter().map(KnownMigration::new).collect(),
        })
    }
}

/// The traced description of a workflow: every await point's schema, and the fingerprints.
#[derive(Debug)]
pub struct Description {
    /// The workflow's name.
    pub name: &'static str,
    /// Which of the workflows of that name it is.
    pub version: u32,
    /// Its await points with their schemas, as in [`Workflow::POINTS`].
    pub points: Vec<PointSchema>,
    /// The fingerprint of each await point.
    pub point_fingerprints: Vec<Fingerprint>,
    /// The fingerprint over all of them.
    pub fingerprint: Fingerprint,
    /// Each await point's schema as bytes, where it was asked for.
    point_bytes: Vec<OnceLock<Vec<u8>>>,
    /// Per await point, whether its values must be looked at before they are read.
    unbounded: Vec<bool>,
    /// The types of what each await point saves.
    pub(crate) types: Vec<Vec<&'static SavedType>>,
    renamed: &'static [(&'static str, &'static str)],
    pub(crate) migrations: Vec<KnownMigration>,
}

impl Description {
    /// The schema of an await point, as [`PointSchema::to_bytes`] writes it.
    pub(crate) fn point_bytes(&self, point: usize) -> &[u8] {
        self.point_bytes[point].get_or_init(|| self.points[point].to_bytes())
    }

    /// Whether what is saved at an await point can be read in finite time and on a thread's stack: a count of elements of no bytes would be
    /// believed, and so would any depth of a type that contains itself. Where no type can do either, nothing is looked at.
    ///
    /// # Errors
    ///
    /// The name of the local that cannot, and why.
    pub fn check_bounds(&self, point: usize, payload: &[u8]) -> Result<(), (&str, DecodeError)> {
        if !self.unbounded[point] {
            return Ok(());
        }
        let checked = self.points[point].check_bounds(payload);
        checked.map_err(|(field, error)| (&*self.points[point].fields[field].0, error))
    }

    /// The number of an await point by name.
    pub fn point(&self, name: &str) -> Option<usize> {
        self.points.iter().position(|point| point.name == name)
    }

    /// The number of an await point by the name that it has, or had in an earlier version.
    pub fn point_once_called(&self, name: &str) -> Option<usize> {
        self.point(name).or_else(|| {
            let (_, now) = self.renamed.iter().find(|(was, _)| *was == name)?;
            self.point(now)
        })
    }
}

/// A type that is saved by a workflow cannot be described, so its snapshots could not be read back safely.
#[derive(Debug, Clone)]
pub struct UndescribedWorkflow {
    workflow: &'static str,
    point: &'static str,
    field: &'static str,
    error: TraceError,
}

impl fmt::Display for UndescribedWorkflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { workflow, point, field, error } = self;
        write!(
            f,
            "workflow `{workflow}` saves `{field}` at await point `{point}`, which could not be read back: {error}"
        )
    }
}

impl std::error::Error for UndescribedWorkflow {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// The description of a workflow, traced once per process.
pub fn describe<W: Workflow>() -> Result<&'static Description, UndescribedWorkflow> {
    describe_once(TypeId::of::<W>(), (W::NAME, W::VERSION), W::RENAMED, W::migrations, &|cx, describe| {
        let mut drive = W::drive(cx, None, Entry::Describe(describe));
        let polled = drive.as_mut().poll(&mut std::task::Context::from_waker(Waker::noop()));
        debug_assert!(matches!(polled, Poll::Pending), "a describing drive never ends");
    })
}

/// The same, apart from the workflow: users' crates are to compile little for each of theirs.
fn describe_once(
    key: TypeId,
    version: (&'static str, u32),
    renamed: &'static [(&'static str, &'static str)],
    migrations: fn() -> Vec<Migration>,
    drive: &dyn Fn(&Context, &mut Describe),
) -> Result<&'static Description, UndescribedWorkflow> {
    type Traced = Result<&'static Description, UndescribedWorkflow>;
    static TRACED: Mutex<Option<HashMap<TypeId, Traced>>> = Mutex::new(None);
    if let Some(known) =
        TRACED.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default().get(&key)
    {
        return known.clone();
    }
    // Traced outside the lock: a type's `Deserialize` is user code.
    let mut describe = Describe::default();
    drive(&Context::describing(), &mut describe);
    let traced: Traced =
        describe.finish(version, renamed, migrations()).map(|description| &*Box::leak(Box::new(description)));
    let mut known = TRACED.lock().unwrap_or_else(PoisonError::into_inner);
    known.get_or_insert_default().entry(key).or_insert(traced).clone()
}
