//! What almost every case begins with: a registered workflow, a worker, an execution in its hands.

use super::{
    failure::{Checked, Failure, check, check_eq},
    subject::Subject,
};
use durable_core::{
    PointSchema, Schema,
    schema::versioned_fingerprint,
    store::{
        ClaimRequest, Claimed, Claims, Commit, CommitError, Committed, ExecutionId, ExecutionRecord,
        FrameWrite, HistoryKind, Millis, Next, Outcome, Park, QueueId, Registered, Registration, Release,
        SchemaId, SendError, SendRequest, Sent, StartRequest, Started, Status, Store, WorkerId,
    },
};
use std::{sync::Arc, time::Duration};

/// So long that no worker dies of it during a case: workers die by [`Subject::can_kill`] only.
pub(super) const LEASE: Duration = Duration::from_secs(3600);
pub(super) const SECOND: Duration = Duration::from_secs(1);

/// A store with the workflow `orders` registered and one worker joined.
#[derive(Clone)]
pub(super) struct Scenario {
    pub(super) subject: Subject,
    pub(super) store: Arc<dyn Store>,
    pub(super) queue: QueueId,
    /// `Start`, `Charge`, `EventGateway`.
    pub(super) schemas: Vec<SchemaId>,
    pub(super) worker: WorkerId,
}

pub(super) fn point(name: &str, fields: &[(&str, Schema)]) -> PointSchema {
    let fields = fields.iter().map(|(name, schema)| ((*name).into(), schema.clone())).collect();
    PointSchema { name: name.into(), operation: name.to_lowercase(), fields }
}

pub(super) fn points() -> Vec<PointSchema> {
    vec![
        point("Start", &[("order", Schema::String)]),
        point("Charge", &[("order", Schema::String), ("total", Schema::U64)]),
        point("EventGateway", &[("total", Schema::U64)]),
    ]
}

pub(super) fn registration(workflow: &str, points: Vec<PointSchema>) -> Registration {
    versioned(workflow, 1, points)
}

/// The same of a version.
pub(super) fn versioned(workflow: &str, version: u32, points: Vec<PointSchema>) -> Registration {
    let fingerprint = versioned_fingerprint(version, &points);
    Registration { workflow: workflow.to_owned(), version, fingerprint, points }
}

pub(super) fn id(text: &str) -> Checked<ExecutionId> {
    Ok(ExecutionId::new(text)?)
}

/// 16 bytes that differ from id to id, and are the same on every run.
fn instance(id: &str) -> [u8; 16] {
    let mut instance = [0x5a_u8; 16];
    for (at, byte) in id.bytes().enumerate() {
        instance[at % 16] = instance[at % 16].rotate_left(3) ^ byte;
    }
    instance
}

impl Scenario {
    pub(super) async fn new(subject: Subject) -> Checked<Self> {
        let store = Arc::clone(&subject.store);
        let Registered { queue, schemas } = store.register(registration("orders", points())).await?;
        check_eq!(schemas.len(), 3, "schema rows of a workflow with three await points");
        let worker = store.join("first").await?;
        Ok(Self { subject, store, queue, schemas, worker })
    }

    /// Its await points, by their places in [`points`], as what a build cannot go on from.
    pub(super) fn at(&self, points: &[usize]) -> Vec<(QueueId, SchemaId)> {
        points.iter().map(|point| (self.queue, self.schemas[*point])).collect()
    }

    /// The same with version 2 of the workflow: another queue, and the same schema rows.
    pub(super) async fn second_version_of_one_shape(&self) -> Checked<Self> {
        let Registered { queue, schemas } = self.store.register(versioned("orders", 2, points())).await?;
        check_eq!(schemas, self.schemas, "schema rows of await points that are alike");
        Ok(Self { queue, schemas, ..self.clone() })
    }

    pub(super) fn start_request(&self, execution: &str) -> Checked<StartRequest> {
        Ok(StartRequest {
            id: id(execution)?,
            queue: self.queue,
            schema: self.schemas[0],
            instance: instance(execution),
            priority: 0,
            snapshot: format!("input of {execution}").into_bytes().into(),
            large: Vec::new(),
            claim_for: None,
        })
    }

