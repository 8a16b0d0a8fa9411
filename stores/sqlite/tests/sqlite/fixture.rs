//! A file with a registered workflow, and short words for what the tests do with it.

use durable_core::{
    Fingerprint, PointSchema,
    store::{
        ClaimRequest, Claimed, Commit, CommitError, Committed, ExecutionId, FrameWrite, Next, Outcome,
        Registered, Registration, StartRequest, Started, Status, Store, WorkerId,
    },
};
use durable_sqlite::SqliteStore;
use std::path::PathBuf;
use tempfile::TempDir;

/// A folder that goes with the test, and the name of a file in it.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) file: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        Self { file: folder.path().join("store.db"), folder }
    }

    pub(crate) async fn open(&self) -> Opened {
        Opened::of(SqliteStore::open(&self.file).await.unwrap()).await
    }
}

/// An open store with a workflow.
pub(crate) struct Opened {
    pub(crate) store: SqliteStore,
    pub(crate) registered: Registered,
}

impl Opened {
    pub(crate) async fn of(store: SqliteStore) -> Self {
        let registration = Registration {
            workflow: "order".into(),
            version: 1,
            fingerprint: Fingerprint([1; 16]),
            points: vec![PointSchema { name: "Start".into(), operation: String::new(), fields: vec![] }],
        };
        let registered = store.register(registration).await.unwrap();
        Self { store, registered }
    }

    pub(crate) fn request(&self, name: &str, claim_for: Option<WorkerId>) -> StartRequest {
        StartRequest {
            id: id(name),
            queue: self.registered.queue,
            schema: self.registered.schemas[0],
            instance: [7; 16],
            priority: 0,
            snapshot: b"input".as_slice().into(),
            large: Vec::new(),
            claim_for,
        }
    }

    pub(crate) async fn start(&self, name: &str) {
        let started = self.store.start(self.request(name, None)).await.unwrap();
        assert!(matches!(started, Started::New(None)), "{started:?}");
    }

    pub(crate) async fn start_claimed(&self, name: &str, worker: WorkerId) -> Claimed {
        match self.store.start(self.request(name, Some(worker))).await.unwrap() {
            Started::New(Some(claimed)) => *claimed,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn claim(&self, worker: WorkerId, limit: u32) -> Vec<Claimed> {
        let request = ClaimRequest {
            worker,
            queues: vec![self.registered.queue],
            unreadable: vec![],
            limit,
            fragile: 0,
            alone: false,
        };
        self.store.claim(request).await.unwrap().claimed
    }

    /// A commit at an await point whose operation runs.
    pub(crate) fn run(&self, claimed: &Claimed, epoch: u64, snapshot: &[u8]) -> Commit {
        Commit {
            row: claimed.row,
            epoch,
            fence: claimed.fence,
            root: Some(FrameWrite {
                frame: 0,
                parent: None,
                visit: epoch + 1,
                failed: 0,
                snapshot: Some((self.registered.schemas[0], snapshot.into())),
                due: None,
                event: None,
            }),
            frames: vec![],
            closed: vec![],
            next_frame: None,
            consumed: vec![],
            queue: None,
            keep: 0,
            large: Vec::new(),
            sweep: false,
            next: Next::Run,
        }
    }

    pub(crate) fn finish(&self, claimed: &Claimed, epoch: u64) -> Commit {
        let outcome = Outcome { status: Status::Succeeded, output: Some(b"done".to_vec()), error: None };
        Commit { root: None, next: Next::Finish(outcome), ..self.run(claimed, epoch, b"") }
    }

    pub(crate) async fn commit(&self, commit: Commit) -> Result<Committed, CommitError> {
        self.store.commit(vec![commit]).await.remove(0)
    }

    pub(crate) async fn epoch(&self, name: &str) -> u64 {
        self.store.execution(&id(name)).await.unwrap().unwrap().epoch
    }
}

pub(crate) fn id(name: &str) -> ExecutionId {
    ExecutionId::new(name).unwrap()
}
