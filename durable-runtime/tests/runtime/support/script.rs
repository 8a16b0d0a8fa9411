//! `script`: a workflow that does what its input says, expanded by hand as `#[workflow]` would.
//!
//! ```ignore
//! #[workflow]
//! async fn script(lab: &Lab, ops: Vec<Op>) -> Result<Vec<String>, String> {
//!     let mut log: Vec<String> = Vec::new();
//!     for op_at in 0..ops.len() {
//!         match &ops[op_at] {
//!             Op::Step(name) => log.push(lab.step(name).await?),
//!             Op::Quick(name) => log.push(#[at(Quick)] quick(lab, name).await?),     // retried after 10 ms
//!             Op::Slow(name) => log.push(#[at(Slow)] slow(lab, name).await?),        // retried after 10 s
//!             Op::Once(name) => log.push(#[at(Once)] once(lab, name).await?),        // at most once
//!             Op::Sleep(ms) => sleep(Duration::from_millis(*ms)).await,
//!             Op::Event(name) => log.push(event(name).await),
//!             Op::Child(ops) => log.extend(Box::pin(script(lab, ops.clone())).await?),
//!             Op::Fail(error) => return Err(error.clone()),
//!             Op::Panic => panic!("the script panics"),
//!         }
//!     }
//!     Ok(log)
//! }
//! ```

use crate::lab::Lab;
use durable_core::{
    BoxFuture, Child, Context, Input, Interrupted, Jitter, MissingResource, Point, Resources, Retry, Saver,
    State, StateError, Step, StepPolicy, Workflow, event,
    private::{Body, Describe, Entry, FieldReader, Resume, StepHooks, Witness, save, witness},
    sleep,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One line of a script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Op {
    Step(String),
    Quick(String),
    Slow(String),
    Once(String),
    Sleep(u64),
    Event(String),
    Child(Vec<Op>),
    Fail(String),
    Panic,
    /// Appends this many bytes to the log.
    Grow(usize),
}

pub(crate) fn step(name: &str) -> Op {
    Op::Step(name.into())
}

pub(crate) type Answer = Result<Vec<String>, String>;

#[derive(Debug)]
#[allow(non_camel_case_types)]
pub(crate) struct script;

#[derive(Debug, PartialEq)]
pub(crate) enum ScriptState {
    Start { ops: Vec<Op> },
    Step { ops: Vec<Op>, log: Vec<String>, op_at: u64 },
    Quick { ops: Vec<Op>, log: Vec<String>, op_at: u64 },
    Slow { ops: Vec<Op>, log: Vec<String>, op_at: u64 },
    Sleep { ops: Vec<Op>, log: Vec<String>, op_at: u64 },
    Event { ops: Vec<Op>, log: Vec<String>, op_at: u64 },
    Child { ops: Vec<Op>, log: Vec<String>, op_at: u64 },
    Once { ops: Vec<Op>, log: Vec<String>, op_at: u64 },
}

impl script {
    pub(crate) fn input(ops: &[Op]) -> Input<Self> {
        let mut saver = Saver::new();
        save(&mut saver, &witness(), &ops.to_vec());
        Input::new(saver)
    }
}

const FIELDS: &[&str] = &["ops", "log", "op_at"];

const NEXT: &[&str] = &["Step", "Quick", "Slow", "Sleep", "Event", "Child", "Once", "Ok(..)", "Err(..)"];

const fn point(name: &'static str) -> Point {
    Point { name, callee: name, operation: "", fields: FIELDS, next: NEXT }
}

static QUICK: StepPolicy = StepPolicy::new("quick").retry(Retry::new(
    3,
    Duration::from_millis(10),
    1.0,
    Duration::MAX,
    Jitter::None,
));
static SLOW: StepPolicy =
    StepPolicy::new("slow").retry(Retry::new(3, Duration::from_secs(10), 1.0, Duration::MAX, Jitter::None));

static ONCE: StepPolicy = StepPolicy::new("once").at_most_once();

type Locals = (Vec<Op>, Vec<String>, u64);

enum B {
    Start((Vec<Op>,)),
    Next(Locals),
    Step(Locals),
    Quick(Locals),
    Slow(Locals),
    Sleep(Locals),
    Event(Locals),
    Child(Locals),
    Once(Locals),
}

/// The witnesses of the locals.
#[derive(Clone, Copy)]
struct W {
    ops: Witness<Vec<Op>>,
    log: Witness<Vec<String>>,
    op_at: Witness<u64>,
}

impl W {
    fn store(&self, (ops, log, op_at): &Locals) -> Saver {
        let mut saver = Saver::new();
        save(&mut saver, &self.ops, ops);
        save(&mut saver, &self.log, log);
        save(&mut saver, &self.op_at, op_at);
        saver
    }

    fn load(&self, resume: Resume<'_>) -> Option<B> {
        let point = resume.point();
        if point == 0 {
            return resume.load((&self.ops,)).map(B::Start);
        }
        let locals = resume.load((&self.ops, &self.log, &self.op_at))?;
        Some(match point {
            1 => B::Step(locals),
            2 => B::Quick(locals),
            3 => B::Slow(locals),
            4 => B::Sleep(locals),
            5 => B::Event(locals),
            6 => B::Child(locals),
            7 => B::Once(locals),
            _ => return None,
        })
    }

    fn describe(&self, describe: &mut Describe) {
        describe.point("Start", &[("ops", &self.ops)]);
        for point in &script::POINTS[1..] {
            describe.point(point.name, &[("ops", &self.ops), ("log", &self.log), ("op_at", &self.op_at)]);
        }
    }
}

impl Workflow for script {
    const NAME: &'static str = "script";
    const POINTS: &'static [Point] = &[
        Point { name: "Start", callee: "", operation: "", fields: &["ops"], next: NEXT },
        point("Step"),
        point("Quick"),
        point("Slow"),
        point("Sleep"),
        point("Event"),
        point("Child"),
        point("Once"),
    ];

    type Input = (Vec<Op>,);
    type Output = Answer;
    type State = ScriptState;
    type Resources<'r> = (&'r Lab,);

    fn drive<'a, 'r: 'a>(
        cx: &'a Context,
        resources: Option<(&'r Lab,)>,
        entry: Entry<'a, (Vec<Op>,)>,
    ) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let w = W { ops: witness(), log: witness(), op_at: witness() };
            let entry = match entry {
                Entry::Start(input) => Some(B::Start(input)),
                Entry::Resume(resume) => w.load(resume),
                Entry::Describe(describe) => {
                    w.describe(describe);
                    None
                }
            };
            let (Some(mut pc), Some((lab,))) = (entry, resources) else { match cx.never().await {} };
            loop {
                let mut next = None;
                let block: BoxFuture<'_, Option<Answer>> = block(cx, lab, w, pc, &mut next);
                match block.await {
                    Some(result) => return result,
                    None => pc = next.take().expect("a block that ends chooses the next"),
                }
            }
        })
    }

    fn plain<'a>(_: Self::Resources<'a>, _: Self::Input) -> BoxFuture<'a, Answer> {
        Box::pin(async { Err("these tests have no plain run".into()) })
    }

    fn resources(from: &Resources) -> Result<(&Lab,), MissingResource> {
        Ok((from.get(Self::NAME, "lab")?,))
    }

    fn error(output: &Answer) -> Option<String> {
        output.as_ref().err().cloned()
    }
}

