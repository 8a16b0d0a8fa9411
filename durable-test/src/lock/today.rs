//! Today's program, as a lock file would say it.

use super::{
    LockError,
    file::{Lines, Lock, LockedPoint, LockedWorkflow, Version},
};
use durable_core::{Description, Registration, Workflows};

impl Lock {
    /// The file of a program that was never recorded.
    ///
    /// # Errors
    ///
    /// If two workflows have one name, or what one of them saves could not be read back.
    pub fn of<W: Workflows>() -> Result<Self, LockError> {
        Ok(Today::of::<W>()?.to_lock())
    }
}

/// A program: its workflows by name.
pub(super) struct Today {
    pub(super) workflows: Vec<(LockedWorkflow, &'static Description)>,
}

impl Today {
    pub(super) fn of<W: Workflows>() -> Result<Self, LockError> {
        let mut registered = Vec::new();
        W::each(&mut |registration| registered.push(registration));
        let workflows = registered.iter().map(workflow).collect::<Result<Vec<_>, _>>()?;
        let mut today = Self { workflows };
        today.workflows.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
        let twice = today.workflows.windows(2).find(|pair| pair[0].0.name == pair[1].0.name);
        match twice {
            Some(pair) => Err(LockError::Twice { workflow: pair[0].0.name.clone() }),
            None => Ok(today),
        }
    }

    pub(super) fn workflow(&self, name: &str) -> Option<&LockedWorkflow> {
        self.workflows.iter().map(|(workflow, _)| workflow).find(|workflow| workflow.name == name)
    }

    pub(super) fn to_lock(&self) -> Lock {
        Lock { workflows: self.workflows.iter().map(|(workflow, _)| workflow.clone()).collect() }
    }
}

fn workflow(registration: &Registration) -> Result<(LockedWorkflow, &'static Description), LockError> {
    let description = (registration.describe)().map_err(LockError::Undescribed)?;
    let points = registration.points.iter().zip(&description.points).map(|(point, schema)| LockedPoint {
        name: point.name.to_owned(),
        next: point.next.iter().map(|next| (*next).to_owned()).collect(),
        saves: Some(Version::new(schema.clone())),
        older: Vec::new(),
        lines: Lines::default(),
    });
    // Versions of one name are workflows of their own: their executions never meet.
    let name = match registration.version {
        1 => registration.name.to_owned(),
        version => format!("{} (version {version})", registration.name),
    };
    Ok((LockedWorkflow { name, points: points.collect(), lines: Lines::default() }, description))
}
