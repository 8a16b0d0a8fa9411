//! `counter`: a workflow of many await points that are ready at once, expanded by hand.
//!
//! ```ignore
//! #[workflow]
//! async fn counter(n: u64, labels: HashMap<String, u64>) -> u64 {
//!     let mut done: u64 = 0;
//!     while done < n {
//!         done = async { done + 1 }.await;
//!     }
//!     done
//! }
//! ```

use durable_core::{
    BoxFuture, Context, Input, MissingResource, Point, Resources, Saver, State, StateError, Workflow,
    private::{Entry, FieldReader, save, witness},
};
use std::collections::HashMap;

#[derive(Debug)]
#[allow(non_camel_case_types)]
pub(crate) struct counter;

#[derive(Debug, PartialEq)]
pub(crate) enum CounterState {
    Start { n: u64 },
    Done { n: u64, done: u64 },
}

impl counter {
    pub(crate) fn input(n: u64) -> Input<Self> {
        Self::labelled(n, &HashMap::new())
    }

    pub(crate) fn labelled(n: u64, labels: &HashMap<String, u64>) -> Input<Self> {
        let mut saver = Saver::new();
        save(&mut saver, &witness(), &n);
        save(&mut saver, &witness(), labels);
        Input::new(saver)
    }
}

enum B {
    Start((u64, HashMap<String, u64>)),
    Loop((u64, u64)),
    Done((u64, u64)),
}

impl Workflow for counter {
    const NAME: &'static str = "counter";
    const POINTS: &'static [Point] = &[
        Point {
            name: "Start",
            callee: "",
            operation: "",
            fields: &["n", "labels"],
            next: &["Done", "return .."],
        },
        Point {
            name: "Done",
            callee: "async",
            operation: "",
            fields: &["n", "done"],
            next: &["Done", "return .."],
        },
    ];

    type Input = (u64, HashMap<String, u64>);
    type Output = u64;
    type State = CounterState;
    type Resources<'r> = ();

    fn drive<'a, 'r: 'a>(
        cx: &'a Context,
        _: Option<()>,
        entry: Entry<'a, Self::Input>,
    ) -> BoxFuture<'a, u64> {
        Box::pin(async move {
            let (w_n, w_labels, w_done) =
                (witness::<u64>(), witness::<HashMap<String, u64>>(), witness::<u64>());
            let entry = match entry {
                Entry::Start(input) => Some(B::Start(input)),
                Entry::Resume(resume) => match resume.point() {
                    0 => resume.load((&w_n, &w_labels)).map(B::Start),
                    1 => resume.load((&w_n, &w_done)).map(B::Done),
                    _ => None,
                },
                Entry::Describe(describe) => {
                    describe.point("Start", &[("n", &w_n), ("labels", &w_labels)]);
                    describe.point("Done", &[("n", &w_n), ("done", &w_done)]);
                    None
                }
            };
            let Some(mut pc) = entry else { match cx.never().await {} };
            loop {
                let mut next = None;
                let block: BoxFuture<'_, Option<u64>> = match pc {
                    B::Start((n, _)) => {
                        let next = &mut next;
                        cx.block(async move {
                            *next = Some(B::Loop((n, 0)));
                            match cx.goto().await {}
                        })
                    }
                    B::Loop((n, done)) => {
                        let next = &mut next;
                        cx.block(async move {
                            if done >= n {
                                return done;
                            }
                            *next = Some(B::Done((n, done)));
                            match cx.goto().await {}
                        })
                    }
                    B::Done((n, done)) => {
                        let next = &mut next;
                        cx.block(async move {
                            let mut saver = Saver::new();
                            save(&mut saver, &w_n, &n);
                            save(&mut saver, &w_done, &done);
                            let done = cx.at(1, saver, async move { done + 1 }).await;
                            *next = Some(B::Loop((n, done)));
                            match cx.goto().await {}
                        })
                    }
                };
                match block.await {
                    Some(result) => return result,
                    None => pc = next.take().expect("a block that ends chooses the next"),
                }
            }
        })
    }

    fn plain<'a>(_: Self::Resources<'a>, (n, _): Self::Input) -> BoxFuture<'a, u64> {
        Box::pin(async move { n })
    }

    fn resources(_: &Resources) -> Result<(), MissingResource> {
        Ok(())
    }

    fn error(_: &u64) -> Option<String> {
        None
    }
}

impl State for CounterState {
    fn point(&self) -> &'static str {
        match self {
            Self::Start { .. } => "Start",
            Self::Done { .. } => "Done",
        }
    }

    fn decode(point: &str, fields: &mut FieldReader<'_>) -> Result<Self, StateError> {
        let n = fields.typed(witness())?;
        match point {
            "Start" => Ok(Self::Start { n }),
            "Done" => Ok(Self::Done { n, done: fields.typed(witness())? }),
            other => Err(StateError::UnknownPoint(other.to_owned())),
        }
    }
}
