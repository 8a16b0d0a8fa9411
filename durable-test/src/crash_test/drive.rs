//! One run of a workflow through blobs, with one crash at most.

use super::{mailbox::Mailbox, subject::Subject};
use crate::{Effect, EffectLog, Error};
use durable_core::{Arrived, Moved, Resources, RunError, Wait};
use std::fmt;

/// Where the process dies. Commits of await points and failed attempts count from 1; the finish is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crash {
    /// The commit was about to be written: everything since the one before is lost.
    Before(usize),
    /// The commit is durable, and its operation has not begun.
    After(usize),
}

impl Crash {
    /// The commit that the workflow goes on from; 0 is the start.
    pub(super) fn durable(self) -> usize {
        match self {
            Self::Before(commit) => commit - 1,
            Self::After(commit) => commit,
        }
    }
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before(commit) => write!(f, "a crash just before commit {commit}"),
            Self::After(commit) => write!(f, "a crash just after commit {commit}"),
        }
    }
}

/// What surrounds one run.
pub(super) struct World<'w> {
    pub(super) log: &'w EffectLog,
    pub(super) events: Mailbox,
    pub(super) commits_max: usize,
}

/// How a run went.
pub(super) struct Trace<T> {
    pub(super) output: T,
    /// The blob of each commit, in order; a lost one does not count.
    pub(super) blobs: Vec<Vec<u8>>,
    /// How many effects there were at each of these commits.
    pub(super) effects_at: Vec<usize>,
    pub(super) effects: Vec<Effect>,
}

/// Drives from the blob `start` to the end. Whatever parks is dropped and comes back from its blob.
pub(super) async fn drive<T: Send>(
    subject: &dyn Subject<T>,
    resources: &Resources,
    mut world: World<'_>,
    start: &[u8],
    mut crash: Option<Crash>,
) -> Result<Trace<T>, Error> {
    let failed = |when: Option<Crash>, commits: usize| {
        move |source: RunError| {
            let when =
                when.map_or_else(|| format!("after commit {commits}"), |crash| format!("after {crash}"));
            Error::Run { when, source: Box::new(source) }
        }
    };
    let planned = crash;
    let resume = |(blob, arrived): &(Vec<u8>, Arrived), commits: usize| {
        subject.resume(resources, blob, arrived.clone(), &failed(planned, commits))
    };
    let mut durable = (start.to_vec(), Arrived::Nothing);
    let (mut blobs, mut effects_at) = (Vec::new(), Vec::new());
    let mut run = resume(&durable, 0)?;
    loop {
        let moved = run.next().await.map_err(failed(planned, blobs.len()))?;
        let commit = blobs.len() + 1;
        if crash == Some(Crash::Before(commit)) {
            crash = None;
            run = resume(&durable, blobs.len())?;
            continue;
        }
        let (blob, wait) = match moved {
            Moved::Finished(output) => {
                return Ok(Trace { output, blobs, effects_at, effects: world.log.snapshot() });
            }
            Moved::Saved(blob) | Moved::Retry { blob, .. } => (blob, None),
            Moved::Parked { blob, wait } => (blob, Some(wait)),
            _ => return Err(Error::UnknownMove),
        };
        if commit > world.commits_max {
            return Err(Error::Endless { commits_max: world.commits_max });
        }
        let arrived = match &wait {
            None => Arrived::Nothing,
            Some(wait) => world.arrival(wait)?,
        };
        durable = (blob.clone(), arrived);
        blobs.push(blob);
        effects_at.push(world.log.len());
        if wait.is_some() || crash == Some(Crash::After(commit)) {
            run = resume(&durable, commit)?;
        }
    }
}

impl World<'_> {
    /// What a parked run waits for comes at once.
    fn arrival(&mut self, wait: &Wait) -> Result<Arrived, Error> {
        match wait {
            Wait::Timer(_) => Ok(Arrived::Timer),
            Wait::Event(name) => match self.events.take(name) {
                Some(payload) => Ok(Arrived::Event(payload)),
                None => Err(Error::NoEvent { name: name.clone() }),
            },
            // It was given what it waits for, and parked all the same.
            Wait::Now => Err(Error::ParkedAgain),
        }
    }
}
