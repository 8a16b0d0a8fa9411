//! Attempts of steps: retries, panics, timeouts, interruptions, and the idempotency key they share (F3, A1, A3, A5).

use crate::{
    driver::{Crash, INSTANCE, block_on, drive, id, resources, resume, start},
    hand::place_order,
    ledger::Ledger,
    shop::{Nope, Order, Shop},
    single::{Bench, Taken, interrupted_text, once, outside, panics, slow, untaken},
};
use durable_core::{
    Arrived, Host, Moved, Resources, RunError, Workflow, describe, idempotency_key,
    machine::{Identity, Machine, Progress, Restored, RestoredFrame},
};
use std::{collections::BTreeSet, future::poll_fn, sync::Arc, time::Duration};

fn bench(ledger: &Ledger) -> Resources {
    resources(|resources| resources.insert(Bench::new(ledger.recorder())))
}

#[test]
fn a_failing_step_is_retried_after_its_delays_under_one_key() {
    let ledger = Ledger::default();
    let resources = resources(|resources| resources.insert(Shop::new(ledger.recorder()).failing(2)));
    let mut run = start(&resources, place_order::input(Order::of(&["a"], 10)));
    let mut delays = Vec::new();
    loop {
        match block_on(run.next()).unwrap() {
            Moved::Retry { delay, error, .. } => {
                assert_eq!(error, "Busy", "an error without `Display` is shown with `Debug`");
                delays.push(delay);
            }
            Moved::Parked { .. } => break,
            _ => {}
        }
    }
    assert_eq!(delays, [Duration::from_secs(1), Duration::from_secs(2)]);
    assert_eq!(ledger.names()[..3], ["reserve a", "reserve a", "reserve a"]);
    assert_eq!(ledger.attempts()[..3], [1, 2, 3]);
    let keys: BTreeSet<_> = ledger.effects()[..3].iter().map(|effect| effect.key.clone()).collect();
    assert_eq!(keys.len(), 1, "every attempt of a visit has the same key");
    assert_eq!(keys.first(), Some(&idempotency_key(&INSTANCE, 0, 0, u64::MAX, 1).to_string()), "F3");
}

#[test]
fn the_last_error_is_returned_when_retries_are_spent() {
    let ledger = Ledger::default();
    let resources = resources(|resources| resources.insert(Shop::new(ledger.recorder()).failing(3)));
    let driven = drive(&resources, place_order::input(Order::of(&["a"], 10)), Crash::Never);
    assert_eq!(driven.output.unwrap(), Err(Nope::Busy));
    assert_eq!(ledger.attempts(), [1, 2, 3]);
}

#[test]
fn a_failed_attempt_counts_over_a_crash() {
    let ledger = Ledger::default();
    let resources = resources(|resources| resources.insert(Shop::new(ledger.recorder()).failing(9)));
    let driven = drive(&resources, place_order::input(Order::of(&["a"], 10)), Crash::After(2));
    assert_eq!(driven.output.unwrap(), Err(Nope::Busy));
    assert_eq!(ledger.attempts(), [1, 2, 3], "A1: the blob carries the count");
}

#[test]
fn every_visit_has_a_key_of_its_own() {
    let ledger = Ledger::default();
    let resources = resources(|resources| resources.insert(Shop::new(ledger.recorder())));
    drive(&resources, place_order::input(Order::of(&["a", "a", "a"], 10)), Crash::Never)
        .output
        .unwrap()
        .unwrap();
    let keys: BTreeSet<_> = ledger.effects().into_iter().map(|effect| effect.key).collect();
    assert_eq!(keys.len(), ledger.effects().len(), "rounds of one loop differ");
}

#[test]
fn a_panic_is_an_error_where_the_error_type_takes_it() {
    let ledger = Ledger::default();
    let driven = drive(&bench(&ledger), panics::input(5), Crash::Never);
    assert_eq!(driven.output.unwrap(), Err(Taken("the step panicked: dropped 5".into())));
    assert_eq!(driven.blobs.len(), 2, "the panic was retried once");
    assert_eq!(ledger.attempts(), [1, 2]);
}

