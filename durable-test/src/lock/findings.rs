//! What the comparison found, in words.

use super::file::{Lines, LockedWorkflow};
use std::{cmp::Reverse, fmt};

/// What is different between a program and its lock file.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    pub(super) list: Vec<Finding>,
}

/// One of them.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    workflow: String,
    /// `None` if it is about the whole workflow.
    point: Option<String>,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    NewWorkflow,
    NewPoint,
    /// The file knows the await point, and not what it saves now.
    NotRecorded,
    /// It saves something else, and what it saved before is read.
    Reads {
        added: Vec<String>,
        differences: Vec<String>,
    },
    /// It saves something else, and a migration takes what it saved before.
    Migrated {
        differences: Vec<String>,
    },
    /// It is gone, and what it saved goes on elsewhere: under another name, or through a migration.
    Taken {
        now: Option<String>,
    },
    /// Something else may come next.
    Next {
        was: Vec<String>,
        is: Vec<String>,
    },
    /// It does something else under the same name.
    Operation {
        was: String,
        is: String,
        is_older: bool,
        lines: Lines,
    },
    /// What was saved cannot be read.
    NeedsMigration {
        point: String,
        is_older: bool,
        lines: Lines,
        why: String,
        differences: Vec<String>,
    },
    PointGone {
        point: String,
        lines: Lines,
        why: Option<String>,
    },
    WorkflowGone {
        lines: Lines,
    },
}

/// What may be done about a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// Nobody is harmed.
    Safe,
    /// A person says whether it is meant.
    Decide,
    /// Running executions would be harmed.
    Refused,
}

impl Findings {
    /// Nothing is different.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Something would strand or misread running executions: it cannot be recorded.
    pub fn is_refused(&self) -> bool {
        self.list.iter().any(|finding| finding.kind.verdict() == Verdict::Refused)
    }
}

impl Finding {
    pub(super) fn of_workflow(workflow: &LockedWorkflow, kind: Kind) -> Self {
        Self { workflow: workflow.name.clone(), point: None, kind }
    }

    pub(super) fn of_point(workflow: &LockedWorkflow, point: &str, kind: Kind) -> Self {
        Self { workflow: workflow.name.clone(), point: Some(point.to_owned()), kind }
    }
}

impl Kind {
    pub(super) fn verdict(&self) -> Verdict {
        match self {
            Kind::NewWorkflow
            | Kind::NewPoint
            | Kind::NotRecorded
            | Kind::Reads { .. }
            | Kind::Migrated { .. }
            | Kind::Taken { .. } => Verdict::Safe,
            Kind::Next { .. } => Verdict::Decide,
            Kind::Operation { .. }
            | Kind::NeedsMigration { .. }
            | Kind::PointGone { .. }
            | Kind::WorkflowGone { .. } => Verdict::Refused,
        }
    }