fn block<'a>(
    cx: &'a Context,
    lab: &'a Lab,
    w: W,
    pc: B,
    next: &'a mut Option<B>,
) -> BoxFuture<'a, Option<Answer>> {
    match pc {
        B::Start((ops,)) => cx.block(async move {
            *next = Some(B::Next((ops, Vec::new(), 0)));
            match cx.goto().await {}
        }),
        B::Next((ops, mut log, op_at)) => cx.block(async move {
            *next = Some(match ops.get(op_at as usize) {
                None => return Ok(log),
                Some(Op::Step(_)) => B::Step((ops, log, op_at)),
                Some(Op::Quick(_)) => B::Quick((ops, log, op_at)),
                Some(Op::Slow(_)) => B::Slow((ops, log, op_at)),
                Some(Op::Once(_)) => B::Once((ops, log, op_at)),
                Some(Op::Sleep(_)) => B::Sleep((ops, log, op_at)),
                Some(Op::Event(_)) => B::Event((ops, log, op_at)),
                Some(Op::Child(_)) => B::Child((ops, log, op_at)),
                Some(Op::Fail(error)) => return Err(error.clone()),
                Some(Op::Panic) => panic!("the script panics"),
                Some(Op::Grow(bytes)) => {
                    log.push("x".repeat(*bytes));
                    B::Next((ops, log, op_at + 1))
                }
            });
            match cx.goto().await {}
        }),
        B::Step(locals) => cx.block(async move {
            let saver = w.store(&locals);
            let (ops, mut log, op_at) = locals;
            let Op::Step(name) = &ops[op_at as usize] else { unreachable!() };
            log.push(cx.at(1, saver, lab.step(name)).await?);
            *next = Some(B::Next((ops, log, op_at + 1)));
            match cx.goto().await {}
        }),
        B::Quick(locals) => cx.block(async move {
            let saver = w.store(&locals);
            let (ops, mut log, op_at) = locals;
            let Op::Quick(name) = &ops[op_at as usize] else { unreachable!() };
            log.push(cx.at(2, saver, Step::new(Body::new(lab.step(name), || None), &QUICK, hooks())).await?);
            *next = Some(B::Next((ops, log, op_at + 1)));
            match cx.goto().await {}
        }),
        B::Slow(locals) => cx.block(async move {
            let saver = w.store(&locals);
            let (ops, mut log, op_at) = locals;
            let Op::Slow(name) = &ops[op_at as usize] else { unreachable!() };
            log.push(cx.at(3, saver, Step::new(Body::new(lab.step(name), || None), &SLOW, hooks())).await?);
            *next = Some(B::Next((ops, log, op_at + 1)));
            match cx.goto().await {}
        }),
        B::Once(locals) => cx.block(async move {
            let saver = w.store(&locals);
            let (ops, mut log, op_at) = locals;
            let Op::Once(name) = &ops[op_at as usize] else { unreachable!() };
            let hooks = StepHooks { interrupted: Some(|Interrupted| Err("interrupted".into())), ..hooks() };
            log.push(cx.at(7, saver, Step::new(Body::new(lab.step(name), || None), &ONCE, hooks)).await?);
            *next = Some(B::Next((ops, log, op_at + 1)));
            match cx.goto().await {}
        }),
        B::Sleep(locals) => cx.block(async move {
            let saver = w.store(&locals);
            let (ops, log, op_at) = locals;
            let Op::Sleep(ms) = &ops[op_at as usize] else { unreachable!() };
            cx.at(4, saver, sleep(Duration::from_millis(*ms))).await;
            *next = Some(B::Next((ops, log, op_at + 1)));
            match cx.goto().await {}
        }),
        B::Event(locals) => cx.block(async move {
            let saver = w.store(&locals);
            let (ops, mut log, op_at) = locals;
            let Op::Event(name) = &ops[op_at as usize] else { unreachable!() };
            log.push(cx.at(5, saver, event::<String>(name.clone())).await);
            *next = Some(B::Next((ops, log, op_at + 1)));
            match cx.goto().await {}
        }),
        B::Child(locals) => cx.block(async move {
            let saver = w.store(&locals);
            let (ops, mut log, op_at) = locals;
            let Op::Child(inner) = &ops[op_at as usize] else { unreachable!() };
            log.extend(cx.at(6, saver, Box::pin(Child::<script>::new((lab,), (inner.clone(),)))).await?);
            *next = Some(B::Next((ops, log, op_at + 1)));
            match cx.goto().await {}
        }),
    }
}

