//! What a lock file says.

use durable_core::PointSchema;

/// A lock file, or a program as a lock file would say it.
#[derive(Clone, Debug, Default)]
pub struct Lock {
    pub(super) workflows: Vec<LockedWorkflow>,
}

/// A workflow.
#[derive(Clone, Debug)]
pub(super) struct LockedWorkflow {
    pub(super) name: String,
    pub(super) points: Vec<LockedPoint>,
    pub(super) lines: Lines,
}

/// An await point.
#[derive(Clone, Debug)]
pub(super) struct LockedPoint {
    pub(super) name: String,
    /// What may come next: await points and ends.
    pub(super) next: Vec<String>,
    /// What it saves. `None` if the program did not have it any more when it was recorded.
    pub(super) saves: Option<Version>,
    /// What it saved before, and may still be stored; the newest first.
    pub(super) older: Vec<Version>,
    pub(super) lines: Lines,
}

/// What an await point saves, or saved.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) schema: PointSchema,
    pub(super) lines: Lines,
}

/// The first and the last line of a part of the file, from 1.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lines {
    pub(super) first: usize,
    pub(super) last: usize,
}

impl Lock {
    pub(super) fn workflow(&self, name: &str) -> Option<&LockedWorkflow> {
        self.workflows.iter().find(|workflow| workflow.name == name)
    }
}

impl LockedWorkflow {
    pub(super) fn point(&self, name: &str) -> Option<&LockedPoint> {
        self.points.iter().find(|point| point.name == name)
    }
}

impl LockedPoint {
    /// What is called there; empty for the start. Older versions may have called something else.
    pub(super) fn calls(&self) -> &str {
        self.versions().next().map_or("", |version| &version.schema.operation)
    }

    /// Everything that executions may have saved there, the newest first.
    pub(super) fn versions(&self) -> impl Iterator<Item = &Version> {
        self.saves.iter().chain(&self.older)
    }
}

impl Version {
    pub(super) fn new(schema: PointSchema) -> Self {
        Self { schema, lines: Lines::default() }
    }
}

impl std::fmt::Display for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.first == self.last {
            true => write!(f, "line {}", self.first),
            false => write!(f, "lines {}-{}", self.first, self.last),
        }
    }
}
