//! [`SqliteStore`]: the handle, and the [`Store`] trait in terms of the threads behind it.

use crate::{
    Builder,
    batch::Batch,
    builder::Options,
    claim,
    commit::weight,
    control, edit, events, fork,
    group::{Call, GROUP_BYTES_MAX, GROUP_MEMBERS_MAX, Request, Tx},
    history, kept, large, read,
    readers::Extent,
    register, release,
    shapes::{self, Shape},
    start,
    threads::Threads,
    workers,
};
use durable_core::{
    BoxFuture, Fingerprint, Schema,
    store::{
        Beat, BuildId, ClaimRequest, Claims, Commit, CommitError, Committed, ContentId, EditError,
        EditRequest, ExecutionId, ExecutionRecord, Filter, ForkRequest, FoundFields, FrameWrite,
        HistoryEntry, Kept, LargeField, Local, Millis, Next, Outcome, QueueId, Reconsider, RedriveError,
        Registered, Registration, Release, RewindError, RewindRequest, Row, SchemaId, SchemaRow, SendError,
        SendRequest, Sent, StartRequest, Started, Store, StoreError, Version, WorkerId,
    },
};
use std::{fmt, path::Path, sync::Arc, time::Duration};
use tokio::sync::oneshot;

const EVENT_ID_BYTES_MAX: u64 = 256;
/// What a request without payload weighs in a group.
const SMALL: usize = 256;

/// Executions in an SQLite file. Cheap to clone; all clones share one writer.
///
/// Any number of stores, in one process or in many, may open the same file on one machine.
#[derive(Clone)]
pub struct SqliteStore {
    threads: Arc<Threads>,
}

