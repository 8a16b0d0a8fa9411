//! From a claimed execution to what its machine goes on from.

use crate::{
    payload::{Codec, LargeFields, Owner, PayloadError},
    schemas::Schemas,
};
use durable_core::{
    machine::{Restored, RestoredFrame},
    store::{Claimed, ClaimedFrame, Store, StoreError},
    stored,
};
use std::{borrow::Cow, sync::Arc, time::Duration};

/// A claim, checked.
#[derive(Debug)]
pub(crate) struct Resumable {
    pub(crate) restored: Restored,
    /// The await point of the innermost frame, for people.
    pub(crate) point: String,
    /// A retry that is not due yet: a takeover claims at once, whatever the delay was.
    pub(crate) retry_in: Option<Duration>,
}

/// Why a claim cannot be gone on from.
#[derive(Debug)]
pub(crate) enum Unusable {
    /// What is stored cannot be used; it is set aside with this reason.
    SetAside(String),
    /// Another program could use it.
    Elsewhere(PayloadError),
    /// The store failed.
    Store(StoreError),
}

impl From<StoreError> for Unusable {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Checks headers, checksums and schema rows, unpacks, and checks that the frames are one chain from the root inwards.
pub(crate) async fn restore(
    claimed: &Claimed,
    store: &dyn Store,
    schemas: &Schemas,
    codec: &Codec,
) -> Result<Resumable, Unusable> {
    let snapshots = claimed.frames.iter().map(|frame| &*frame.snapshot);
    let large = LargeFields::read(store, claimed.row, snapshots).await?;
    let mut frames: Vec<RestoredFrame> = Vec::with_capacity(claimed.frames.len());
    for frame in &claimed.frames {
        let expected = frames.last().map(|outer| outer.number);
        if frame.parent != expected || (expected.is_none() && frame.frame != 0) {
            return Err(Unusable::SetAside(format!(
                "frame {} belongs to frame {:?}, but frame {expected:?} comes before it",
                frame.frame, frame.parent
            )));
        }
        frames.push(restore_frame(frame, claimed, schemas, codec, &large).await?);
    }
    let (Some(innermost), Some(stored)) = (frames.last(), claimed.frames.last()) else {
        return Err(Unusable::SetAside("the execution has no frame to go on from".into()));
    };
    let delivery = claimed.event.as_ref().filter(|event| event.frame == innermost.number);
    let delivery = match delivery {
        None => None,
        Some(event) => {
            let name = stored.event.as_deref().unwrap_or_default();
            let owner = Owner::Event { execution: claimed.id.as_str(), name };
            let payload = codec.unpack_value(event.payload.clone(), &owner);
            let payload = payload.map_err(|error| match error.is_readable_elsewhere() {
                true => Unusable::Elsewhere(error),
                false => Unusable::SetAside(format!("event `{name}`: {error}")),
            })?;
            Some((event.seq, payload))
        }
    };
    let due = stored.due.filter(|due| innermost.failed > 0 && *due > claimed.now);
    Ok(Resumable {
        point: innermost.point.clone(),
        retry_in: due.map(|due| Duration::from_millis(due - claimed.now)),
        restored: Restored { next_frame: claimed.next_frame, crashes: claimed.crashes, delivery, frames },
    })
}

async fn restore_frame(
    frame: &ClaimedFrame,
    claimed: &Claimed,
    schemas: &Schemas,
    codec: &Codec,
    large: &LargeFields,
) -> Result<RestoredFrame, Unusable> {
    let number = frame.frame;
    let header = match stored::open_packed(&frame.snapshot) {
        Ok((header, _)) => header,
        Err(error) => return Err(unusable(frame, schemas, &error.to_string()).await),
    };
    if header.schema != frame.schema {
        let reason = format!("its snapshot names schema row {}, its row {}", header.schema.0, frame.schema.0);
        return Err(unusable(frame, schemas, &reason).await);
    }
    let Some(known) = schemas.row(header.schema).await? else {
        let reason = format!(
            "its snapshot names schema row {}, which the store does not have; restore it from a backup",
            header.schema.0
        );
        return Err(unusable(frame, schemas, &reason).await);
    };
    let owner = Owner::Snapshot {
        instance: claimed.instance,
        frame: number,
        visit: frame.visit,
        workflow: &known.workflow,
        point: &known.point.name,
    };
    let unpacked = codec.unpack_snapshot(header.packing, &frame.snapshot, claimed.instance, &owner, large);
    let snapshot = match unpacked {
        Ok(Cow::Borrowed(_)) => Arc::clone(&frame.snapshot),
        Ok(Cow::Owned(unpacked)) => unpacked.into(),
        Err(error) if error.is_readable_elsewhere() => return Err(Unusable::Elsewhere(error)),
        Err(error) => return Err(unusable(frame, schemas, &format!("its snapshot: {error}")).await),
    };
    Ok(RestoredFrame {
        number,
        parent: frame.parent,
        visit: frame.visit,
        failed: frame.failed,
        workflow: known.workflow.clone(),
        point: known.point.name.clone(),
        fingerprint: known.fingerprint,
        writer: Some(Arc::clone(&known.point)),
        snapshot,
        fired: frame.due.is_some_and(|due| due <= claimed.now),
        // A frame that waits for a time or an event has not begun what comes after.
        begun: frame.due.is_none() && frame.event.is_none(),
    })
}

/// Set aside with the reason, and where: the row says it even if the snapshot cannot.
async fn unusable(frame: &ClaimedFrame, schemas: &Schemas, reason: &str) -> Unusable {
    let number = frame.frame;
    Unusable::SetAside(match schemas.row(frame.schema).await {
        Ok(Some(known)) => {
            let (point, workflow) = (&known.point.name, &known.workflow);
            format!("frame {number}, at await point `{point}` of workflow `{workflow}`: {reason}")
        }
        _ => format!("frame {number}: {reason}"),
    })
}
