//! A database file of its own for each test, what its owner does to it behind the library's back, and words for waiting.

use crate::bad_input::flows::{Depot, Seal, note, pack};
use durable::{
    Client, Handle, SqliteStore, Status, Worker, WorkerBuilder, Workflow,
    store::{ExecutionRecord, Store},
};
use rusqlite::Connection;
use std::{
    fmt::Display,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempDir;

/// Longer than anything takes on a busy machine: a test that waits in vain fails instead of hanging.
const LONG: Duration = Duration::from_secs(30);

/// A folder that goes with the test, and the name of a database in it.
pub(crate) struct Place {
    folder: TempDir,
    pub(crate) file: PathBuf,
    pub(crate) depot: Depot,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        Self { file: folder.path().join("depot.db"), folder, depot: Depot::default() }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) async fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.file).await.unwrap()
    }

    /// A worker of `pack` and `note` that is not started yet.
    pub(crate) fn builder<S: Store + Clone>(&self, store: &S) -> WorkerBuilder {
        Worker::builder(store).resource(self.depot.clone()).register::<pack>().register::<note>()
    }

    /// What the owner of the file does to it with other tools.
    pub(crate) fn sql(&self, statement: &str, parameters: impl rusqlite::Params) {
        let changed = self.connection().execute(statement, parameters).unwrap();
        assert!(changed > 0, "nothing was changed by: {statement}");
    }

    pub(crate) fn blob(&self, query: &str, id: &str) -> Vec<u8> {
        self.connection().query_row(query, [id], |row| row.get(0)).unwrap()
    }

    pub(crate) fn text(&self, query: &str, id: &str) -> Option<String> {
        self.connection().query_row(query, [id], |row| row.get(0)).unwrap()
    }

    pub(crate) fn number(&self, query: &str) -> i64 {
        self.connection().query_row(query, [], |row| row.get(0)).unwrap()
    }

    /// Redrives one that failed or was set aside, as X4 has it: due again, from its last await point.
    pub(crate) fn redrive(&self, id: &str) {
        self.sql("UPDATE execution SET status = 0, wake = 0 WHERE id = ?1 AND status IN (5, 7)", [id]);
        self.sql(
            "UPDATE position SET finished = NULL WHERE row = (SELECT row FROM execution WHERE id = ?1)",
            [id],
        );
    }

    /// Executions of `pack` that all wait for their seal, in a file that nobody has open any more.
    pub(crate) async fn parked(ids: &[&str]) -> Self {
        let place = Self::new();
        let store = place.open().await;
        let worker = place.builder(&store).start().await.unwrap();
        let client = Client::new(&store);
        for id in ids {
            let handle = client.start(*id, pack::input(format!("parcel of {id}"))).await.unwrap();
            until(&handle, Status::Parked).await;
        }
        worker.shutdown().await.unwrap();
        drop((client, store));
        place.closed().await;
        place
    }

    /// Ends when nobody has the file open: only then can it leave write-ahead logging, and is all of it in one file.
    async fn closed(&self) {
        within(async {
            let connection = Connection::open(&self.file).unwrap();
            while connection.pragma_update(None, "journal_mode", "DELETE").is_err() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
        .await;
    }

    /// Seals the parcel and waits until it is shipped.
    pub(crate) async fn ships(&self, client: &Client, id: &str) {
        let handle = client.handle::<pack>(id).unwrap();
        handle.send("seal", &Seal { by: "ada".into() }).await.unwrap();
        assert_eq!(within(handle.result()).await.unwrap(), shipped(id));
        assert_eq!(self.depot.count(&shipped(id)), 1);
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        fs::read(&self.file).unwrap()
    }

    fn connection(&self) -> Connection {
        let connection = Connection::open(&self.file).unwrap();
        connection.busy_timeout(LONG).unwrap();
        connection
    }
}

/// What `pack` returns.
pub(crate) fn shipped(id: &str) -> String {
    format!("<parcel of {id}> sealed by ada")
}

/// Ends when it stands so.
pub(crate) async fn until<W: Workflow>(handle: &Handle<W>, status: Status) -> ExecutionRecord {
    within(async {
        loop {
            let record = handle.record().await.unwrap();
            if record.status == status {
                return record;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await
}

pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, future).await.expect("it happens in time")
}

/// A message must name all of this.
pub(crate) fn names(error: &impl Display, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "`{word}` is missing in: {text}");
    }
}
