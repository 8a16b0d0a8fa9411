//! What was really saved, beside the file; and versions side by side in it.

#![allow(dead_code, reason = "most of the workflows are compared, not run")]

use super::{Asked, Checked, LockError, check, recorded_state, today::Today};
use durable_core::{ExecutionId, Moved, Run, State as _, Workflows, snapshot};
use durable_macros::workflow;
use std::{fs, path::Path};

mod first {
    use super::*;

    #[workflow]
    pub(super) async fn place_order(id: u64) -> u64 {
        let dollars: f64 = 12.5;
        let sent: u64 = send(id).await;
        sent + dollars as u64
    }
}

/// Today's program saves cents, and knows what the first one saved.
mod second {
    use super::*;

    #[derive(serde::Deserialize)]
    pub(super) struct Dollars {
        id: u64,
        dollars: f64,
    }

    fn from_dollars(old: Dollars) -> Result<PlaceOrderState, String> {
        match old.dollars > 0.0 {
            true => Ok(PlaceOrderState::Send { id: old.id, cents: (old.dollars * 100.0) as u64 }),
            false => Err("an order of nothing".into()),
        }
    }

    #[workflow(migrate(Send = from_dollars))]
    pub(super) async fn place_order(id: u64) -> u64 {
        let cents: u64 = 1250;
        let sent: u64 = send(id).await;
        sent + cents
    }
}

/// The same without the migration.
mod forgetful {
    use super::*;

    #[workflow]
    pub(super) async fn place_order(id: u64) -> u64 {
        let cents: u64 = 1250;
        let sent: u64 = send(id).await;
        sent + cents
    }
}

/// The first body kept beside another.
mod both {
    use super::*;

    #[workflow(version = 2)]
    pub(super) async fn place_order(name: String) -> usize {
        send(1).await;
        name.len()
    }

    #[workflow(name = "place_order", version = 1)]
    pub(super) async fn place_order_v1(id: u64) -> u64 {
        let dollars: f64 = 12.5;
        let sent: u64 = send(id).await;
        sent + dollars as u64
    }
}

async fn send(id: u64) -> u64 {
    id
}

/// What the first program saves before it sends.
async fn blob() -> Vec<u8> {
    let id = ExecutionId::new("one").unwrap();
    let mut run = Run::<first::place_order>::start(id, [1; 16], (), first::place_order::input(7)).unwrap();
    match run.next().await.unwrap() {
        Moved::Saved(blob) => blob,
        other => panic!("{other:?}"),
    }
}

fn today<W: Workflows>() -> Today {
    Today::of::<W>().unwrap()
}

/// A lock file of this program with these blobs beside it, and what the check says.
fn checked<W: Workflows>(blobs: &[(&str, &[u8])]) -> Result<Checked, LockError> {
    let folder = tempfile::tempdir().unwrap();
    let lock = folder.path().join("workflows.lock");
    fs::write(&lock, today::<W>().to_lock().to_text()).unwrap();
    fs::create_dir(lock.with_extension("blobs")).unwrap();
    for (name, blob) in blobs {
        fs::write(folder.path().join("workflows.blobs").join(name), blob).unwrap();
    }
    check(&lock, &today::<W>(), &Asked { update: false, is_ci: false })
}

fn lost<W: Workflows>(blobs: &[(&str, &[u8])]) -> String {
    checked::<W>(blobs).expect_err("a blob is lost").to_string()
}

#[tokio::test]
async fn blobs_beside_the_file_must_be_gone_on_from() {
    let blob = blob().await;
    let named: &[(&str, &[u8])] = &[("charge.blob", &blob), ("notes.txt", b"no blob")];
    checked::<first::place_order>(named).unwrap();
    checked::<second::place_order>(named).unwrap();
    let error = lost::<forgetful::place_order>(named);
    assert!(error.contains("charge.blob: `cents` is needed at await point `Send`"), "{error}");
}

#[tokio::test]
async fn blobs_that_say_too_little_or_are_damaged_are_named() {
    let blob = blob().await;
    let decoded = snapshot::decode(&blob, &snapshot::Limits::default()).unwrap();
    let bare = snapshot::encode(&decoded.header, None, decoded.payload).unwrap();
    let error = lost::<first::place_order>(&[
        ("bare.blob", &bare),
        ("cut.blob", &blob[..blob.len() - 1]),
        ("empty.blob", b""),
        ("good.blob", &blob),
    ]);
    assert!(error.contains("bare.blob: it was recorded without its schema"), "{error}");
    assert!(error.contains("cut.blob: the snapshot is cut"), "{error}");
    assert!(error.contains("empty.blob: the snapshot is cut"), "{error}");
    assert!(!error.contains("good.blob"), "{error}");
}

#[tokio::test]
async fn what_a_migration_makes_of_a_recorded_blob_is_looked_at_with_one_call() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dollars.blob");
    fs::write(&path, blob().await).unwrap();
    match recorded_state::<second::place_order>(&path) {
        second::PlaceOrderState::Send { id, cents } => assert_eq!((id, cents), (7, 1250)),
        other => panic!("{}", other.point()),
    }
    let refused = |path: &Path| {
        let caught = std::panic::catch_unwind(|| recorded_state::<forgetful::place_order>(path).point());
        *caught.expect_err("it cannot be read").downcast::<String>().unwrap()
    };
    assert!(refused(&path).contains("dollars.blob: the execution was set aside: `cents` is needed"));
    assert!(refused(&folder.path().join("none.blob")).contains("cannot read"));
}

#[tokio::test]
async fn versions_of_one_name_stand_in_the_file_beside_each_other() {
    type Both = (both::place_order, both::place_order_v1);
    let text = today::<Both>().to_lock().to_text();
    assert!(text.contains("\nworkflow place_order\n"), "{text}");
    assert!(text.contains("\nworkflow place_order (version 2)\n"), "{text}");
    assert_eq!(text.parse::<super::Lock>().unwrap().to_text(), text);
    // The old body is what it was; only the new one is new.
    let lock = today::<first::place_order>().to_lock();
    let findings = super::compare::compare(&lock, &today::<Both>());
    assert!(!findings.is_refused(), "{findings}");
    assert!(!findings.to_string().contains("place_order,"), "{findings}");
    // Without it, what it began is stranded.
    let findings = super::compare::compare(&lock, &today::<both::place_order>());
    assert!(findings.is_refused(), "{findings}");
    // A blob goes on in the version that reads it.
    checked::<Both>(&[("first.blob", &blob().await)]).unwrap();
    assert_eq!(both::place_order_v1::NAME, both::place_order::NAME);
}
