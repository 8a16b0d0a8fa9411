//! Other code under a running execution: refused with the reason, never a silent wrong resume.

use crate::{
    driver::{Crash, block_on, drive, resources, resume},
    single::{Bench, Picky, childless, evolving, moved, parent, renamed, unsavable, widened},
};
use durable_core::{Arrived, Moved, Resources, RunError, Workflow, describe};

fn bench() -> Resources {
    resources(|resources| resources.insert(Bench::new(|name| panic!("`{name}` ran"))))
}

/// A blob that `evolving` left at its await point, before the operation ran.
fn blob() -> Vec<u8> {
    let quiet = resources(|resources| resources.insert(Bench::new(|_| {})));
    drive(&quiet, evolving::input(7), Crash::Never).blobs.remove(0)
}

fn refused<W: Workflow<Output: std::fmt::Debug>>() -> String {
    let bench = bench();
    let mut run = resume::<W>(&bench, &blob(), Arrived::Nothing);
    let error = block_on(run.next()).unwrap_err();
    assert_eq!(run.blob().unwrap(), blob(), "nothing is lost");
    match error {
        RunError::SetAside(reason) => reason,
        other => panic!("{other}"),
    }
}

#[test]
fn another_type_of_a_saved_field_is_set_aside() {
    let reason = refused::<widened>();
    assert!(
        reason.starts_with("await point `Record` of workflow `evolving` saves other fields or types"),
        "{reason}"
    );
}

#[test]
fn another_name_of_a_saved_field_is_set_aside() {
    let reason = refused::<renamed>();
    assert!(
        reason.starts_with("await point `Record` of workflow `evolving` saves other fields or types"),
        "{reason}"
    );
}

#[test]
fn an_await_point_that_is_gone_is_set_aside_by_name() {
    assert_eq!(
        refused::<moved>(),
        "workflow `evolving` has no await point `Record` in this build: it goes on in a build that has it"
    );
}

#[test]
fn a_plain_future_where_a_child_was_running_is_set_aside_before_it_runs() {
    let quiet = resources(|resources| resources.insert(Bench::new(|_| {})));
    let blobs = drive(&quiet, parent::input(7), Crash::Never).blobs;
    let bench = bench();
    // Once the child has committed; before that there is nothing to lose.
    let mut run = resume::<childless>(&bench, &blobs[1], Arrived::Nothing);
    let error = block_on(run.next()).unwrap_err();
    let RunError::SetAside(reason) = &error else { panic!("{error}") };
    assert_eq!(
        reason,
        "await point `Evolving` of workflow `parent` has a child open, but awaits no child in this build"
    );
    assert_eq!(run.blob().unwrap(), blobs[1], "nothing is lost");
    let mut run = resume::<childless>(&quiet, &blobs[0], Arrived::Nothing);
    assert!(matches!(block_on(run.next()), Ok(Moved::Finished(7))), "the child had not begun");
}

#[test]
fn fingerprints_change_with_fields_and_points_and_nothing_else() {
    let first = describe::<evolving>().unwrap();
    let fingerprints =
        [describe::<widened>().unwrap(), describe::<renamed>().unwrap(), describe::<moved>().unwrap()];
    for other in fingerprints {
        assert_ne!(other.fingerprint, first.fingerprint);
    }
    assert!(std::ptr::eq(first, describe::<evolving>().unwrap()), "traced once");
}

#[test]
fn a_value_that_cannot_be_saved_is_set_aside_by_field_before_the_operation_runs() {
    let driven = drive(&bench(), unsavable::input(Picky(12)), Crash::Never);
    let Err(RunError::SetAside(reason)) = driven.output else { panic!("{:?}", driven.output) };
    assert!(reason.starts_with("await point `Record`: the value of `n` cannot be saved"), "{reason}");
}

#[test]
fn an_input_that_cannot_be_saved_is_refused_by_parameter() {
    let error = unsavable::input(Picky(13)).into_bytes().unwrap_err();
    assert!(error.to_string().contains("parameter `n` of workflow `unsavable`"), "{error}");
}
