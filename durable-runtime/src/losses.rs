//! What newer builds saved, on the way back to an older one: what this build would lose of it, and whether that is accepted.

use crate::{
    error::StartError,
    versions::{Left, tried},
};
use durable_core::{Description, Workflow, schema::PointSchema};
use std::{any::type_name, collections::BTreeSet};

/// What a worker was told that it may lose.
#[derive(Default)]
pub(crate) struct Losses(Vec<Accepted>);

/// Of one workflow.
struct Accepted {
    workflow: &'static str,
    version: u32,
    called: String,
    paths: BTreeSet<String>,
}

impl Losses {
    /// To be told again adds to it.
    pub(crate) fn accept<W: Workflow>(&mut self, paths: &[&str]) {
        let paths = paths.iter().map(|path| (*path).to_owned());
        let (workflow, version) = (W::NAME, W::VERSION);
        match self.0.iter_mut().find(|known| (known.workflow, known.version) == (workflow, version)) {
            Some(known) => known.paths.extend(paths),
            None => {
                self.0.push(Accepted { workflow, version, called: called::<W>(), paths: paths.collect() })
            }
        }
    }

    /// Refuses what is told about a workflow that is not among these, by name and version.
    pub(crate) fn check(&self, registered: &[(&'static str, u32)]) -> Result<(), StartError> {
        match self.0.iter().find(|told| !registered.contains(&(told.workflow, told.version))) {
            None => Ok(()),
            Some(Accepted { workflow, version, called, .. }) => {
                Err(StartError::LossOfUnregistered { workflow, version: *version, called: called.clone() })
            }
        }
    }

    pub(crate) fn newer<'a>(&'a self, description: &'static Description, called: String) -> Newer<'a> {
        let (workflow, version) = (description.name, description.version);
        let told = self.0.iter().find(|told| (told.workflow, told.version) == (workflow, version));
        Newer { description, called, accepted: told.map(|told| &told.paths), lost: BTreeSet::new() }
    }
}

/// What newer builds saved of one workflow, and what may be lost of it.
pub(crate) struct Newer<'a> {
    description: &'static Description,
    called: String,
    /// `None`: nothing was said, and nothing is taken.
    accepted: Option<&'a BTreeSet<String>>,
    /// All that would be lost, of all that was asked for.
    lost: BTreeSet<String>,
}

impl Newer<'_> {
    /// Whether this build may go on from what a newer one saved there.
    pub(crate) fn may_go_on(&mut self, writer: &PointSchema) -> Result<(), Left> {
        let (workflow, point) = (self.description.name, &writer.name);
        let lost = match tried(|| self.description.losses(writer)) {
            Ok(lost) => lost,
            Err(error) => {
                let reason = format!("a newer build saved it, and this one cannot go on from there: {error}");
                return Err(self.left(point, reason, Vec::new()));
            }
        };
        self.lost.extend(lost.iter().cloned());
        match self.accepted {
            Some(accepted) if lost.iter().all(|path| accepted.contains(path)) => {
                tracing::info!(workflow, point, ?lost, "executions of a newer build are gone on with");
                Ok(())
            }
            accepted => {
                let missing = |path: &String| !accepted.is_some_and(|accepted| accepted.contains(path));
                let lost: Vec<_> = lost.into_iter().filter(missing).collect();
                Err(self.left(point, self.reason(point, &lost), lost))
            }
        }
    }

    /// Where nothing was accepted it is as it should be; but whoever rolls back wants to know.
    fn left(&self, point: &str, reason: String, lost: Vec<String>) -> Left {
        let workflow = self.description.name;
        match self.accepted {
            Some(_) => {
                tracing::warn!(
                    workflow,
                    point,
                    reason,
                    "executions of a newer build stay at this await point"
                );
            }
            None => tracing::info!(workflow, point, reason, "executions of a newer build are left to it"),
        }
        Left { reason, lost }
    }

    fn reason(&self, point: &str, lost: &[String]) -> String {
        let list = |show: fn(&String) -> String| lost.iter().map(show).collect::<Vec<_>>().join(", ");
        let named = || list(|path| format!("`{path}`"));
        let would = match lost {
            [] => "would lose nothing of it, but goes on with it only if it is told to".to_owned(),
            [whole] if whole == point => {
                "has it under another name, or a migration that takes it, so that nobody can say what would be lost"
                    .to_owned()
            }
            lost if lost.len() == 1 => format!("would lose {} or a part of it", named()),
            _ => format!("would lose {} or parts of them", named()),
        };
        format!(
            "a newer build saved it. This one {would}: wait for the newer one, or say so where this worker is built, with \
             `.accept_loss::<{}>(&[{}])`",
            self.called,
            list(|path| format!("{path:?}")),
        )
    }

    /// It may be a slip of the pen; but as well the newer build may not have been here yet.
    pub(crate) fn tell_unknown(&self) {
        let workflow = self.description.name;
        for path in self.accepted.into_iter().flatten().filter(|path| !self.lost.contains(*path)) {
            tracing::debug!(
                workflow,
                path,
                "accepted is the loss of something that no newer build has saved here"
            );
        }
    }
}

/// The name of a workflow's function, to be shown in code.
pub(crate) fn called<W: Workflow>() -> String {
    // Generic arguments may be hidden ones.
    let path = type_name::<W>().split('<').next().unwrap_or_default();
    let name = path.rsplit("::").next().unwrap_or_default();
    match W::NAME.contains('<') {
        true => format!("{name}<..>"),
        false => name.to_owned(),
    }
}
