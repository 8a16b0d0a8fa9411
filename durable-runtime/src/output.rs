//! What an execution returned, on its way out of the store: unpacked, told from the ends without an output, and read without the program
//! that returned it.

use crate::{
    error::ClientError,
    payload::{Codec, Owner, is_encrypted},
    saved::record,
    schemas::Schemas,
};
use durable_core::{
    ExecutionId, Status,
    event::{event_fingerprint, event_value},
    store::{Outcome, Store, StoreError},
    stored::{self, Form},
};
use serde_json::Value;

/// An outcome as it was before it was stored.
pub(crate) async fn unpacked(
    store: &dyn Store,
    codec: &Codec,
    id: &ExecutionId,
    mut outcome: Outcome,
) -> Result<Outcome, ClientError> {
    let packing = |output: &Vec<u8>| stored::check(Form::Value, output).unwrap_or_default();
    let encrypted = outcome.error.as_deref().is_some_and(is_encrypted)
        || outcome.output.as_ref().is_some_and(|output| packing(output).encrypted);
    // Only the record knows for which execution it was encrypted.
    let (instance, workflow) = match encrypted {
        true => record(store, id).await.map(|record| (record.instance, record.workflow))?,
        false => Default::default(),
    };
    if let Some(output) = outcome.output.take() {
        let owner = Owner::Output { instance, workflow: &workflow };
        let unpacked = codec.unpack_value(output, &owner);
        let unfit = |error| ClientError::Payload { id: id.clone(), what: "output", error };
        outcome.output = Some(unpacked.map_err(unfit)?);
    }
    if encrypted {
        outcome.error = outcome.error.map(|error| codec.decrypt_text(&error, instance));
    }
    Ok(outcome)
}

/// The output in an outcome that is unpacked, or why there is none.
pub(crate) fn of(id: &ExecutionId, outcome: Outcome) -> Result<Vec<u8>, ClientError> {
    let id = id.clone();
    let reason = outcome.error.unwrap_or_else(|| "no reason was recorded".into());
    match (outcome.status, outcome.output) {
        (Status::SetAside, _) => Err(ClientError::SetAside { id, reason }),
        (Status::Cancelled, _) => Err(ClientError::Cancelled { id }),
        (_, Some(output)) => Ok(output),
        (_, None) => Err(ClientError::Failed { id, reason }),
    }
}

/// The output as JSON, by the schema in the store.
pub(crate) async fn json(
    store: &dyn Store,
    schemas: &Schemas,
    codec: &Codec,
    id: &ExecutionId,
) -> Result<Value, ClientError> {
    let Some(outcome) = store.outcome(id).await? else {
        let status = record(store, id).await?.status;
        return Err(ClientError::Unfinished { id: id.clone(), status });
    };
    let output = of(id, unpacked(store, codec, id, outcome).await?)?;
    let unreadable = |error| ClientError::Output { id: id.clone(), error };
    let fingerprint = event_fingerprint(&output).map_err(unreadable)?;
    let Some(schema) = schemas.shapes.read(fingerprint).await? else {
        return Err(ClientError::UnknownShape { id: id.clone(), fingerprint });
    };
    let value = event_value(&output, &schema).map_err(unreadable)?;
    serde_json::to_value(value).map_err(|error| {
        let what = format!("the output of execution `{id}`");
        ClientError::Store(StoreError::Encode { what, reason: error.to_string() })
    })
}