impl SqliteStore {
    /// Opens a file with the default options; creates it if it does not exist, in a folder that does.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::builder(path).open().await
    }

    /// Options first.
    pub fn builder(path: impl AsRef<Path>) -> Builder {
        Builder::new(path.as_ref())
    }

    /// Limits the file to this many pages of 4 KiB, from the next write on. Beyond it, writes that need space fail with
    /// [`StoreError::Full`]; raise the limit and they go on. It belongs to this store, not to the file.
    pub fn set_page_count_max(&self, pages: u32) {
        self.threads.shared.set_page_limit(pages);
    }

    /// Frees a worker's liveness lock without leaving, as a crash of its process would: for tests of takeover.
    #[doc(hidden)]
    pub fn abandon(&self, worker: WorkerId) {
        self.threads.locks.abandon(worker);
    }

    pub(crate) async fn with(options: Options) -> Result<Self, StoreError> {
        Ok(Self { threads: Arc::new(Threads::start(options).await?) })
    }

    #[cfg(test)]
    pub(crate) fn inject(&self, fault: crate::shared::Fault) {
        *self.threads.shared.faults.next.lock().unwrap() = Some(fault);
    }

    /// A fault that waits until this is sent.
    #[cfg(test)]
    pub(crate) fn inject_held(&self, fault: crate::shared::Fault) -> std::sync::mpsc::Sender<()> {
        let (go_on, wait) = std::sync::mpsc::channel();
        *self.threads.shared.faults.go_on.lock().unwrap() = Some(wait);
        self.inject(fault);
        go_on
    }

    /// A job for the writer.
    async fn write<T, F>(
        &self,
        bytes: usize,
        leftovers: fn(T) -> Vec<Release>,
        run: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        let (request, answer) = Call::request(bytes, leftovers, run);
        self.threads.queue.push(request);
        answer.await.unwrap_or_else(|_| Err(self.threads.unanswered()))
    }

    async fn read<T, F>(&self, extent: Extent, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let location = self.threads.options.location.clone();
        self.threads
            .calls
            .push(location, extent, read)
            .await
            .unwrap_or_else(|_| Err(self.threads.unanswered()))
    }

    fn check_size(&self, what: impl FnOnce() -> String, bytes: usize) -> Result<(), StoreError> {
        let (bytes, max) = (bytes as u64, self.threads.options.payload_bytes_max);
        if bytes > max {
            return Err(StoreError::PayloadTooLarge { what: what(), bytes, max });
        }
        Ok(())
    }

    fn check_commit(&self, commit: &Commit) -> Result<(), StoreError> {
        for FrameWrite { frame, snapshot, .. } in commit.root.iter().chain(&commit.frames) {
            let bytes = snapshot.as_ref().map_or(0, |(_, bytes)| bytes.len());
            self.check_size(|| format!("the snapshot of frame {frame}"), bytes)?;
        }
        self.check_large(&commit.large)?;
        match &commit.next {
            Next::Finish(Outcome { output: Some(output), .. }) => {
                self.check_size(|| "the output".to_owned(), output.len())
            }
            _ => Ok(()),
        }
    }

    fn check_start(&self, request: &StartRequest) -> Result<(), StoreError> {
        self.check_size(|| format!("the input of execution `{}`", request.id), request.snapshot.len())?;
        self.check_large(&request.large)
    }

    fn check_large(&self, large: &[LargeField]) -> Result<(), StoreError> {
        large.iter().try_for_each(|field| self.check_size(|| "a large field".to_owned(), field.bytes.len()))
    }

    /// The usual case is one message: nothing too large, and all of it fits in a group.
    async fn commit_group(&self, group: Vec<Commit>) -> Vec<Result<Committed, CommitError>> {
        let fits =
            group.len() <= GROUP_MEMBERS_MAX && group.iter().map(weight).sum::<usize>() <= GROUP_BYTES_MAX;
        if !fits || group.iter().any(|commit| self.check_commit(commit).is_err()) {
            return self.in_parts(group, |commit| self.check_commit(commit), weight, Request::Commits).await;
        }
        let members = group.len();
        if members == 0 {
            return Vec::new();
        }
        let (batch, answer) = Batch::new(group, weight);
        self.threads.queue.push(Request::Commits(batch));
        match answer.await {
            Ok((answers, _)) => answers,
            Err(_) => (0..members).map(|_| Err(self.threads.unanswered().into())).collect(),
        }
    }

    /// Sends members in messages of at most one group each, and puts the answers in order.
    async fn in_parts<M, T, E: From<StoreError>>(
        &self,
        group: Vec<M>,
        check: impl Fn(&M) -> Result<(), StoreError>,
        weight: fn(&M) -> usize,
        message: fn(Batch<M, Result<T, E>>) -> Request,
    ) -> Vec<Result<T, E>> {
        let mut answers: Vec<Option<Result<T, E>>> = Vec::with_capacity(group.len());
        let mut sent: Vec<(Vec<usize>, oneshot::Receiver<_>)> = Vec::new();
        let (mut members, mut places, mut bytes) = (Vec::new(), Vec::new(), 0);
        let mut flush = |members: &mut Vec<M>, places: &mut Vec<usize>| {
            if !members.is_empty() {
                let (batch, answer) = Batch::new(std::mem::take(members), weight);
                self.threads.queue.push(message(batch));
                sent.push((std::mem::take(places), answer));
            }
        };
        for (place, member) in group.into_iter().enumerate() {
            if let Err(error) = check(&member) {
                answers.push(Some(Err(error.into())));
                continue;
            }
            let weight = weight(&member);
            if members.len() == GROUP_MEMBERS_MAX || bytes + weight > GROUP_BYTES_MAX {
                flush(&mut members, &mut places);
                bytes = 0;
            }
            bytes += weight;
            members.push(member);
            places.push(place);
            answers.push(None);
        }
        flush(&mut members, &mut places);
        for (places, answer) in sent {
            for (place, found) in places.into_iter().zip(answer.await.unwrap_or_default().0) {
                answers[place] = Some(found);
            }
        }
        let unanswered = || Err(self.threads.unanswered().into());
        answers.into_iter().map(|answer| answer.unwrap_or_else(unanswered)).collect()
    }
}

fn nothing<T>(_: T) -> Vec<Release> {
    Vec::new()
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("location", &self.threads.options.location)
            .finish_non_exhaustive()
    }
}

impl Store for SqliteStore {
    fn describe(&self) -> String {
        self.threads.options.location.clone()
    }

    fn local(&self) -> &Local {
        self.threads.queue.hint_watched();
        &self.threads.shared.local
    }

