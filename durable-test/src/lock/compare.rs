//! Today's program against the file.

use super::{
    file::{Lock, LockedPoint, LockedWorkflow, Version},
    findings::{Finding, Findings, Kind},
    reading::{Reading, reading},
    today::Today,
};
use durable_core::Description;

/// Everything that is different, in the order of the program, then what only the file has.
pub(super) fn compare(lock: &Lock, today: &Today) -> Findings {
    let mut findings = Findings::default();
    for (workflow, description) in &today.workflows {
        match lock.workflow(&workflow.name) {
            Some(locked) => compare_workflow(locked, workflow, description, &mut findings),
            None => findings.list.push(Finding::of_workflow(workflow, Kind::NewWorkflow)),
        }
    }
    for locked in lock.workflows.iter().filter(|locked| today.workflow(&locked.name).is_none()) {
        findings.list.push(Finding::of_workflow(locked, Kind::WorkflowGone { lines: locked.lines }));
    }
    findings
}

fn compare_workflow(
    locked: &LockedWorkflow,
    today: &LockedWorkflow,
    description: &Description,
    findings: &mut Findings,
) {
    let mut say =
        |point: &LockedPoint, kind: Kind| findings.list.push(Finding::of_point(today, &point.name, kind));
    for point in &today.points {
        match locked.point(&point.name) {
            Some(locked) => compare_point(locked, point, description, &mut |kind| say(point, kind)),
            None => say(point, Kind::NewPoint),
        }
    }
    for point in locked.points.iter().filter(|point| today.point(&point.name).is_none()) {
        compare_gone(point, description, &mut |kind| say(point, kind));
    }
}

/// What stands there now is compared with what was recorded last; every version must be readable.
fn compare_point(
    locked: &LockedPoint,
    today: &LockedPoint,
    description: &Description,
    say: &mut dyn FnMut(Kind),
) {
    let Some(now) = &today.saves else { return };
    if locked.saves.is_none() {
        say(Kind::NotRecorded);
    }
    let versions = locked.saves.iter().map(|version| (false, version));
    let versions = versions.chain(locked.older.iter().map(|version| (true, version)));
    for (is_older, Version { schema, lines }) in versions {
        if schema.fingerprint() == now.schema.fingerprint() {
            continue;
        }
        let (lines, differences) = (*lines, || schema.differences(&now.schema));
        match reading(description, schema) {
            Reading::Yes { .. } | Reading::Migrated if is_older => {}
            Reading::Migrated => say(Kind::Migrated { differences: differences() }),
            Reading::Yes { added } => say(Kind::Reads { added, differences: differences() }),
            Reading::OtherOperation { was, is } => say(Kind::Operation { was, is, is_older, lines }),
            // It is here: whatever it is called.
            Reading::Gone => say(Kind::PointGone { point: schema.name.clone(), lines, why: None }),
            Reading::No(why) => {
                let point = schema.name.clone();
                say(Kind::NeedsMigration { point, is_older, lines, why, differences: differences() });
            }
        }
    }
    // The order says nothing: it is that of the source.
    let sorted = |next: &[String]| {
        let mut next = next.to_vec();
        next.sort();
        next
    };
    if sorted(&locked.next) != sorted(&today.next) {
        say(Kind::Next { was: locked.next.clone(), is: today.next.clone() });
    }
}

/// An await point that the program does not have any more under this name.
fn compare_gone(locked: &LockedPoint, description: &Description, say: &mut dyn FnMut(Kind)) {
    let mut lost = locked.versions().filter_map(|version| match reading(description, &version.schema) {
        Reading::Yes { .. } | Reading::Migrated => None,
        Reading::Gone => Some(None),
        Reading::OtherOperation { was, is } => {
            Some(Some(format!("`{was}` was called there, now it is `{is}`")))
        }
        Reading::No(why) => Some(Some(why)),
    });
    if let Some(why) = lost.next() {
        say(Kind::PointGone { point: locked.name.clone(), lines: locked.lines, why });
    } else if locked.saves.is_some() {
        let now =
            description.point_once_called(&locked.name).map(|point| description.points[point].name.clone());
        say(Kind::Taken { now });
    }
}
