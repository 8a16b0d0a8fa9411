//! Workflows of one await point, and the bench of steps they await.

// As in generated code: states are read by who wants to, and autoref probes need their references.
#![allow(dead_code, clippy::needless_borrow)]

use durable_core::{
    Child, Input, Interrupted, Jitter, MissingResource, Point, Resources, Retry, State, StateError, Step,
    StepFailure, StepPolicy, Workflow,
    private::{
        self, Attempts, Body, BoxFuture, Context, Entry, ErrorFallback, ErrorText, FieldReader, FromFailure,
        NoFailure, Plain, Probe, Saver, StepHooks, from_interrupted,
    },
};
use std::{fmt, future::pending, marker::PhantomData, time::Duration};

/// Expands `async fn $name(bench: &Bench, $input: $type) -> $output { $await.await; $after }` by hand.
macro_rules! single {
    ($(#[$doc:meta])* $name:ident = $stored:literal, $state:ident, $point:ident = $point_name:literal,
     fn($bench:ident, $input:ident: $type:ty) -> $output:ty { let $result:ident = await $await:expr; $after:expr }) => {
        $(#[$doc])*
        pub fn $name<'r>(bench: &'r Bench, $input: $type) -> Child<'r, $name> {
            Child::new((bench,), ($input,))
        }

        #[allow(non_camel_case_types)]
        pub struct $name {
            _p: (),
        }

        impl $name {
            pub fn input($input: $type) -> Input<Self> {
                let mut saver = Saver::new();
                private::save(&mut saver, &private::witness(), &$input);
                Input::new(saver)
            }
        }

        #[derive(Debug, PartialEq)]
        pub enum $state {
            Start { $input: $type },
            $point { $input: $type },
        }

        impl State for $state {
            fn point(&self) -> &'static str {
                match self {
                    Self::Start { .. } => "Start",
                    Self::$point { .. } => $point_name,
                }
            }

            fn decode(point: &str, fields: &mut FieldReader<'_>) -> Result<Self, StateError> {
                Ok(match point {
                    "Start" => Self::Start { $input: fields.typed(private::witness())? },
                    $point_name => Self::$point { $input: fields.typed(private::witness())? },
                    other => return Err(StateError::UnknownPoint(other.to_owned())),
                })
            }
        }

        impl Workflow for $name {
            const NAME: &'static str = $stored;
            const POINTS: &'static [Point] = &[
                Point { name: "Start", callee: "", operation: "", fields: &[stringify!($input)], next: &[$point_name] },
                Point {
                    name: $point_name,
                    callee: stringify!($await), operation: "",
                    fields: &[stringify!($input)],
                    next: &["return .."],
                },
            ];
            type Input = ($type,);
            type Output = $output;
            type State = $state;
            type Resources<'r> = (&'r Bench,);

            fn drive<'a, 'r: 'a>(
                cx: &'a Context,
                resources: Option<Self::Resources<'r>>,
                entry: Entry<'a, ($type,)>,
            ) -> BoxFuture<'a, $output> {
                enum B<I> {
                    Start((I,)),
                    $point((I,)),
                }
                Box::pin(async move {
                    let w = private::witness();
                    let entry = match entry {
                        Entry::Start((input,)) => Some(B::Start((input,))),
                        Entry::Resume(resume) => (|| {
                            Some(match resume.point() {
                                0 => B::Start(resume.load((&w,))?),
                                1 => B::$point(resume.load((&w,))?),
                                _ => return None,
                            })
                        })(),
                        Entry::Describe(d) => {
                            d.point("Start", &[(stringify!($input), &w)]);
                            d.point($point_name, &[(stringify!($input), &w)]);
                            match cx.never().await {}
                        }
                    };
                    let (Some(mut pc), Some(($bench,))) = (entry, resources) else { match cx.never().await {} };
                    loop {
                        let mut next = None;
                        crate::hand::unify(&pc, &next);
                        let block: BoxFuture<'_, Option<$output>> = match pc {
                            B::Start(t) => {
                                let next = &mut next;
                                cx.block(async move {
                                    let t = t;
                                    let ($input,): ($type,) = t;
                                    *next = Some(B::$point(($input,)));
                                    match cx.goto().await {}
                                })
                            }
                            B::$point(t) => cx.block(async move {
                                let t = t;
                                let ($input,) = t;
                                let mut saver = Saver::new();
                                private::save(&mut saver, &w, &$input);
                                let $result = cx.at(1, saver, $await).await;
                                $after
                            }),
                        };
                        match block.await {
                            Some(output) => return output,
                            None => pc = next.take().expect("a block that goes on says where"),
                        }
                    }
                })
            }

            fn plain<'a>(($bench,): Self::Resources<'a>, ($input,): ($type,)) -> BoxFuture<'a, $output> {
                Box::pin(async move {
                    let $result = Plain::plain($await).await;
                    $after
                })
            }

            fn resources(from: &Resources) -> Result<(&Bench,), MissingResource> {
                Ok((from.get(Self::NAME, "bench")?,))
            }

            fn error(output: &Self::Output) -> Option<String> {
                (&&&&Probe(output)).error_text()
            }
        }
    };
}

single! {
    /// A step that always panics, retried once, whose error takes the panic.
    panics = "panics", PanicsState, Panics = "Panics",
    fn(bench, n: u32) -> Result<u32, Taken> { let output = await bench.panics(n); output }
}

single! {
    /// A step that panics, whose error does not take it.
    untaken = "untaken", UntakenState, Untaken = "Untaken",
    fn(bench, n: u32) -> Result<u32, String> { let output = await bench.untaken(n); output }
}

single! {
    /// It panics after its step.
    outside = "outside", OutsideState, Record = "Record",
    fn(bench, n: u32) -> u32 { let _done = await bench.record("fine"); if n == 0 { n } else { panic!("tripped over {n}") } }
}

