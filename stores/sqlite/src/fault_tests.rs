//! Unknown outcomes of COMMIT (C4), and a writer that panics.

use crate::{SqliteStore, group::Witness, shared::Fault};
use durable_core::{
    Fingerprint, PointSchema,
    store::{
        BuildId, ClaimRequest, Claimed, Commit, CommitError, EditRequest, ExecutionId, FrameWrite, Next,
        Outcome, Park, Reconsider, Registered, Registration, SendRequest, Sent, StartRequest, Started,
        Status, Store, StoreError, WorkerId,
    },
};
use std::time::Duration;
use tempfile::TempDir;

struct Scene {
    folder: TempDir,
    store: SqliteStore,
    registered: Registered,
    worker: WorkerId,
}

async fn scene() -> Scene {
    let folder = TempDir::new().unwrap();
    let builder = SqliteStore::builder(folder.path().join("store.db"));
    let store = builder.busy_timeout(Duration::from_millis(500)).open().await.unwrap();
    let points = vec![PointSchema { name: "Start".into(), operation: String::new(), fields: vec![] }];
    let registration =
        Registration { workflow: "w".into(), version: 1, fingerprint: Fingerprint([1; 16]), points };
    let registered = store.register(registration).await.unwrap();
    let worker = store.join("w").await.unwrap();
    Scene { folder, store, registered, worker }
}

impl Scene {
    fn request(&self, id: &str, claim: bool) -> StartRequest {
        StartRequest {
            id: ExecutionId::new(id).unwrap(),
            queue: self.registered.queue,
            schema: self.registered.schemas[0],
            instance: [3; 16],
            priority: 0,
            snapshot: b"input".as_slice().into(),
            large: Vec::new(),
            claim_for: claim.then_some(self.worker),
        }
    }

    async fn start(&self, id: &str) -> Claimed {
        match self.store.start(self.request(id, true)).await.unwrap() {
            Started::New(Some(claimed)) => *claimed,
            other => panic!("{other:?}"),
        }
    }