    /// Starts an execution that nobody owns.
    pub(super) async fn start(&self, execution: &str) -> Checked {
        self.start_with(self.start_request(execution)?).await
    }

    pub(super) async fn start_with(&self, request: StartRequest) -> Checked {
        let name = request.id.clone();
        let started = self.store.start(request).await?;
        check!(
            matches!(started, Started::New(None)),
            "start of `{name}`: expected New(None), found {started:?}"
        );
        Ok(())
    }

    /// Starts an execution and claims it for the first worker. Nothing else may be due.
    pub(super) async fn started(&self, execution: &str) -> Checked<Hold> {
        self.start(execution).await?;
        let hold = self.claim_one().await?;
        check_eq!(hold.claimed.id.as_str(), execution, "the execution that was just started is claimed");
        Ok(hold)
    }

    pub(super) fn claim_request(&self, worker: WorkerId, limit: u32) -> ClaimRequest {
        ClaimRequest { worker, queues: vec![self.queue], unreadable: vec![], limit, fragile: 8, alone: false }
    }

    pub(super) async fn claim(&self, limit: u32) -> Checked<Claims> {
        Ok(self.store.claim(self.claim_request(self.worker, limit)).await?)
    }

    /// Claims the one execution that is due.
    pub(super) async fn claim_one(&self) -> Checked<Hold> {
        self.claim_one_as(self.worker).await
    }

    pub(super) async fn claim_one_as(&self, worker: WorkerId) -> Checked<Hold> {
        let mut claimed = self.store.claim(self.claim_request(worker, 10)).await?.claimed;
        match (claimed.pop(), claimed.is_empty()) {
            (Some(one), true) => Ok(Hold::new(one, self.schemas[1])),
            (last, _) => {
                let found: Vec<_> = claimed.iter().chain(&last).map(|claimed| claimed.id.as_str()).collect();
                Err(Failure::Violated(format!("expected one execution to be due, claimed {found:?}")))
            }
        }
    }

    pub(super) async fn check_nothing_due(&self, when: &str) -> Checked {
        let claims = self.claim(10).await?;
        check!(
            claims.claimed.is_empty(),
            "{when}: nothing may be due, but this was claimed: {:?}",
            claims.claimed
        );
        Ok(())
    }

    pub(super) async fn commit(&self, commit: Commit) -> Result<Committed, CommitError> {
        let mut answers = self.store.commit(vec![commit]).await;
        // One member, one answer; the groups' cases check that this holds.
        answers.pop().unwrap_or(Err(CommitError::Fenced))
    }

    pub(super) async fn check_fenced(&self, commit: Commit, when: &str) -> Checked {
        let answer = self.commit(commit).await;
        check!(matches!(answer, Err(CommitError::Fenced)), "{when}: expected Fenced, found {answer:?}");
        Ok(())
    }

    pub(super) async fn record(&self, execution: &str) -> Checked<ExecutionRecord> {
        let record = self.store.execution(&id(execution)?).await?;
        record.ok_or_else(|| Failure::Violated(format!("execution `{execution}` is not in the store")))
    }

    pub(super) async fn check_status(&self, execution: &str, status: Status) -> Checked {
        check_eq!(self.record(execution).await?.status, status, "status of `{execution}`");
        Ok(())
    }

    pub(super) async fn send(
        &self,
        execution: &str,
        event: &str,
        name: &str,
    ) -> Checked<Result<Sent, SendError>> {
        let payload = format!("payload of {event}").into_bytes();
        let request =
            SendRequest { execution: id(execution)?, event_id: event.into(), name: name.into(), payload };
        Ok(self.store.send(request).await)
    }

    pub(super) async fn check_accepted(&self, execution: &str, event: &str, name: &str) -> Checked {
        check_eq!(self.send(execution, event, name).await??, Sent::Accepted, "first send of event `{event}`");
        Ok(())
    }

    pub(super) async fn kinds(&self, execution: &str) -> Checked<Vec<HistoryKind>> {
        Ok(self.store.history(&id(execution)?).await?.into_iter().map(|entry| entry.kind).collect())
    }

    pub(super) async fn release(&self, hold: &Hold) -> Checked {
        Ok(self.store.release(vec![Release { row: hold.claimed.row, fence: hold.claimed.fence }]).await?)
    }