single! {
    /// An `at_most_once` step, which panics on 0.
    once = "once", OnceState, Once = "Once",
    fn(bench, n: u32) -> Result<u32, Taken> { let output = await bench.once(n); output }
}

single! {
    /// A step that never ends, with a timeout.
    slow = "slow", SlowState, Slow = "Slow",
    fn(bench, n: u32) -> Result<u32, Taken> { let output = await bench.slow(n); output }
}

single! {
    /// A workflow as it was deployed first.
    evolving = "evolving", EvolvingState, Record = "Record",
    fn(bench, n: u32) -> u32 { let _done = await bench.record("first"); n }
}

single! {
    /// The same after a deploy that changed the type of its parameter.
    widened = "evolving", WidenedState, Record = "Record",
    fn(bench, n: u64) -> u64 { let _done = await bench.record("widened"); n }
}

single! {
    /// The same after a deploy that renamed its parameter.
    renamed = "evolving", RenamedState, Record = "Record",
    fn(bench, count: u32) -> u32 { let _done = await bench.record("renamed"); count }
}

single! {
    /// The same after a deploy that renamed its await point.
    moved = "evolving", MovedState, Note = "Note",
    fn(bench, n: u32) -> u32 { let _done = await bench.record("moved"); n }
}

single! {
    /// A parent, as it was deployed first.
    parent = "parent", ParentState, Evolving = "Evolving",
    fn(bench, n: u32) -> u32 { let output = await evolving(bench, n); output }
}

single! {
    /// The same after a deploy that awaits a plain future under the same name.
    childless = "parent", ChildlessState, Evolving = "Evolving",
    fn(bench, n: u32) -> u32 { let _done = await bench.record("childless"); n }
}

single! {
    /// It saves a list whose elements take no bytes.
    marking = "marking", MarkingState, Record = "Record",
    fn(bench, n: Vec<()>) -> usize { let _done = await bench.record("marking"); n.len() }
}

single! {
    /// It saves a value that cannot be saved any more.
    unsavable = "unsavable", UnsavableState, Record = "Record",
    fn(bench, n: Picky) -> u32 { let _done = await bench.record("unsavable"); n.0 }
}

/// Serializes on the way in, and not later: like a lock that is poisoned meanwhile.
#[derive(Debug, PartialEq, Clone)]
pub struct Picky(pub u32);

impl serde::Serialize for Picky {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 == 13 {
            return Err(serde::ser::Error::custom("not 13"));
        }
        serializer.serialize_u32(self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Picky {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let n = u32::deserialize(deserializer)?;
        // What was 12 when it started has become 13.
        Ok(Self(if n == 12 { 13 } else { n }))
    }
}

/// An error that takes what may happen to a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken(pub String);

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<StepFailure> for Taken {
    fn from(failure: StepFailure) -> Self {
        Self(failure.to_string())
    }
}

impl From<Interrupted> for Taken {
    fn from(interrupted: Interrupted) -> Self {
        Self(interrupted.to_string())
    }
}

pub fn interrupted_text() -> String {
    Interrupted.to_string()
}

pub struct Bench {
    record: Box<dyn Fn(&str) + Send + Sync>,
}

static PANICS: StepPolicy =
    StepPolicy::new("panics").retry(Retry::new(2, Duration::ZERO, 1.0, Duration::ZERO, Jitter::None));
static UNTAKEN: StepPolicy = StepPolicy::new("untaken");
static ONCE: StepPolicy = StepPolicy::new("once").at_most_once();
static SLOW: StepPolicy = StepPolicy::new("slow").timeout(Duration::from_secs(30));

impl Bench {
    pub fn new(record: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { record: Box::new(record) }
    }

    pub async fn record(&self, name: &str) {
        (self.record)(name);
    }

    fn panics(&self, n: u32) -> Step<impl Attempts<Output = Result<u32, Taken>>> {
        let body = async move {
            (self.record)(&format!("panics {n}"));
            drop_it(n)
        };
        Step::new(Body::new(body, || None), &PANICS, taken_hooks())
    }

    fn untaken(&self, n: u32) -> Step<impl Attempts<Output = Result<u32, String>>> {
        let body = async move {
            (self.record)(&format!("untaken {n}"));
            drop_it(n)
        };
        let hooks = StepHooks {
            error: |output: &Result<u32, String>| (&&&&Probe(output)).error_text(),
            failed: (&&Probe(PhantomData::<Result<u32, String>>)).on_failure(),
            interrupted: None,
        };
        Step::new(Body::new(body, || None), &UNTAKEN, hooks)
    }

    fn once(&self, n: u32) -> Step<impl Attempts<Output = Result<u32, Taken>>> {
        let body = async move {
            (self.record)(&format!("once {n}"));
            if n == 0 { drop_it(n) } else { Ok(n) }
        };
        let hooks = StepHooks { interrupted: from_interrupted(), ..taken_hooks() };
        Step::new(Body::new(body, || None), &ONCE, hooks)
    }

    fn slow(&self, n: u32) -> Step<impl Attempts<Output = Result<u32, Taken>>> {
        let body = async move {
            (self.record)(&format!("slow {n}"));
            pending().await
        };
        Step::new(Body::new(body, || None), &SLOW, taken_hooks())
    }
}

fn taken_hooks() -> StepHooks<Result<u32, Taken>> {
    StepHooks {
        error: |output: &Result<u32, Taken>| (&&&&Probe(output)).error_text(),
        failed: (&&Probe(PhantomData::<Result<u32, Taken>>)).on_failure(),
        interrupted: None,
    }
}

fn drop_it<E>(n: u32) -> Result<u32, E> {
    panic!("dropped {n}")
}
