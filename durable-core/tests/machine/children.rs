//! Children: their frames open, close and come back with the blob.

use crate::{
    countdown::launch,
    driver::{Crash, INSTANCE, block_on, drive, resources, resume, start},
    ledger::Ledger,
    shop::Shop,
};
use durable_core::{Arrived, Moved, Resources, idempotency_key, snapshot};
use std::collections::BTreeSet;

fn shop(ledger: &Ledger) -> Resources {
    resources(|resources| resources.insert(Shop::new(ledger.recorder())))
}

/// (frame, parent, workflow, await point, visit) of each frame in a blob.
fn frames(mut blob: &[u8]) -> Vec<(u64, Option<u64>, String, String, u64)> {
    let mut frames = Vec::new();
    while !blob.is_empty() {
        let snapshot::Decoded { header, rest, .. } = snapshot::decode(blob, &Default::default()).unwrap();
        frames.push((header.frame, header.parent, header.workflow, header.point, header.visit));
        blob = rest;
    }
    frames
}

fn frame(
    number: u64,
    parent: Option<u64>,
    workflow: &str,
    point: &str,
    visit: u64,
) -> (u64, Option<u64>, String, String, u64) {
    (number, parent, workflow.into(), point.into(), visit)
}

#[test]
fn a_child_opens_its_frame_with_its_first_commit_and_closes_it_with_its_parents_next() {
    let blobs = drive(&shop(&Ledger::default()), launch::input(1), Crash::Never).blobs;
    let root = |point: &str, visit| frame(0, None, "launch", point, visit);
    // A frame's number is the epoch that opened it: no other frame of the execution ever has it.
    let first = |point: &str, visit| frame(2, Some(0), "countdown", point, visit);
    let second = frame(4, Some(2), "countdown", "Tick", 1);
    let third = frame(6, Some(0), "countdown", "Tick", 1);
    let expected = [
        vec![root("Countdown", 1)],
        vec![root("Countdown", 1), first("Tick", 1)],
        vec![root("Countdown", 1), first("Countdown", 2)],
        vec![root("Countdown", 1), first("Countdown", 2), second],
        vec![root("Hold", 2)], // F4: both children go with the parent's commit.
        vec![root("Hold", 2), third],
        vec![root("LiftOff", 3)],
    ];
    assert_eq!(blobs.iter().map(|blob| frames(blob)).collect::<Vec<_>>(), expected);
}

#[test]
fn a_child_goes_on_in_the_middle_and_nothing_before_it_runs_again() {
    let ledger = Ledger::default();
    let shop = shop(&ledger);
    let mut run = start(&shop, launch::input(3));
    // Countdown, Tick 3, Countdown, Tick 2: the fourth blob stands two frames deep.
    let mut blob = Vec::new();
    for _ in 0..4 {
        let Moved::Saved(saved) = block_on(run.next()).unwrap() else { panic!("it does not park") };
        blob = saved;
    }
    drop(run);
    assert_eq!(ledger.names(), ["tick 3"]);
    let mut run = resume::<launch>(&shop, &blob, Arrived::Nothing);
    let output = loop {
        if let Moved::Finished(output) = block_on(run.next()).unwrap() {
            break output;
        }
    };
    assert_eq!(output, "counted 3 from 3");
    assert_eq!(ledger.names(), ["tick 3", "tick 2", "tick 1", "tick 0", "tick 0", "lift off after 3"]);
}

#[test]
fn keys_of_a_child_are_of_its_frame_and_visit() {
    let ledger = Ledger::default();
    drive(&shop(&ledger), launch::input(1), Crash::Never).output.unwrap();
    let key = |frame, visit| idempotency_key(&INSTANCE, 0, frame, u64::MAX, visit).to_string();
    assert_eq!(keys(&ledger), [key(2, 1), key(4, 1), key(6, 1), key(0, 3)], "F3");
}

#[test]
fn a_later_child_never_gets_the_keys_of_one_that_ended_before_a_crash() {
    let commits = drive(&shop(&Ledger::default()), launch::input(0), Crash::Never).blobs.len();
    for commit in 1..=commits {
        let ledger = Ledger::default();
        drive(&shop(&ledger), launch::input(0), Crash::After(commit)).output.unwrap();
        let unique: BTreeSet<_> = keys(&ledger).into_iter().collect();
        assert_eq!(
            unique.len(),
            3,
            "F1: both children tick under keys of their own; crash after commit {commit}"
        );
    }
}

fn keys(ledger: &Ledger) -> Vec<String> {
    ledger.effects().into_iter().map(|effect| effect.key).collect()
}

#[test]
fn deep_recursion_keeps_a_frame_for_each_level_and_closes_them_all() {
    let blobs = drive(&shop(&Ledger::default()), launch::input(60), Crash::Never).blobs;
    let deepest = blobs.iter().map(|blob| frames(blob).len()).max().unwrap();
    assert_eq!(deepest, 62);
    assert_eq!(frames(blobs.last().unwrap()).len(), 1);
}
