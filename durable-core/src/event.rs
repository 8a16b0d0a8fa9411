//! `event`: a value sent to the execution from outside.

#[cfg(test)]
mod tests;

use crate::{
    Awaitable, BoxFuture, Context, Schema, Wait,
    awaitable::Plain,
    plain_run,
    schema::{DecodeError, Fingerprint, RebuildError, Shape, TraceError, Value},
    stored::{self, Form, Packing, StoredError, packed},
};
use serde::{Serialize, de::DeserializeOwned};
use std::{marker::PhantomData, sync::Arc};

/// Waits for an event of this name, sent with `handle.send(name, &value)`. The execution gives up its memory and costs a row
/// until it comes. Events are received oldest first for each name; one that came before anyone waited is kept. An event is
/// consumed with the next await point's commit, so a crash in between delivers it again, and after that never.
///
/// What another version of the program sent, with another version of the type, is read by names, as serde reads JSON: fields that are new
/// get their `#[serde(default)]`, fields that are not known are left out. If no value of this type can be made of what was sent, the
/// execution is set aside and keeps both its state and the event, for a build that can.
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
        let Delivered { seq, payload, writer } = delivered(cx, Shape::of::<T>().ok()).await;
        let received = match writer {
            None => decode_event(&payload),
            Some(writer) => decode_event_from(&payload, &writer),
        };
        match received {
            Ok(value) => {
                cx.consume(seq);
                value
            }
            Err(error) => match cx.set_aside(format!("event `{}`: {error}", self.name)).await {},
        }
    }
}

/// An event that came.
struct Delivered {
    seq: u64,
    payload: Vec<u8>,
    /// What it was sent as, if that is another version of the type.
    writer: Option<Arc<Schema>>,
}

/// Waits for the event, and for what is needed to read it. Apart from its type: users' crates are to compile little for each of theirs.
async fn delivered(cx: &Context, shape: Option<&'static Shape>) -> Delivered {
    let Some((seq, payload)) = cx.take_delivery() else { match cx.park().await {} };
    let writer = match (fingerprint_in(&payload), shape) {
        (Some(sent), Some(shape)) if sent != shape.fingerprint() => cx.shape(sent).await,
        _ => None,
    };
    Delivered { seq, payload, writer }
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
    /// It was sent as another type than the one that is received, and nobody knows what that type looks like.
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
    /// It was sent as another type, or another version of the type, than the one that is received, which cannot be made of that value.
    #[error(
        "it was sent with a value of another shape, from which no `{type_name}` can be made: {reason}{}; send and receive one type under one name, \
         and let it read what its other versions send (`#[serde(default)]`, `#[serde(alias = \"..\")]`)",
        differences_listed(differences)
    )]
    OtherShape {
        /// The type that is received.
        type_name: &'static str,
        /// Where in the value, and what was expected there.
        reason: RebuildError,
        /// What is different in the type that is received, in words, each with its path from `value`.
        differences: Vec<String>,
    },
    /// Its bytes are not what its schema says, or claim more than a program has sent: in number, or in depth.
    #[error("its value cannot be read back: {0}")]
    Decode(#[from] DecodeError),
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

/// The [differences](EventError::OtherShape) between two types, for the end of a message, shortened: who wants all of them looks at the types.
#[doc(hidden)]
pub fn differences_listed(differences: &[String]) -> String {
    let shown = differences.iter().take(DIFFERENCES_SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match differences.len() {
        0 => shown,
        1..=DIFFERENCES_SHOWN => format!(" ({shown})"),
        _ => format!(" ({shown}, and more)"),
    }
}

const DIFFERENCES_SHOWN: usize = 5;
const HEADER_BYTES: usize = Form::Value.header_bytes();
const FINGERPRINT: std::ops::Range<usize> = 4..20;

/// Encodes a value with its type's fingerprint and a checksum in front ([`Form::Value`]): the form of events and outputs (E5).
pub fn encode_event<T: Serialize + DeserializeOwned + 'static>(value: &T) -> Result<Vec<u8>, EventError> {
    let shape = Shape::of::<T>()?;
    let mut bytes = vec![0; HEADER_BYTES];
    bytes[FINGERPRINT].copy_from_slice(&shape.fingerprint().0);
    let mut bytes = postcard::to_extend(value, bytes)?;
    // What could not be read again is refused before it is written.
    shape.check(&bytes[HEADER_BYTES..])?;
    stored::mark(&mut bytes, Packing::default());
    stored::sum(Form::Value, &mut bytes);
    Ok(bytes)
}

/// The inverse of [`encode_event`]; another fingerprint than `T`'s is refused.
pub fn decode_event<T: DeserializeOwned + 'static>(bytes: &[u8]) -> Result<T, EventError> {
    let (sent, payload) = open(bytes)?;
    let shape = Shape::of::<T>()?;
    let expected = shape.fingerprint();
    if sent != expected {
        return Err(EventError::OtherType { sent, expected, type_name: std::any::type_name::<T>() });
    }
    shape.check(payload)?;
    let (value, rest) = postcard::take_from_bytes(payload)?;
    if rest.is_empty() { Ok(value) } else { Err(EventError::Codec(postcard::Error::DeserializeBadEncoding)) }
}

