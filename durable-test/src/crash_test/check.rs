//! All runs of a workflow, and their comparison.

use super::{
    Factory, Report,
    compare::Expected,
    drive::{Crash, Trace, World, drive},
    mailbox::Mailbox,
    place::{self, Place},
    subject::Subject,
    world,
};
use crate::{Effect, Error};
use durable_core::plain_run::with_host;
use std::{fmt::Debug, sync::Arc};

/// What the crash test was told.
pub(super) struct Check<'c, T> {
    pub(super) subject: &'c dyn Subject<T>,
    pub(super) factory: &'c Factory,
    pub(super) events: &'c Mailbox,
    pub(super) at_most_once: &'c [String],
    pub(super) commits_max: usize,
    pub(super) same_output: fn(&T, &T) -> bool,
}

impl<T: Debug + Send> Check<'_, T> {
    /// Plainly, through snapshots, and with a crash before and after each commit.
    pub(super) async fn run(&self, start: &[u8]) -> Result<Report<T>, Error> {
        let subject = self.subject;
        let whole = self.drive(start, None).await?;
        let places = whole.blobs.iter().map(|blob| place::innermost(blob)).collect::<Result<Vec<_>, _>>()?;
        self.check_at_most_once(&places)?;
        let expected =
            Expected { subject, start, trace: &whole, places: &places, same_output: self.same_output };
        let (plain, effects) = self.plain(start).await?;
        expected.compare_plain(&plain, &effects)?;

        let mut runs = 2;
        for crash in self.crashes(&places) {
            let found = self.drive(start, Some(crash)).await?;
            expected.compare(crash, &found)?;
            runs += 1;
        }
        let blobs = [start].into_iter().chain(whole.blobs.iter().map(Vec::as_slice));
        let states = blobs.map(|blob| place::describe(subject.description(), blob)).collect();
        Ok(Report {
            commits: whole.blobs.len() + 2,
            runs,
            effects: whole.effects,
            states,
            output: whole.output,
        })
    }

    /// Before and after each commit; the finish is one too, but after it there is nothing to go on from.
    fn crashes(&self, places: &[Place]) -> Vec<Crash> {
        let commits = (1..=places.len() + 1).flat_map(|commit| [Crash::Before(commit), Crash::After(commit)]);
        let mut crashes: Vec<_> = commits.filter(|crash| *crash != Crash::After(places.len() + 1)).collect();
        crashes.retain(|crash| {
            // Both interrupt the operation of the commit that is still there.
            let durable = crash.durable();
            durable == 0 || !self.at_most_once.contains(&places[durable - 1].point)
        });
        crashes
    }

    fn check_at_most_once(&self, places: &[Place]) -> Result<(), Error> {
        for point in self.at_most_once {
            if !places.iter().any(|place| place.point == *point) {
                let mut reached: Vec<_> = places.iter().map(|place| place.point.clone()).collect();
                reached.dedup();
                return Err(Error::PointNotReached { point: point.clone(), reached });
            }
        }
        Ok(())
    }

    async fn drive(&self, start: &[u8], crash: Option<Crash>) -> Result<Trace<T>, Error> {
        let (resources, log) = world(self.factory);
        let world = World { log: &log, events: self.events.clone(), commits_max: self.commits_max };
        drive(self.subject, &resources, world, start, crash).await
    }

    /// The plain copy, which is the user's own function: the oracle.
    async fn plain(&self, start: &[u8]) -> Result<(T, Vec<Effect>), Error> {
        let (resources, log) = world(self.factory);
        let host = Arc::new(self.events.clone().into_host());
        let output = with_host(host, self.subject.plain(&resources, start)?).await;
        Ok((output, log.snapshot()))
    }
}
