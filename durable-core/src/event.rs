//! `event`: a value sent to the execution from outside.

use crate::{
    Awaitable, BoxFuture, Context, Wait,
    awaitable::Plain,
    plain_run,
    schema::{Fingerprint, TraceError, fingerprint_of},
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
    /// Too short for fingerprint and checksum.
    #[error(
        "its payload is truncated: {bytes} bytes, shorter than its header of 20; restore it from a backup"
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
}

/// Length of what stands in front of a value: 16 bytes of fingerprint, then the CRC32C of fingerprint and value, little-endian.
const HEADER_BYTES: usize = 20;

/// Encodes a value with its type's fingerprint and a checksum in front: the form of events and outputs (E5).
pub fn encode_event<T: Serialize + DeserializeOwned + 'static>(value: &T) -> Result<Vec<u8>, EventError> {
    let mut bytes = fingerprint_of::<T>()?.0.to_vec();
    bytes.resize(HEADER_BYTES, 0);
    let mut bytes = postcard::to_extend(value, bytes)?;
    let crc = checksum(&bytes);
    bytes[16..HEADER_BYTES].copy_from_slice(&crc.to_le_bytes());
    Ok(bytes)
}

/// The inverse of [`encode_event`]; another fingerprint than `T`'s is refused.
pub fn decode_event<T: DeserializeOwned + 'static>(bytes: &[u8]) -> Result<T, EventError> {
    let truncated = EventError::Truncated { bytes: bytes.len() };
    let Some((sent, rest)) = bytes.split_first_chunk::<16>() else { return Err(truncated) };
    let Some((crc, payload)) = rest.split_first_chunk::<4>() else { return Err(truncated) };
    // Before the value is looked at: a flipped bit in it would often be another value, and no error.
    let (stored, found) = (u32::from_le_bytes(*crc), checksum(bytes));
    if stored != found {
        return Err(EventError::Damaged { expected: stored, found });
    }
    let (sent, expected) = (Fingerprint(*sent), fingerprint_of::<T>()?);
    if sent != expected {
        return Err(EventError::OtherType { sent, expected, type_name: std::any::type_name::<T>() });
    }
    let (value, rest) = postcard::take_from_bytes(payload)?;
    if rest.is_empty() { Ok(value) } else { Err(EventError::Codec(postcard::Error::DeserializeBadEncoding)) }
}

fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&bytes[..16]), &bytes[HEADER_BYTES..])
}
