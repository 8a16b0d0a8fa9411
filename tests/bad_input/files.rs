//! Files that are no store, or not yet, or not any more.

use crate::bad_input::place::{Place, names};
use durable::{
    Client, SqliteStore,
    store::{ExecutionId, Filter, Store, StoreError},
};
use std::{fs, path::Path};

async fn refusal(path: &Path) -> StoreError {
    match SqliteStore::open(path).await {
        Err(error) => {
            names(&error, &[&path.display().to_string()]);
            assert!(!error.is_transient(), "{error}");
            error
        }
        Ok(_) => panic!("{} is no store", path.display()),
    }
}

#[tokio::test]
async fn a_database_that_is_a_directory_is_refused() {
    let place = Place::new();
    let error = refusal(place.folder()).await;
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
    names(&error, &["it is a directory", "give the name of a file"]);
}

#[tokio::test]
async fn a_database_in_a_folder_that_is_not_there_is_refused() {
    let place = Place::new();
    let error = refusal(&place.folder().join("none/depot.db")).await;
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
    names(&error, &["folder", "none` does not exist", "create it"]);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let place = Place::new();
    for content in ["short".to_owned(), "Dear diary, ".repeat(1_000)] {
        fs::write(&place.file, &content).unwrap();
        let error = refusal(&place.file).await;
        assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
        names(&error, &["no SQLite database", "give another name, or restore the file"]);
        assert_eq!(fs::read_to_string(&place.file).unwrap(), content);
    }
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_left_as_it_is() {
    let place = Place::new();
    rusqlite::Connection::open(&place.file).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let before = place.bytes();
    let error = refusal(&place.file).await;
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
    names(&error, &["another program", "a file of its own"]);
    assert_eq!(place.bytes(), before);
}

#[tokio::test]
async fn a_newer_schema_version_is_refused_and_the_version_that_knows_it_goes_on() {
    let place = Place::parked(&["a", "b"]).await;
    let version = place.version();
    place.set_version(99);
    let before = place.bytes();
    let error = refusal(&place.file).await;
    assert!(
        matches!(error, StoreError::NewerVersion { found: 99, newest, .. } if newest == version),
        "{error:?}"
    );
    names(&error, &["version 99", &format!("up to {version}"), "use a newer version"]);
    assert_eq!(place.bytes(), before, "a refused file is not touched");

    place.set_version(version);
    all_goes_on(&place, &["a", "b"]).await;
}

#[tokio::test]
async fn a_truncated_file_is_refused_and_its_backup_goes_on() {
    let place = Place::parked(&["a", "b"]).await;
    let backup = place.bytes();
    for kept in [backup.len() / 2, 4096, 100, 1] {
        fs::write(&place.file, &backup[..kept]).unwrap();
        let Err(error) = use_of(&place).await else {
            panic!("{kept} of {} bytes are no whole store", backup.len())
        };
        assert!(matches!(error, StoreError::Open { .. } | StoreError::Corrupt { .. }), "{kept}: {error:?}");
        names(&error, &[&place.file.display().to_string(), "restore"]);
    }
    for beside in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{beside}", place.file.display()));
    }
    fs::write(&place.file, &backup).unwrap();
    all_goes_on(&place, &["a", "b"]).await;
}

async fn use_of(place: &Place) -> Result<(), StoreError> {
    let store = SqliteStore::open(&place.file).await?;
    store.list(Filter::default()).await?;
    store.history(&ExecutionId::new("a").unwrap()).await?;
    Ok(())
}

async fn all_goes_on(place: &Place, ids: &[&str]) {
    let store = place.open().await;
    let worker = place.builder(&store).start().await.unwrap();
    let client = Client::new(&store);
    for id in ids {
        place.ships(&client, id).await;
        assert_eq!(place.depot.count(&format!("label parcel of {id}")), 1, "nothing ran twice");
    }
    worker.shutdown().await.unwrap();
}

impl Place {
    fn version(&self) -> u32 {
        let connection = rusqlite::Connection::open(&self.file).unwrap();
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
    }

    fn set_version(&self, version: u32) {
        let connection = rusqlite::Connection::open(&self.file).unwrap();
        connection.pragma_update(None, "user_version", version).unwrap();
        let _: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
    }
}