#[test]
fn a_panic_fails_the_execution_where_the_error_type_does_not_take_it() {
    let ledger = Ledger::default();
    let driven = drive(&bench(&ledger), untaken::input(5), Crash::Never);
    let Err(RunError::Failed(reason)) = driven.output else { panic!("{:?}", driven.output) };
    assert_eq!(reason, "step `untaken`: the step panicked: dropped 5");
    assert_eq!(ledger.attempts(), [1]);
}

#[test]
fn a_panic_outside_a_step_fails_the_execution_at_its_last_snapshot() {
    let ledger = Ledger::default();
    let driven = drive(&bench(&ledger), outside::input(5), Crash::Never);
    let Err(RunError::Failed(reason)) = driven.output else { panic!("{:?}", driven.output) };
    assert_eq!(reason, "workflow `outside` panicked at or after await point `Record`: tripped over 5");
    assert_eq!(driven.blobs.len(), 1, "V1: the last snapshot stays");
}

#[test]
fn an_interrupted_at_most_once_step_does_not_run_again() {
    let ledger = Ledger::default();
    let driven = drive(&bench(&ledger), once::input(5), Crash::After(1));
    assert_eq!(driven.output.unwrap(), Err(Taken(interrupted_text())));
    assert!(ledger.effects().is_empty(), "A5: the claim that finds the start record runs nothing");
}

#[test]
fn an_at_most_once_step_runs_when_nothing_interrupts_it() {
    let ledger = Ledger::default();
    let driven = drive(&bench(&ledger), once::input(5), Crash::Never);
    assert_eq!(driven.output.unwrap(), Ok(5));
    assert_eq!(ledger.names(), ["once 5"]);
}

#[test]
fn a_panic_leaves_an_at_most_once_step_interrupted() {
    let ledger = Ledger::default();
    let driven = drive(&bench(&ledger), once::input(0), Crash::Never);
    assert_eq!(driven.output.unwrap(), Err(Taken(interrupted_text())));
    assert_eq!(ledger.names(), ["once 0"]);
}

#[test]
fn a_step_slower_than_its_timeout_is_an_error_that_names_the_timeout() {
    struct Impatient;
    impl Host for Impatient {
        fn timer(&self, after: Duration) -> durable_core::BoxFuture<'static, ()> {
            assert_eq!(after, Duration::from_secs(30));
            Box::pin(async {})
        }
    }
    let ledger = Ledger::default();
    let resources = bench(&ledger);
    let description = describe::<slow>().unwrap();
    let root = RestoredFrame {
        writer: None,
        number: 0,
        parent: None,
        visit: 0,
        failed: 0,
        workflow: slow::NAME.into(),
        point: "Start".into(),
        fingerprint: description.point_fingerprints[0],
        snapshot: slow::input(5).into_bytes().unwrap().into(),
        fired: false,
        begun: true,
    };
    let restored = Restored { frames: vec![root], next_frame: 1, crashes: 0, delivery: None };
    let identity = Identity { id: id(), instance: INSTANCE, run: 0 };
    let found = slow::resources(&resources).unwrap();
    let mut machine = Machine::new(identity, Arc::new(Impatient), restored, move |root| {
        Box::pin(root.drive::<slow>(found))
    });
    let mut progress = || block_on(poll_fn(|task| machine.poll(task)));
    let Progress::AwaitPoint(point) = progress() else { panic!("it commits its await point first") };
    machine.committed(point.bytes.into());
    match block_on(poll_fn(|task| machine.poll(task))) {
        Progress::Finished(output) => {
            assert_eq!(output, Err(Taken("the step took longer than its timeout of 30s".into())));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_attempt_after_a_resume_has_the_key_of_the_one_before() {
    let ledger = Ledger::default();
    let resources = resources(|resources| resources.insert(Shop::new(ledger.recorder())));
    let mut run = start(&resources, place_order::input(Order::of(&["a"], 10)));
    let Moved::Saved(blob) = block_on(run.next()).unwrap() else { panic!() };
    // The step runs, and the process dies before its result is committed.
    block_on(run.next()).unwrap();
    drop(run);
    let mut run = resume::<place_order>(&resources, &blob, Arrived::Nothing);
    block_on(run.next()).unwrap();
    let effects = ledger.effects();
    assert_eq!(effects.len(), 2);
    assert_eq!(effects[0].key, effects[1].key);
}