/// The same of what another version of the program encoded, with this schema: a `T` is made of it by names, as serde does it
/// ([`Value::rebuild`]). A number that does not fit and a variant that is not known are errors; a field that is not known is left out.
pub fn decode_event_from<T: DeserializeOwned + 'static>(
    bytes: &[u8],
    writer: &Schema,
) -> Result<T, EventError> {
    let shape = Shape::of::<T>()?;
    let value = event_value(bytes, writer)?;
    let built = match nothing_in_common(writer, shape.schema()) {
        None => value.rebuild(),
        Some(reason) => Err(reason),
    };
    built.map_err(|reason| EventError::OtherShape {
        type_name: std::any::type_name::<T>(),
        reason,
        differences: writer.differences("value", shape.schema()),
    })
}

/// Serde makes any struct of any other, if all its fields are optional. Two with different names and no field of one name are no
/// versions of one type: somebody has sent something else under the name.
fn nothing_in_common(writer: &Schema, reader: &Schema) -> Option<RebuildError> {
    match (writer, reader) {
        (
            Schema::Struct { name: was, fields: was_fields },
            Schema::Struct { name: is, fields: is_fields },
        ) => {
            let is_known = |(name, _): &(_, _)| is_fields.iter().any(|(other, _)| other == name);
            let strange = was != is && !was_fields.is_empty() && !was_fields.iter().any(is_known);
            let what = || format!("`{was}` has no field in common with `{is}`");
            strange.then(|| serde::de::Error::custom(what()))
        }
        _ => None,
    }
}

/// What was encoded, for whoever does not have its type: by the schema it was encoded with.
pub fn event_value(bytes: &[u8], writer: &Schema) -> Result<Value, EventError> {
    let (_, payload) = open(bytes)?;
    let (value, rest) = writer.decode(payload)?;
    match rest.len() {
        0 => Ok(value),
        left => Err(DecodeError::Trailing { at: payload.len() - left, left }.into()),
    }
}

/// The fingerprint of the type that was encoded.
pub fn event_fingerprint(bytes: &[u8]) -> Result<Fingerprint, EventError> {
    open(bytes).map(|(sent, _)| sent)
}

/// Fingerprint and payload.
fn open(bytes: &[u8]) -> Result<(Fingerprint, &[u8]), EventError> {
    // Before the value is looked at: a flipped bit in it would often be another value, and no error.
    let packing = stored::check(Form::Value, bytes)?;
    if !packing.is_plain() {
        return Err(EventError::Packed { packing });
    }
    match fingerprint_in(bytes) {
        Some(sent) => Ok((sent, &bytes[HEADER_BYTES..])),
        None => Err(EventError::Truncated { bytes: bytes.len() }),
    }
}

/// The fingerprint that stands there; nothing is checked.
fn fingerprint_in(bytes: &[u8]) -> Option<Fingerprint> {
    let sent = bytes.get(FINGERPRINT)?;
    sent.try_into().ok().map(Fingerprint)
}
