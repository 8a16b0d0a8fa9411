//! A canary: with keys, no value and no error text is found in the database, its log, or anything that was logged. Without keys it is
//! found in each of them, so the search would find it.

use super::{
    flows::{builder, collapse, patient, round, seven, treat},
    log,
};
use crate::bad_input::place::{Place, names, until, within};
use durable::{Client, ClientError, Status};
use durable_runtime::Keys;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Runs one of everything with this in all its values.
async fn run(canary: &str, keys: Option<Keys>) -> (Place, String) {
    let place = Place::new();
    let store = place.open().await;
    // What is compressed would hide it, too.
    let (worker, client) =
        (builder(&place, &store).compress_above(None), Client::new(&store).compress_above(None));
    let (worker, client) = match keys {
        Some(keys) => (worker.encryption(keys.clone()), client.encryption(keys)),
        None => (worker, client),
    };
    log::listen();
    let _worker = worker.start().await.unwrap();
    let doctor = |name: &str| format!("{name} {canary}");

    let well = client.start("well", treat::input(patient(canary))).await.unwrap();
    until(&well, Status::Parked).await;
    well.send("doctor", &doctor("grace")).await.unwrap();
    assert!(within(well.result()).await.unwrap().unwrap().ends_with(canary));

    let refused = client.start("refused", treat::input(patient(canary))).await.unwrap();
    refused.send("doctor", &doctor("nobody")).await.unwrap();
    assert!(within(refused.result()).await.unwrap().unwrap_err().0.contains(canary));
    let history = refused.history().await.unwrap();
    let told = history.iter().filter(|entry| entry.detail.contains(canary)).count();
    assert!(told >= 2, "the failed attempt and the end: {history:?}");
    names(&refused.record().await.unwrap().error.unwrap(), &[canary]);
    let listed = client.list(Default::default()).await.unwrap();
    assert!(listed.iter().any(|record| record.error.as_deref().is_some_and(|error| error.contains(canary))));

    let fallen = client.start("fallen", collapse::input(patient(canary))).await.unwrap();
    let error = within(fallen.result()).await.unwrap_err();
    assert!(matches!(error, ClientError::Failed { .. }), "{error:?}");
    names(&error, &["panicked", canary]);

    // Stay as they are: a child that waits, with an event that nobody takes.
    let waits = client.start("waits", round::input(patient(canary))).await.unwrap();
    until(&waits, Status::Parked).await;
    waits.send("visitor", &doctor("eve")).await.unwrap();

    let large = client.start("large", treat::input(patient(&canary.repeat(20_000)))).await.unwrap();
    until(&large, Status::Parked).await;
    assert!(place.number("SELECT count(*) FROM large") > 0, "it is large enough to stand apart");

    let files = files(place.folder());
    let mut found = String::new();
    for (path, bytes) in &files {
        if contains(bytes, canary) {
            found.push_str(&format!("{} ", path.display()));
        }
    }
    for clear in ["refused", "treat", "doctor", "findings"] {
        assert!(files.iter().any(|(_, bytes)| contains(bytes, clear)), "the name `{clear}` stays as it is");
    }
    if log::heard().contains(canary) {
        found.push_str("logged");
    }
    (place, found)
}

/// All files in a folder and in those within it.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push((path.clone(), fs::read(path).unwrap()));
        }
    }
    files
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_value_and_no_error_text_is_in_the_clear_anywhere() {
    let (_place, found) = run("canary-5e7c1f", Some(seven())).await;
    assert_eq!(found, "");
    let (_place, found) = run("canary-90ab3d", None).await;
    names(&found, &["depot.db-wal", "logged"]);
}
