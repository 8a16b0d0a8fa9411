//! `event`: a value sent to the execution from outside.

use crate::{
    Awaitable, BoxFuture, Context, Wait,
    awaitable::Plain,
    plain_run,
    schema::{Fingerprint, TraceError, fingerprint_of},
    stored::{self, Form, Packing, StoredError, packed},
};
use serde::{Serialize, de::DeserializeOwned};
use std::marker::PhantomData;

/// Waits for an event of this name, sent with `handle.send(name, &value)`. The execution gives up its memory and costs a row
/// until it comes. Events are received oldest first for each name; one that came before anyone waited is kept. An event is
/// consumed with the next await point's commit, so a crash in between delivers it again, and after that never.
///
/// If the value that was sent is of another type, the execution is set aside and keeps both its state and the event.
#[must_use = "an event is received only when awaited"]
pub fn event<T: DeserializeOwned + 'static>(name: impl Into<String>) -> Event<T> {
    Event { name: name.into(), value: PhantomData }
}

/// What [`event`] gives.
#[derive(Debug)]
pub struct Event<T> {
    name: String,
    value: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + Send + 'static> Awaitable for Event<T> {
    type Output = T;

    fn wait(&self) -> Wait {
        Wait::Event(self.name.clone())
    }

    async fn run<'a>(self, cx: &'a Context) -> T
    where
        Self: 'a,
    {
        let Some(payload) = cx.take_delivery() else { match cx.park().await {} };
        match decode_event(&payload) {
            Ok(value) => value,
            Err(error) => match cx.set_aside(format!("event `{}`: {error}", self.name)).await {},
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> Plain for Event<T> {
    type Output = T;

    async fn plain(self) -> T {
        match decode_event(&plain_run::receive(&self.name).await) {
            Ok(value) => value,
            Err(error) => panic!("event `{}`: {error}", self.name),
        }
    }
}

/// Outside a workflow, an event is that of the plain run: answered by the test kit's mailbox.
impl<T: DeserializeOwned + Send + 'static> IntoFuture for Event<T> {
    type Output = T;
    type IntoFuture = BoxFuture<'static, T>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.plain())
    }
}

/// Why an event's value could not be sent or received.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The type cannot be described.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// It was sent as another type than the one that is received.
    #[error(
        "it was sent with a value of another shape (fingerprint {sent}, expected {expected} for `{type_name}`): send and receive one type under one name"
    )]
    OtherType {
        /// What was sent.
        sent: Fingerprint,
        /// What is received.
        expected: Fingerprint,
        /// The type that is received.
        type_name: &'static str,
    },
    /// The value could not be encoded or decoded.
    #[error("its value cannot be encoded or decoded: {0}")]
    Codec(#[from] postcard::Error),
    /// Too short for its header.
    #[error(
        "its payload is truncated: {bytes} bytes, shorter than its header of 24; restore it from a backup"
    )]
    Truncated {
        /// Its length.
        bytes: usize,
    },
    /// The checksum does not match.
    #[error(
        "its payload is damaged: its checksum is {found:08x}, {expected:08x} was stored; restore it from a backup"
    )]
    Damaged {
        /// What was stored.
        expected: u32,
        /// What the bytes give.
        found: u32,
    },
    /// Written by a newer version.
    #[error("its payload was written by a newer version: use a newer version of durable")]
    Newer,
    /// It is compressed or encrypted.
    #[error("its payload is {}: read it through a client, which can undo that", packed(*packing))]
    Packed {
        /// How.
        packing: Packing,
    },
}

impl From<StoredError> for EventError {
    fn from(error: StoredError) -> Self {
        match error {
            StoredError::Truncated { bytes } => Self::Truncated { bytes },
            StoredError::Damaged { expected, found } => Self::Damaged { expected, found },
            StoredError::Packed { packing } => Self::Packed { packing },
            StoredError::UnknownFormat { .. }
            | StoredError::UnknownCodec { .. }
            | StoredError::UnknownFlags { .. }
            | StoredError::Parts { .. } => Self::Newer,
        }
    }
}

const HEADER_BYTES: usize = Form::Value.header_bytes();
const FINGERPRINT: std::ops::Range<usize> = 4..20;

/// Encodes a value with its type's fingerprint and a checksum in front ([`Form::Value`]): the form of events and outputs (E5).
pub fn encode_event<T: Serialize + DeserializeOwned + 'static>(value: &T) -> Result<Vec<u8>, EventError> {
    let mut bytes = vec![0; HEADER_BYTES];
    bytes[FINGERPRINT].copy_from_slice(&fingerprint_of::<T>()?.0);
    let mut bytes = postcard::to_extend(value, bytes)?;
    stored::mark(&mut bytes, Packing::default());
    stored::sum(Form::Value, &mut bytes);
    Ok(bytes)
}

/// The inverse of [`encode_event`]; another fingerprint than `T`'s is refused.
pub fn decode_event<T: DeserializeOwned + 'static>(bytes: &[u8]) -> Result<T, EventError> {
    // Before the value is looked at: a flipped bit in it would often be another value, and no error.
    let packing = stored::check(Form::Value, bytes)?;
    if !packing.is_plain() {
        return Err(EventError::Packed { packing });
    }
    let mut sent = Fingerprint([0; 16]);
    sent.0.copy_from_slice(&bytes[FINGERPRINT]);
    let expected = fingerprint_of::<T>()?;
    if sent != expected {
        return Err(EventError::OtherType { sent, expected, type_name: std::any::type_name::<T>() });
    }
    let (value, rest) = postcard::take_from_bytes(&bytes[HEADER_BYTES..])?;
    if rest.is_empty() { Ok(value) } else { Err(EventError::Codec(postcard::Error::DeserializeBadEncoding)) }
}