    pub(super) async fn now(&self) -> Checked<Millis> {
        Ok(self.store.now().await?)
    }

    /// Kills a worker and lets another one see it: how many executions became claimable.
    pub(super) async fn give_up(&self, dead: WorkerId, seen_by: WorkerId) -> Checked<u64> {
        self.subject.kill(dead).await?;
        Ok(self.store.beat(seen_by, LEASE).await?.taken_over)
    }
}

/// An execution in a worker's hands, as its driver sees it.
#[derive(Clone)]
pub(super) struct Hold {
    pub(super) claimed: Claimed,
    pub(super) epoch: u64,
    pub(super) visit: u64,
    pub(super) schema: SchemaId,
}

impl Hold {
    pub(super) fn new(claimed: Claimed, schema: SchemaId) -> Self {
        let visit = claimed.frames.first().map_or(0, |root| root.visit);
        Self { epoch: claimed.epoch, visit, claimed, schema }
    }

    /// The root at its next await point, waiting for nothing.
    pub(super) fn write(&self) -> FrameWrite {
        let visit = self.visit + 1;
        let snapshot = format!("`{}` at visit {visit}", self.claimed.id).into_bytes();
        FrameWrite {
            frame: 0,
            parent: None,
            visit,
            failed: 0,
            snapshot: Some((self.schema, snapshot.into())),
            due: None,
            event: None,
        }
    }

    /// The next commit, of the root alone.
    pub(super) fn commit(&self, root: Option<FrameWrite>, next: Next) -> Commit {
        Commit {
            row: self.claimed.row,
            epoch: self.epoch,
            fence: self.claimed.fence,
            root,
            frames: Vec::new(),
            closed: Vec::new(),
            next_frame: None,
            consumed: Vec::new(),
            queue: None,
            keep: 0,
            large: Vec::new(),
            sweep: false,
            next,
        }
    }

    /// The next commit: an await point whose operation runs now.
    pub(super) fn run_commit(&self) -> Commit {
        self.commit(Some(self.write()), Next::Run)
    }

    /// Commits, and keeps count of epoch and visit.
    pub(super) async fn apply(&mut self, scenario: &Scenario, commit: Commit) -> Checked<Committed> {
        let visit = commit.root.as_ref().map_or(self.visit, |root| root.visit);
        let committed = scenario.commit(commit).await?;
        self.epoch += 1;
        self.visit = visit;
        Ok(committed)
    }

    pub(super) async fn run(&mut self, scenario: &Scenario) -> Checked<Committed> {
        self.apply(scenario, self.run_commit()).await
    }

    pub(super) async fn fail_attempt(
        &mut self,
        scenario: &Scenario,
        failed: u32,
        due: Option<Duration>,
    ) -> Checked {
        let root = FrameWrite { visit: self.visit, failed, snapshot: None, due, ..self.write() };
        let next = Next::FailedAttempt { error: format!("failure {failed}") };
        self.apply(scenario, self.commit(Some(root), next)).await?;
        Ok(())
    }

    /// Parks at the next await point on a timer, an event or both.
    pub(super) async fn park(&mut self, s: &Scenario, due: Option<Duration>, event: Option<&str>) -> Checked {
        // Nothing was read for this name yet, so whatever mail there is makes it due at once.
        self.park_having_read(s, due, event, 0).await
    }

    pub(super) async fn park_having_read(
        &mut self,
        scenario: &Scenario,
        due: Option<Duration>,
        event: Option<&str>,
        mail: u64,
    ) -> Checked {
        let root = FrameWrite { due, event: event.map(str::to_owned), ..self.write() };
        let park = Park { wake: due, mail, error: None, keep_due: false };
        self.apply(scenario, self.commit(Some(root), Next::Park(park))).await?;
        Ok(())
    }

    pub(super) async fn finish(&mut self, scenario: &Scenario, status: Status) -> Checked<Committed> {
        let error = (status != Status::Succeeded).then(|| format!("ended: {status}"));
        let outcome = Outcome { status, output: Some(b"output".to_vec()), error };
        self.apply(scenario, self.commit(None, Next::Finish(outcome))).await
    }
}
