//! A driver of [`Run`] for these tests: everything it keeps is bytes, and it crashes where it is told to.

use crate::shop::Approval;
use durable_core::{
    Arrived, ExecutionId, Input, Moved, Resources, Run, RunError, Wait, Workflow, event::encode_event,
};
use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

pub const INSTANCE: [u8; 16] = [7; 16];

/// Where the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    Never,
    /// Commit N is durable, and its operation has not begun.
    After(usize),
    /// Commit N was about to be written: everything since commit N - 1 is lost.
    Before(usize),
}

/// How a run went.
#[derive(Debug)]
pub struct Driven<T> {
    pub output: Result<T, RunError>,
    /// Every blob that was given out, in order; a crash does not count.
    pub blobs: Vec<Vec<u8>>,
}

/// Polls a future that only ever waits for itself.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut task = Context::from_waker(Waker::noop());
    for _ in 0..1_000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut task) {
            return output;
        }
    }
    panic!("the future waits for something that never comes");
}

pub fn id() -> ExecutionId {
    ExecutionId::new("order-42").unwrap()
}

pub fn resources(insert: impl FnOnce(&mut Resources)) -> Resources {
    let mut resources = Resources::new();
    insert(&mut resources);
    resources
}

pub fn start<W: Workflow>(resources: &Resources, input: Input<W>) -> Run<'_, W> {
    Run::start(id(), INSTANCE, W::resources(resources).unwrap(), input).unwrap()
}

pub fn resume<'r, W: Workflow>(resources: &'r Resources, blob: &[u8], arrived: Arrived) -> Run<'r, W> {
    Run::resume(id(), W::resources(resources).unwrap(), blob, arrived).unwrap()
}

/// What a parked run waits for, as it arrives in these tests.
pub fn arrival(wait: &Wait) -> Arrived {
    match wait {
        Wait::Now => Arrived::Nothing,
        Wait::Timer(_) => Arrived::Timer,
        Wait::Event(name) => Arrived::Event(encode_event(&Approval { by: format!("{name}'s eve") }).unwrap()),
    }
}

/// Runs to the end, with one crash at most. Each park drops the run and resumes from the blob.
pub fn drive<W: Workflow>(resources: &Resources, input: Input<W>, mut crash: Crash) -> Driven<W::Output> {
    let mut blobs = Vec::new();
    let mut run = start::<W>(resources, input);
    let mut durable = (run.blob().unwrap(), Arrived::Nothing);
    loop {
        let (blob, arrived, parked) = match block_on(run.next()) {
            // The finish is a commit too, after which there is nothing to go on from.
            Ok(Moved::Finished(_)) if crash == Crash::Before(blobs.len() + 1) => {
                (Vec::new(), Arrived::Nothing, false)
            }
            Ok(Moved::Finished(output)) => return Driven { output: Ok(output), blobs },
            Ok(Moved::Saved(blob) | Moved::Retry { blob, .. }) => (blob, Arrived::Nothing, false),
            Ok(Moved::Parked { blob, wait }) => (blob, arrival(&wait), true),
            Ok(_) => panic!("a move that this driver does not know"),
            Err(error) => return Driven { output: Err(error), blobs },
        };
        let commit = blobs.len() + 1;
        if crash != Crash::Before(commit) {
            durable = (blob.clone(), arrived);
            blobs.push(blob);
        }
        if parked || crash == Crash::Before(commit) || crash == Crash::After(commit) {
            if crash == Crash::Before(commit) {
                crash = Crash::Never;
            }
            run = resume::<W>(resources, &durable.0, durable.1.clone());
        }
    }
}
