//! Other code under a running execution: refused with the reason, never a silent wrong resume.

use crate::{
    driver::{Crash, block_on, drive, resources, resume, start},
    single::{Bench, Picky, childless, evolving, moved, parent, renamed, unsavable, widened},
};
use durable_core::{
    Arrived, Moved, Resources, Run, RunError, Workflow, describe,
    snapshot::{self, Limits},
};

fn bench() -> Resources {
    resources(|resources| resources.insert(Bench::new(|name| panic!("`{name}` ran"))))
}

/// A run of `evolving` at its await point, before the operation ran.
fn at_record<'r>(resources: &'r Resources) -> Run<'r, evolving> {
    let mut run = start(resources, evolving::input(7));
    assert!(matches!(block_on(run.next()), Ok(Moved::Saved(_))));
    run
}

/// What another build says of a blob.
fn refused<W: Workflow<Output: std::fmt::Debug>>(blob: &[u8]) -> String {
    let bench = bench();
    let mut run = resume::<W>(&bench, blob, Arrived::Nothing);
    let error = block_on(run.next()).unwrap_err();
    let run = if snapshot::decode(blob, &Limits::default()).unwrap().schema.is_none() {
        run.without_schemas()
    } else {
        run
    };
    assert_eq!(run.blob().unwrap(), blob, "nothing is lost");
    match error {
        RunError::SetAside(reason) => reason,
        other => panic!("{other}"),
    }
}

fn quiet() -> Resources {
    resources(|resources| resources.insert(Bench::new(|_| {})))
}

#[test]
fn a_blob_of_another_build_is_read_by_the_schema_in_it() {
    let quiet = quiet();
    let blob = at_record(&quiet).blob().unwrap();
    let mut run = resume::<widened>(&quiet, &blob, Arrived::Nothing);
    let output = loop {
        match block_on(run.next()).unwrap() {
            Moved::Finished(output) => break output,
            Moved::Saved(_) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(output, 7_u64, "saved as a `u32`");
    // And what is in it is read without any build.
    let value = snapshot::decode(&blob, &Limits::default()).unwrap().value().unwrap().unwrap();
    assert_eq!(value.to_string(), "Record { n: 7 }");
}

#[test]
fn what_cannot_be_read_is_set_aside_with_the_reason_and_nothing_is_lost() {
    let quiet = quiet();
    let blob = at_record(&quiet).blob().unwrap();
    let reason = refused::<renamed>(&blob);
    assert!(
        reason.starts_with("`count` is needed at await point `Record` of workflow `evolving` now"),
        "{reason}"
    );
    let reason = refused::<moved>(&blob);
    assert!(reason.starts_with("workflow `evolving` has no await point `Record` any more"), "{reason}");
}

#[test]
fn without_its_schema_only_the_same_shape_goes_on() {
    let quiet = quiet();
    let run = at_record(&quiet);
    let whole = run.blob().unwrap();
    let blob = run.without_schemas().blob().unwrap();
    assert!(blob.len() < whole.len());
    for reason in [refused::<widened>(&blob), refused::<renamed>(&blob)] {
        assert!(
            reason.starts_with("await point `Record` of workflow `evolving` saves other fields or types"),
            "{reason}"
        );
    }
    assert_eq!(
        refused::<moved>(&blob),
        "workflow `evolving` has no await point `Record` in this build: it goes on in a build that has it"
    );
    let mut run = resume::<evolving>(&quiet, &blob, Arrived::Nothing);
    assert!(matches!(block_on(run.next()), Ok(Moved::Finished(7) | Moved::Saved(_))));
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
