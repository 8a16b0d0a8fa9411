//! The file after a change was recorded: nothing that may still be running is forgotten.

use super::{
    file::{Lock, LockedPoint, LockedWorkflow, Version},
    today::Today,
};

/// Today's program, and what the file knew before.
pub(super) fn record(lock: &Lock, today: &Today) -> Lock {
    let mut recorded = today.to_lock();
    for workflow in &mut recorded.workflows {
        if let Some(locked) = lock.workflow(&workflow.name) {
            record_workflow(locked, workflow);
        }
    }
    recorded
}

fn record_workflow(locked: &LockedWorkflow, today: &mut LockedWorkflow) {
    for point in &mut today.points {
        let now = point.saves.as_ref().map(|version| version.schema.fingerprint());
        let before = locked.point(&point.name).into_iter().flat_map(LockedPoint::versions);
        point.older = before.filter(|version| Some(version.schema.fingerprint()) != now).cloned().collect();
    }
    // What the program does not have any more stands behind the rest, by name.
    let mut gone: Vec<LockedPoint> =
        locked.points.iter().filter(|point| today.point(&point.name).is_none()).cloned().collect();
    gone.sort_by(|a, b| a.name.cmp(&b.name));
    today.points.extend(gone.into_iter().map(|point| {
        let older: Vec<Version> = point.versions().cloned().collect();
        LockedPoint { saves: None, older, ..point }
    }));
}