    fn now(&self) -> BoxFuture<'_, Result<Millis, StoreError>> {
        Box::pin(async move { Ok(self.threads.options.clock.now()) })
    }

    fn register(&self, registration: Registration) -> BoxFuture<'_, Result<Registered, StoreError>> {
        Box::pin(
            async move { self.write(SMALL, nothing, move |tx| register::register(tx, &registration)).await? },
        )
    }

    fn schema(&self, schema: SchemaId) -> BoxFuture<'_, Result<Option<SchemaRow>, StoreError>> {
        Box::pin(self.read(Extent::Short, move |conn| register::schema(conn, schema)))
    }

    fn record_shapes(&self, shapes: Vec<Arc<Schema>>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let shapes: Vec<_> = shapes.iter().map(|schema| Shape::of(schema)).collect();
            let bytes = SMALL + shapes.iter().map(Shape::bytes).sum::<usize>();
            self.write(bytes, nothing, move |tx| shapes::record(tx, &shapes)).await
        })
    }

    fn shape(&self, fingerprint: Fingerprint) -> BoxFuture<'_, Result<Option<Schema>, StoreError>> {
        Box::pin(self.read(Extent::Short, move |conn| shapes::shape(conn, fingerprint)))
    }

    fn versions(&self, workflow: &str) -> BoxFuture<'_, Result<Vec<Version>, StoreError>> {
        let workflow = workflow.to_owned();
        Box::pin(self.read(Extent::Short, move |conn| register::versions(conn, &workflow)))
    }

    fn unfinished(&self, workflow: &str) -> BoxFuture<'_, Result<Vec<(QueueId, u64)>, StoreError>> {
        let workflow = workflow.to_owned();
        Box::pin(self.read(Extent::Long, move |conn| register::unfinished(conn, &workflow)))
    }

    fn join_as(&self, name: &str, build: &BuildId) -> BoxFuture<'_, Result<WorkerId, StoreError>> {
        let (name, build, locks) = (name.to_owned(), build.clone(), Arc::clone(&self.threads.locks));
        Box::pin(async move {
            // The lock is taken inside the transaction: nobody may see the worker before it holds it.
            self.write(SMALL, nothing, move |tx| {
                let worker = workers::join(tx, &name, &build)?;
                locks.take(worker);
                Ok(worker)
            })
            .await
        })
    }

    fn leave(&self, worker: WorkerId) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.write(SMALL, nothing, move |tx| workers::leave(tx, worker)).await?;
            self.threads.locks.drop_lock(worker);
            Ok(())
        })
    }

    fn beat(&self, worker: WorkerId, lease: Duration) -> BoxFuture<'_, Result<Beat, StoreError>> {
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            self.threads.queue.push_errand(Box::new(move |keeper| {
                let _ = reply.send(keeper.beat(worker, lease));
            }));
            answer.await.unwrap_or_else(|_| Err(self.threads.unanswered()))
        })
    }

    fn start(&self, request: StartRequest) -> BoxFuture<'_, Result<Started, StoreError>> {
        Box::pin(async move {
            let answer = self.start_group(vec![request]).await.pop();
            answer.unwrap_or_else(|| Err(self.threads.unanswered()))
        })
    }

    fn start_group(&self, group: Vec<StartRequest>) -> BoxFuture<'_, Vec<Result<Started, StoreError>>> {
        Box::pin(self.in_parts(group, |request| self.check_start(request), start::weight, Request::Starts))
    }

    fn claim(&self, request: ClaimRequest) -> BoxFuture<'_, Result<Claims, StoreError>> {
        Box::pin(
            async move { self.write(SMALL, claim::untaken, move |tx| claim::claim(tx, &request)).await? },
        )
    }

    fn release(&self, group: Vec<Release>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            if group.is_empty() {
                return Ok(());
            }
            self.write(SMALL * group.len(), nothing, move |tx| release::release(tx, &group)).await
        })
    }

    fn commit(&self, group: Vec<Commit>) -> BoxFuture<'_, Vec<Result<Committed, CommitError>>> {
        Box::pin(self.commit_group(group))
    }

    fn send(&self, request: SendRequest) -> BoxFuture<'_, Result<Sent, SendError>> {
        Box::pin(async move {
            let id_bytes = request.event_id.len() as u64;
            if id_bytes > EVENT_ID_BYTES_MAX {
                let what =
                    format!("the id of event `{}` for execution `{}`", request.name, request.execution);
                return Err(
                    StoreError::PayloadTooLarge { what, bytes: id_bytes, max: EVENT_ID_BYTES_MAX }.into()
                );
            }
            let bytes = request.payload.len();
            self.check_size(
                || format!("event `{}` for execution `{}`", request.name, request.execution),
                bytes,
            )?;
            let quota = self.threads.options.events_waiting_max;
            self.write(SMALL + bytes, nothing, move |tx| events::send(tx, &request, quota)).await?
        })
    }

    fn cancel(&self, id: &ExecutionId) -> BoxFuture<'_, Result<bool, StoreError>> {
        let id = id.clone();
        Box::pin(async move { self.write(SMALL, nothing, move |tx| control::cancel(tx, &id)).await? })
    }

    fn redrive(
        &self,
        group: Vec<ExecutionId>,
    ) -> BoxFuture<'_, Result<Vec<Result<(), RedriveError>>, StoreError>> {
        Box::pin(async move {
            let bytes = SMALL * group.len();
            self.write(bytes, nothing, move |tx| control::redrive(tx, &group)).await
        })
    }

    fn edit(&self, request: EditRequest) -> BoxFuture<'_, Result<(), EditError>> {
        Box::pin(async move {
            self.check_large(&request.large)?;
            let mut bytes = SMALL + large::weight(&request.large);
            for (frame, snapshot) in &request.frames {
                self.check_size(|| format!("the snapshot of frame {frame}"), snapshot.len())?;
                bytes += snapshot.len();
            }
            self.write(bytes, nothing, move |tx| edit::edit(tx, &request)).await?
        })
    }

    fn kept(&self, id: &ExecutionId) -> BoxFuture<'_, Result<Vec<Kept>, StoreError>> {
        let id = id.clone();
        Box::pin(async move {
            let asked = id.clone();
            let found = self.read(Extent::Long, move |conn| kept::read(conn, &asked)).await?;
            found.ok_or(StoreError::UnknownExecution(id))
        })
    }

    fn rewind(&self, request: RewindRequest) -> BoxFuture<'_, Result<(), RewindError>> {
        Box::pin(async move { self.write(SMALL, nothing, move |tx| kept::rewind(tx, &request)).await? })
    }

    fn fork(&self, request: ForkRequest) -> BoxFuture<'_, Result<Started, StoreError>> {
        Box::pin(async move {
            let StartRequest { id, snapshot, large, .. } = &request.start;
            self.check_large(large)?;
            self.check_size(|| format!("the snapshot of execution `{id}`"), snapshot.len())?;
            let bytes = SMALL + snapshot.len() + large::weight(large);
            self.write(bytes, nothing, move |tx| fork::fork(tx, &request)).await?
        })
    }

    fn reconsider(&self, request: Reconsider) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(
            async move { self.write(SMALL, nothing, move |tx| control::reconsider(tx, &request)).await? },
        )
    }

    fn execution(&self, id: &ExecutionId) -> BoxFuture<'_, Result<Option<ExecutionRecord>, StoreError>> {
        let id = id.clone();
        Box::pin(self.read(Extent::Short, move |conn| read::execution(conn, &id)))
    }

    fn large_fields(
        &self,
        row: Row,
        contents: Vec<ContentId>,
    ) -> BoxFuture<'_, Result<FoundFields, StoreError>> {
        Box::pin(self.read(Extent::Short, move |conn| large::read(conn, row, &contents)))
    }

    fn outcome(&self, id: &ExecutionId) -> BoxFuture<'_, Result<Option<Outcome>, StoreError>> {
        let id = id.clone();
        Box::pin(async move {
            let asked = id.clone();
            let found = self.read(Extent::Short, move |conn| read::outcome(conn, &asked)).await?;
            found.ok_or(StoreError::UnknownExecution(id))
        })
    }

    fn list(&self, filter: Filter) -> BoxFuture<'_, Result<Vec<ExecutionRecord>, StoreError>> {
        Box::pin(self.read(Extent::Long, move |conn| read::list(conn, &filter)))
    }

    fn list_ids(&self, filter: Filter) -> BoxFuture<'_, Result<Vec<ExecutionId>, StoreError>> {
        Box::pin(self.read(Extent::Long, move |conn| read::list_ids(conn, &filter)))
    }

    fn history(&self, id: &ExecutionId) -> BoxFuture<'_, Result<Vec<HistoryEntry>, StoreError>> {
        let id = id.clone();
        Box::pin(async move {
            let asked = id.clone();
            let found = self.read(Extent::Long, move |conn| history::read(conn, &asked)).await?;
            found.ok_or(StoreError::UnknownExecution(id))
        })
    }
}
