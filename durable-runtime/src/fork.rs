//! Forks: another execution that begins where one stands, or has stood (F3).

use crate::{
    error::ClientError,
    payload::{Codec, LargeFields, Owner, PayloadError},
    rewind::not_kept,
    same_input::same_input,
    saved::{Reads, record},
    schemas::{KnownRow, Schemas},
    start::{ATTEMPTS, random_bits},
    trouble::Backoff,
};
use durable_core::{
    ExecutionId,
    store::{ExecutionRecord, ForkRequest, Kept, StartRequest, Started, Store, StoreError},
    stored,
};
use std::sync::Arc;

/// Forks `from`, idempotently by the new id: what is there must have been forked from the same snapshot.
pub(crate) async fn fork(
    store: &dyn Store,
    schemas: &Schemas,
    codec: &Codec,
    from: &ExecutionId,
    epoch: Option<u64>,
    new: &ExecutionId,
    by: &str,
) -> Result<(), ClientError> {
    let mut reads = Reads::default();
    let (record, place, large) = loop {
        let record = record(store, from).await?;
        let place = match epoch {
            Some(epoch) => kept(store, from, epoch).await?,
            None => now(&record)?,
        };
        let snapshot = vec![Arc::clone(&place.snapshot)];
        if let Some(large) = reads.large_fields(store, from, record.row, snapshot).await? {
            break (record, place, large);
        }
    };
    let source = Source::open(store, schemas, codec, &record, &place, &large).await?;
    let instance = random_bits()?;
    let mut bytes = source.blob.clone();
    stored::stamp(&mut bytes, place.schema, 0);
    let unfit = |error| ClientError::Payload { id: new.clone(), what: "snapshot", error };
    let large = source.known.large_fields(&bytes);
    let packed = codec.pack_snapshot(&bytes, &large, instance, &source.owner(instance), |_| false);
    let packed = packed.map_err(unfit)?;
    let (at, point) = (place.epoch, &source.known.point.name);
    let request = ForkRequest {
        from: from.clone(),
        start: StartRequest {
            id: new.clone(),
            queue: place.queue,
            schema: place.schema,
            instance,
            priority: 0,
            snapshot: packed.blob.unwrap_or(bytes).into(),
            large: packed.new,
            claim_for: None,
        },
        visit: place.visit,
        due: place.due,
        event: place.event.clone(),
        note: format!("by {by}: to `{new}`, from epoch {at}, {point}"),
        note_of_new: format!("by {by}: from `{from}` at epoch {at}, {point}"),
    };
    let Started::Existing { workflow, status, input, schema } = repeat(store, request).await? else {
        return Ok(());
    };
    let same = workflow == record.workflow
        && match store.execution(new).await? {
            Some(existing) => match source.unpack(store, &input, &existing).await? {
                Ok(Some(input)) => {
                    same_input((place.schema, &source.blob), (schema, &input), schemas).await?
                }
                Ok(None) => false,
                Err(error) => return Err(unfit(error)),
            },
            None => false,
        };
    match same {
        true => Ok(()),
        false => Err(ClientError::ForkConflict { id: new.clone(), from: from.clone(), status }),
    }
}

async fn kept(store: &dyn Store, id: &ExecutionId, epoch: u64) -> Result<Kept, ClientError> {
    let all = store.kept(id).await?;
    all.into_iter().find(|kept| kept.epoch == epoch).ok_or_else(|| not_kept(id, epoch))
}

/// Where it stands, as if it had been kept.
fn now(record: &ExecutionRecord) -> Result<Kept, ClientError> {
    let [root] = &*record.frames else {
        return Err(match record.frames.is_empty() {
            true => ClientError::Ended { id: record.id.clone(), status: record.status },
            false => ClientError::ForkInChild { id: record.id.clone() },
        });
    };
    Ok(Kept {
        epoch: record.epoch,
        queue: record.queue,
        schema: root.schema,
        visit: root.visit,
        snapshot: Arc::clone(&root.snapshot),
        due: root.due.filter(|_| root.failed == 0),
        event: root.event.clone(),
        at: record.created,
    })
}

/// A snapshot, opened.
struct Source<'a> {
    codec: &'a Codec,
    known: Arc<KnownRow>,
    visit: u64,
    blob: Vec<u8>,
}

impl<'a> Source<'a> {
    async fn open(
        store: &dyn Store,
        schemas: &Schemas,
        codec: &'a Codec,
        record: &ExecutionRecord,
        place: &Kept,
        large: &LargeFields,
    ) -> Result<Self, ClientError> {
        let id = || record.id.clone();
        let opened = stored::open_packed(&place.snapshot);
        let (header, _) = opened.map_err(|error| ClientError::Snapshot { id: id(), error })?;
        let known = schemas.row(place.schema).await?.filter(|_| header.schema == place.schema);
        let known = known.ok_or_else(|| {
            ClientError::Store(StoreError::Corrupt {
                location: store.describe(),
                reason: format!("schema row {} is not there, or not the snapshot's", place.schema.0),
            })
        })?;
        let mut source = Self { codec, known, visit: place.visit, blob: Vec::new() };
        let instance = record.instance;
        let owner = source.owner(instance);
        let blob = codec.unpack_snapshot(header.packing, &place.snapshot, instance, &owner, large);
        let blob = blob.map_err(|error| ClientError::Payload { id: id(), what: "snapshot", error })?;
        source.blob = blob.into_owned();
        Ok(source)
    }

    fn owner(&self, instance: [u8; 16]) -> Owner<'_> {
        let Self { known, visit, .. } = self;
        let (workflow, point) = (&*known.workflow, &*known.point.name);
        Owner::Snapshot { instance, frame: 0, visit: *visit, workflow, point }
    }

    /// The first snapshot of what has the id already; `None` if it is of another await point or visit.
    async fn unpack(
        &self,
        store: &dyn Store,
        input: &[u8],
        existing: &ExecutionRecord,
    ) -> Result<Result<Option<Vec<u8>>, PayloadError>, StoreError> {
        let Ok((header, _)) = stored::open_packed(input) else { return Ok(Ok(None)) };
        let large = LargeFields::read(store, existing.row, [input].into_iter()).await?;
        let (instance, owner) = (existing.instance, self.owner(existing.instance));
        Ok(match self.codec.unpack_snapshot(header.packing, input, instance, &owner, &large) {
            Ok(blob) => Ok(Some(blob.into_owned())),
            Err(PayloadError::NotAuthentic { .. }) => Ok(None),
            Err(error) => Err(error),
        })
    }
}

/// Repeats while the store is in passing trouble: the id and the instance make it one fork.
async fn repeat(store: &dyn Store, request: ForkRequest) -> Result<Started, StoreError> {
    let mut backoff = Backoff::default();
    for _ in 1..ATTEMPTS {
        match store.fork(request.clone()).await {
            Err(error) if error.is_transient() => tokio::time::sleep(backoff.next()).await,
            answer => return answer,
        }
    }
    store.fork(request).await
}