fn hooks() -> StepHooks<Result<String, String>> {
    StepHooks { error: |output| output.as_ref().err().cloned(), failed: None, interrupted: None }
}

impl State for ScriptState {
    fn point(&self) -> &'static str {
        match self {
            Self::Start { .. } => "Start",
            Self::Step { .. } => "Step",
            Self::Quick { .. } => "Quick",
            Self::Slow { .. } => "Slow",
            Self::Sleep { .. } => "Sleep",
            Self::Event { .. } => "Event",
            Self::Child { .. } => "Child",
            Self::Once { .. } => "Once",
        }
    }

    fn decode(point: &str, fields: &mut FieldReader<'_>) -> Result<Self, StateError> {
        let ops = fields.typed(witness())?;
        if point == "Start" {
            return Ok(Self::Start { ops });
        }
        let (log, op_at) = (fields.typed(witness())?, fields.typed(witness())?);
        Ok(match point {
            "Step" => Self::Step { ops, log, op_at },
            "Quick" => Self::Quick { ops, log, op_at },
            "Slow" => Self::Slow { ops, log, op_at },
            "Sleep" => Self::Sleep { ops, log, op_at },
            "Event" => Self::Event { ops, log, op_at },
            "Child" => Self::Child { ops, log, op_at },
            "Once" => Self::Once { ops, log, op_at },
            other => return Err(StateError::UnknownPoint(other.to_owned())),
        })
    }
}