    /// On a line of its own, behind the place.
    fn title(&self) -> &'static str {
        match self {
            Kind::NewWorkflow => "a new workflow",
            Kind::NewPoint => "a new await point",
            Kind::NotRecorded => "what it saves is not in the file",
            Kind::Reads { added, .. } if added.is_empty() => "saves something else, safely",
            Kind::Reads { .. } => "saves something else, safe because of defaults",
            Kind::Migrated { .. } => "saves something else, and a migration takes what it saved before",
            Kind::Taken { now: Some(_) } => "has another name",
            Kind::Taken { now: None } => "is gone, and a migration takes its executions",
            Kind::Next { .. } => "something else may come next",
            Kind::Operation { is_older: false, .. } => "ANOTHER OPERATION under the same name",
            Kind::Operation { is_older: true, .. } => "ANOTHER OPERATION than in an older version",
            Kind::NeedsMigration { is_older: false, .. } => "NEEDS A MIGRATION",
            Kind::NeedsMigration { is_older: true, .. } => "NEEDS A MIGRATION from an older version",
            Kind::PointGone { .. } | Kind::WorkflowGone { .. } => "IS GONE",
        }
    }

    /// What it was and what it is.
    fn facts(&self) -> Vec<String> {
        match self {
            Kind::Reads { added, differences } => with_defaults(differences, added),
            Kind::Next { was, is } => vec![format!("was {}", listed(was)), format!("is {}", listed(is))],
            Kind::Operation { was, is, .. } => {
                vec![format!("called `{was}` when it was saved"), format!("calls `{is}` now")]
            }
            Kind::Migrated { differences } => differences.clone(),
            Kind::Taken { now: Some(now) } => vec![format!("is called `{now}` now")],
            Kind::PointGone { why: Some(why), .. } => vec![why.clone()],
            Kind::NeedsMigration { why, differences, .. } => {
                differences.iter().chain([why]).cloned().collect()
            }
            _ => Vec::new(),
        }
    }

    /// What of the file may go, if no execution needs it any more.
    fn lines(&self) -> Option<Lines> {
        match self {
            Kind::Operation { lines, .. }
            | Kind::NeedsMigration { lines, .. }
            | Kind::PointGone { lines, .. }
            | Kind::WorkflowGone { lines } => Some(*lines),
            _ => None,
        }
    }

    /// What it means and what to do, up to the lines that may go.
    fn advice(&self) -> String {
        match self {
            Kind::NewWorkflow | Kind::NewPoint => String::new(),
            Kind::NotRecorded => "Nothing that the file knows of is harmed.".into(),
            Kind::Reads { .. } => {
                "Executions that stand there go on: what they saved is read by today's types.".into()
            }
            Kind::Migrated { .. } => {
                "Executions that stand there go on from what the migration makes of it.".into()
            }
            Kind::Taken { .. } => "Executions that stand there go on.".into(),
            Kind::Next { .. } => {
                "Executions that stand there take the new way from there on. If that is not meant, \
                 restore the old one."
                    .into()
            }
            Kind::Operation { was, .. } => format!(
                "Executions that stand there began the one and would go on with the other, so they are left alone. Give \
                 the new operation an await point of its own, `#[at(OtherName)]`, and keep the old one while they last. If \
                 it is the same operation under another name, let it be called `{was}` here, or say so with a migration. If \
                 no execution stands there any more, remove"
            ),
            Kind::NeedsMigration { point, .. } => format!(
                "Executions that stand there could not go on. Let today's types read both forms, with \
                 `#[serde(default)]` on a field that is new and `#[serde(alias = \"..\")]` on one that has another name; or \
                 write a migration, `#[workflow(migrate({point} = from_old))]`. If no execution that saved this is left, \
                 remove"
            ),
            Kind::PointGone { point, .. } => format!(
                "Executions that stand there would be stranded. If it has another name now, say so: `#[at(New, was = \
                 \"{point}\")]`. Else restore it, or write a migration to a state that is left, \
                 `#[workflow(migrate({point} = from_old))]`. If no execution stands there any more, remove"
            ),
            Kind::WorkflowGone { .. } => {
                "Nobody would go on with its executions. Restore it, under this stored name, \
                 and name its type in the test. If it has no executions any more, remove"
                    .into()
            }
        }
    }
}

/// What is new and not saved: serde fills it in, or finds it under another name.
fn with_defaults(differences: &[String], added: &[String]) -> Vec<String> {
    const HOW: &str = "gets its default, or is found under an alias";
    let is_of = |difference: &str, path: &str| difference.starts_with(&format!("`{path}` is new: "));
    let mentioned =
        differences.iter().map(|difference| match added.iter().any(|path| is_of(difference, path)) {
            true => format!("{difference}; it {HOW}"),
            false => difference.clone(),
        });
    let others = added.iter().filter(|path| !differences.iter().any(|difference| is_of(difference, path)));
    mentioned.chain(others.map(|path| format!("`{path}` {HOW}"))).collect()
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// All of them: what is refused first, then what is to be decided, then what is safe. What is true of several await points of a
/// workflow, because they save one type, is said once.
impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sorted: Vec<&Finding> = self.list.iter().collect();
        sorted.sort_by_key(|finding| Reverse(finding.kind.verdict()));
        let mut groups: Vec<Vec<&Finding>> = Vec::new();
        for finding in sorted {
            match groups.iter_mut().find(|group| group[0].says_the_same(finding)) {
                Some(group) => group.push(finding),
                None => groups.push(vec![finding]),
            }
        }
        for (number, group) in groups.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            write_group(group, f)?;
        }
        Ok(())
    }
}

impl Finding {
    fn says_the_same(&self, other: &Finding) -> bool {
        self.workflow == other.workflow
            && self.kind.title() == other.kind.title()
            && self.kind.facts() == other.kind.facts()
    }
}

fn write_group(group: &[&Finding], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Finding { workflow, kind, .. } = group[0];
    let points: Vec<&str> = group.iter().filter_map(|finding| finding.point.as_deref()).collect();
    match points.is_empty() {
        true => writeln!(f, "{workflow}: {}", kind.title())?,
        false => writeln!(f, "{workflow}, {}: {}", enumerated(&points), kind.title())?,
    }
    kind.facts().iter().try_for_each(|fact| writeln!(f, "  - {fact}"))?;
    let lines: Vec<String> =
        group.iter().filter_map(|finding| finding.kind.lines()).map(|lines| lines.to_string()).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let advice = match lines.is_empty() {
        true => kind.advice(),
        false => format!("{} {}.", kind.advice(), enumerated(&lines)),
    };
    wrapped(&advice).iter().try_for_each(|line| writeln!(f, "  {line}"))
}

/// `a, b and c`
fn enumerated(parts: &[&str]) -> String {
    match parts {
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        parts => parts.concat(),
    }
}

/// Lines of a width that reads well.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.extend([" ", word])
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

const WIDTH: usize = 100;
