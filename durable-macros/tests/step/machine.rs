//! Steps run by the machine: the policy and the hooks that the macro wrote are what counts there.

use durable_core::{
    ExecutionId, Input, Interrupted, MissingResource, Moved, Point, Resources, Run, RunError, State,
    StateError, StepFailure, Workflow,
    private::{BoxFuture, Context, Entry, FieldReader, Plain, Saver},
};
use durable_macros::step;
use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

#[derive(Debug, PartialEq)]
enum Failed {
    Refused(u32),
    Step(StepFailure),
    Interrupted,
}

impl From<StepFailure> for Failed {
    fn from(failure: StepFailure) -> Self {
        Failed::Step(failure)
    }
}

impl From<Interrupted> for Failed {
    fn from(_: Interrupted) -> Self {
        Failed::Interrupted
    }
}

type Res<T> = std::result::Result<T, Failed>;

#[step(crate = "durable_core", retry(attempts = 3, initial = "2s", factor = 3, max = "1m"))]
async fn refused(calls: &AtomicU32) -> Res<u32> {
    match calls.fetch_add(1, Ordering::Relaxed) {
        call @ 0..3 => Err(Failed::Refused(call)),
        call => Ok(call),
    }
}

#[step(crate = "durable_core")]
async fn panicking(_calls: &AtomicU32) -> Res<u32> {
    panic!("out of paper")
}

#[step(crate = "durable_core")]
async fn panicking_without_error(_calls: &AtomicU32) -> u32 {
    panic!("out of paper")
}

#[step(crate = "durable_core", at_most_once)]
async fn panicking_at_most_once(_calls: &AtomicU32) -> Res<u32> {
    panic!("out of paper")
}

/// `async fn name(calls: &AtomicU32) -> output { step(calls).await }`, expanded by hand: without locals it is one await.
macro_rules! workflow_of {
    ($name:ident awaits $step:ident -> $output:ty) => {
        #[allow(non_camel_case_types)]
        struct $name;

        impl Workflow for $name {
            const NAME: &'static str = stringify!($name);
            const POINTS: &'static [Point] = &[
                Point { name: "Start", callee: "", operation: "", fields: &[], next: &["Step"] },
                Point {
                    name: "Step",
                    callee: stringify!($step),
                    operation: "",
                    fields: &[],
                    next: &["return .."],
                },
            ];
            type Input = ();
            type Output = $output;
            type State = Nothing;
            type Resources<'r> = (&'r AtomicU32,);

            fn drive<'a, 'r: 'a>(
                cx: &'a Context,
                resources: Option<Self::Resources<'r>>,
                entry: Entry<'a, ()>,
            ) -> BoxFuture<'a, $output> {
                Box::pin(async move {
                    if let Entry::Describe(description) = entry {
                        description.point("Start", &[]);
                        description.point("Step", &[]);
                    }
                    let Some((calls,)) = resources else { match cx.never().await {} };
                    cx.at(1, Saver::new(), $step(calls)).await
                })
            }

            fn plain<'a>((calls,): Self::Resources<'a>, (): ()) -> BoxFuture<'a, $output> {
                Box::pin($step(calls).plain())
            }

            fn resources(from: &Resources) -> Result<Self::Resources<'_>, MissingResource> {
                Ok((from.get(Self::NAME, "calls")?,))
            }

            fn error(_: &$output) -> Option<String> {
                None
            }
        }
    };
}

/// Nothing is saved.
struct Nothing;

impl State for Nothing {
    fn point(&self) -> &'static str {
        "Step"
    }

    fn decode(_: &str, _: &mut FieldReader<'_>) -> Result<Self, StateError> {
        Ok(Nothing)
    }
}

workflow_of!(of_refused awaits refused -> Res<u32>);
workflow_of!(of_panicking awaits panicking -> Res<u32>);
workflow_of!(of_panicking_without_error awaits panicking_without_error -> u32);
workflow_of!(of_panicking_at_most_once awaits panicking_at_most_once -> Res<u32>);

fn start<W>(calls: &AtomicU32) -> Run<'_, W>
where
    W: for<'r> Workflow<Input = (), Resources<'r> = (&'r AtomicU32,)>,
{
    let id = ExecutionId::new("step").expect("a short name");
    Run::start(id, [7; 16], (calls,), Input::new(Saver::new())).expect("it saves nothing")
}

/// Runs to the end; the retries on the way, as error and delay.
async fn finish<W: Workflow>(run: &mut Run<'_, W>) -> (Vec<(String, Duration)>, Result<W::Output, RunError>) {
    let mut retries = Vec::new();
    loop {
        match run.next().await {
            Ok(Moved::Retry { error, delay, .. }) => retries.push((error, delay)),
            Ok(Moved::Finished(output)) => return (retries, Ok(output)),
            Ok(_) => {}
            Err(error) => return (retries, Err(error)),
        }
    }
}

#[tokio::test]
async fn retries_follow_the_policy_and_the_last_err_is_the_value() {
    let calls = AtomicU32::new(0);
    let (retries, result) = finish(&mut start::<of_refused>(&calls)).await;
    let seconds: Vec<_> = retries.iter().map(|(_, delay)| delay.as_secs()).collect();
    assert_eq!(seconds, [2, 6]);
    assert_eq!(retries[0].0, "Refused(0)", "an error without `Display` is shown by `Debug`");
    assert_eq!(result.expect("a value"), Err(Failed::Refused(2)));
}

#[tokio::test]
async fn a_panic_becomes_an_err_where_the_error_type_takes_it() {
    let calls = AtomicU32::new(0);
    let (_, result) = finish(&mut start::<of_panicking>(&calls)).await;
    let failure = StepFailure::Panicked { message: "out of paper".into() };
    assert_eq!(result.expect("a value"), Err(Failed::Step(failure)));
}

#[tokio::test]
async fn a_panic_fails_the_execution_where_nothing_takes_it() {
    let calls = AtomicU32::new(0);
    let (_, result) = finish(&mut start::<of_panicking_without_error>(&calls)).await;
    let error = result.expect_err("no output").to_string();
    assert!(error.contains("`panicking_without_error`") && error.contains("out of paper"), "{error}");
}

#[tokio::test]
async fn an_at_most_once_step_that_panics_is_interrupted() {
    let calls = AtomicU32::new(0);
    let (_, result) = finish(&mut start::<of_panicking_at_most_once>(&calls)).await;
    assert_eq!(result.expect("a value"), Err(Failed::Interrupted));
}