    fn commit(&self, claimed: &Claimed, epoch: u64) -> Commit {
        Commit {
            row: claimed.row,
            epoch,
            fence: claimed.fence,
            root: Some(FrameWrite {
                frame: 0,
                parent: None,
                visit: epoch + 1,
                failed: 0,
                snapshot: Some((self.registered.schemas[0], b"next".as_slice().into())),
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

    fn park(&self, claimed: &Claimed) -> Commit {
        let park = Park { wake: Some(Duration::ZERO), mail: 0, error: None, keep_due: false };
        Commit { next: Next::Park(park), ..self.commit(claimed, 0) }
    }

    fn claim(&self, worker: WorkerId, limit: u32) -> ClaimRequest {
        ClaimRequest {
            worker,
            queues: vec![self.registered.queue],
            unreadable: vec![],
            limit,
            fragile: 0,
            alone: false,
        }
    }

    async fn epoch(&self, id: &str) -> u64 {
        self.store.execution(&ExecutionId::new(id).unwrap()).await.unwrap().unwrap().epoch
    }
}

#[tokio::test]
async fn a_commit_of_unknown_outcome_is_looked_up_and_written_exactly_once() {
    let scene = scene().await;
    let (a, b) = (scene.start("a").await, scene.start("b").await);
    for (epoch, fault) in [Fault::ErrorAfterCommit, Fault::ErrorBeforeCommit].into_iter().enumerate() {
        scene.store.inject(fault);
        let mut fenced = scene.commit(&b, epoch as u64);
        fenced.fence += 1;
        let group = vec![scene.commit(&b, epoch as u64), scene.commit(&a, epoch as u64), fenced];
        let answers = scene.store.commit(group).await;
        assert!(answers[0].is_ok() && answers[1].is_ok(), "{fault:?}: {answers:?}");
        assert!(matches!(answers[2], Err(CommitError::Fenced)), "{fault:?}: {answers:?}");
        assert_eq!((scene.epoch("a").await, scene.epoch("b").await), (epoch as u64 + 1, epoch as u64 + 1));
    }
}

#[tokio::test]
async fn starts_claims_and_sends_of_unknown_outcome_keep_their_answers() {
    let scene = scene().await;
    for fault in [Fault::ErrorAfterCommit, Fault::ErrorBeforeCommit] {
        let id = format!("{fault:?}");
        scene.store.inject(fault);
        let started = scene.store.start(scene.request(&id, false)).await.unwrap();
        assert!(matches!(started, Started::New(None)), "{fault:?}: {started:?}");

        scene.store.inject(fault);
        let request = ClaimRequest {
            worker: scene.worker,
            queues: vec![scene.registered.queue],
            unreadable: vec![],
            limit: 10,
            fragile: 0,
            alone: false,
        };
        let claims = scene.store.claim(request).await.unwrap();
        assert_eq!((claims.claimed.len(), claims.claimed[0].fence), (1, 1), "{fault:?}");

        scene.store.inject(fault);
        let execution = ExecutionId::new(&id).unwrap();
        let event = SendRequest { execution, event_id: "1".into(), name: "n".into(), payload: vec![1] };
        assert_eq!(scene.store.send(event.clone()).await.unwrap(), Sent::Accepted, "{fault:?}");
        assert_eq!(scene.store.send(event).await.unwrap(), Sent::Duplicate, "{fault:?}");
    }
}

#[tokio::test]
async fn redrives_edits_and_tries_of_unknown_outcome_happen_exactly_once() {
    let scene = scene().await;
    let other = scene.store.join_as("of another build", &BuildId::new("2")).await.unwrap();
    for fault in [Fault::ErrorAfterCommit, Fault::ErrorBeforeCommit] {
        let claimed = scene.start(&format!("{fault:?}")).await;
        let id = claimed.id.clone();
        let end = |status| Next::Finish(Outcome { status, output: None, error: Some("it says so".into()) });
        let failed = Commit { root: None, next: end(Status::Failed), ..scene.commit(&claimed, 0) };
        scene.store.commit(vec![failed]).await.remove(0).unwrap();

        scene.store.inject(fault);
        let frames = vec![(0, b"edited".as_slice().into())];
        let edit = EditRequest { id: id.clone(), epoch: 1, frames, large: Vec::new(), note: "by ada".into() };
        scene.store.edit(edit).await.unwrap();
        scene.store.inject(fault);
        let answers = scene.store.redrive(vec![id.clone()]).await.unwrap();
        assert!(matches!(answers[..], [Ok(())]), "{fault:?}: {answers:?}");
        let record = scene.store.execution(&id).await.unwrap().unwrap();
        assert_eq!((record.epoch, record.fence, record.run), (3, 3, 1), "{fault:?}");

        let claimed = scene.store.claim(scene.claim(scene.worker, 1)).await.unwrap().claimed.remove(0);
        let aside = Commit { root: None, next: end(Status::SetAside), ..scene.commit(&claimed, 3) };
        scene.store.commit(vec![aside]).await.remove(0).unwrap();
        scene.store.inject(fault);
        let request =
            Reconsider { worker: other, queues: vec![scene.registered.queue], unreadable: vec![], limit: 10 };
        assert_eq!(scene.store.reconsider(request).await.unwrap(), 1, "{fault:?}");
        let record = scene.store.execution(&id).await.unwrap().unwrap();
        assert_eq!((record.epoch, record.status), (5, Status::Ready), "{fault:?}");
        assert_eq!(scene.store.history(&id).await.unwrap().len(), 6, "{fault:?}");
        scene.store.claim(scene.claim(other, 1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_panic_in_the_writer_is_an_error_and_not_the_end() {
    let scene = scene().await;
    let claimed = scene.start("a").await;
    scene.store.inject(Fault::Panic);
    let answer = scene.store.commit(vec![scene.commit(&claimed, 0)]).await.remove(0);
    assert!(
        matches!(answer, Err(CommitError::Store(StoreError::Io { outcome_unknown: true, .. }))),
        "{answer:?}"
    );
    let answer = scene.store.commit(vec![scene.commit(&claimed, 0)]).await.remove(0);
    assert!(answer.is_ok(), "{answer:?}");
    assert_eq!(scene.epoch("a").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_unknown_outcome_is_found_though_another_process_has_gone_on_with_part_of_it() {
    let scene = scene().await;
    let other = SqliteStore::open(scene.folder.path().join("store.db")).await.unwrap();
    let elsewhere = other.join("elsewhere").await.unwrap();
    let (parks, runs) = (scene.start("parks").await, scene.start("runs").await);
    let go_on = scene.store.inject_held(Fault::WaitAfterCommit);
    let group = vec![scene.park(&parks), scene.commit(&runs, 0)];
    let store = scene.store.clone();
    let writing = tokio::spawn(async move { store.commit(group).await });
    let claimed = loop {
        let claims = other.claim(scene.claim(elsewhere, 10)).await.unwrap();
        if let Some(claimed) = claims.claimed.into_iter().next() {
            break claimed;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(claimed.id.as_str(), "parks");
    go_on.send(()).unwrap();
    let answers = writing.await.unwrap();
    assert!(answers[1].is_ok(), "it is there, and its worker would drop it as fenced: {answers:?}");
    assert_eq!(scene.epoch("runs").await, 1);
}

#[tokio::test]
async fn a_claim_of_another_process_does_not_testify_for_ours() {
    let scene = scene().await;
    let path = scene.folder.path().join("store.db");
    let other = SqliteStore::open(&path).await.unwrap();
    let elsewhere = other.join("elsewhere").await.unwrap();
    scene.store.start(scene.request("a", false)).await.unwrap();
    let Claimed { row, fence, .. } = other.claim(scene.claim(elsewhere, 1)).await.unwrap().claimed.remove(0);
    let conn = rusqlite::Connection::open(path).unwrap();
    let testifies = |worker| Witness::Claimed { row, fence: fence as i64, worker }.testifies(&conn).unwrap();
    assert!(testifies(elsewhere));
    assert!(!testifies(scene.worker), "the fence is the one our claim would have had");
}

#[tokio::test]
async fn a_claim_whose_outcome_stays_unknown_is_given_back() {
    let scene = scene().await;
    scene.store.start(scene.request("a", false)).await.unwrap();
    // A reader keeps the log from being checkpointed, so that the file cannot be reopened.
    let reader = rusqlite::Connection::open(scene.folder.path().join("store.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM execution").unwrap();
    scene.store.inject(Fault::ErrorAfterCommit);
    let error = scene.store.claim(scene.claim(scene.worker, 1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Io { outcome_unknown: true, .. }), "{error}");
    reader.execute_batch("COMMIT").unwrap();
    let again = async {
        loop {
            match scene.store.claim(scene.claim(scene.worker, 1)).await {
                Ok(claims) if !claims.claimed.is_empty() => return claims.claimed[0].fence,
                _ => tokio::task::yield_now().await,
            }
        }
    };
    let fence = tokio::time::timeout(Duration::from_secs(20), again).await;
    assert_eq!(fence.expect("claimed for nobody, while its worker lives"), 2);
}
