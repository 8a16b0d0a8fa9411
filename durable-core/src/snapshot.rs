//! The portable snapshot: one frame's saved state in an envelope that names everything needed to read it.
//!
//! Layout, all integers little-endian: magic `DURS`; envelope version `u8` = 1; codec `u8` (1 = postcard);
//! flags `u16`, 1 if a schema follows; workflow name and point name (each a `u16` length and UTF-8, at most 256 bytes); fingerprint,
//! 16 bytes; instance, 16 bytes; run `u32`; epoch, frame, parent (`u64::MAX`: none) and visit, `u64` each;
//! failed `u32`; with that flag the schema's length `u32` and the schema, as [`PointSchema::to_bytes`] writes it; payload length `u32`;
//! payload; CRC32C `u32` of everything before it.
//!
//! With the schema, whoever has the bytes can read them: as JSON ([`Decoded::value`]) without the program that saved them, and as
//! what a later version of the program saves. Without, only a program that saves the very same can go on from them.
//!
//! Envelopes may stand one after another, one per frame: [`decode`] returns what follows.

#[cfg(test)]
mod tests;

use crate::schema::{DecodeError, Fingerprint, PointSchema, SchemaError, Value};

const MAGIC: [u8; 4] = *b"DURS";
const VERSION: u8 = 1;
const CODEC_POSTCARD: u8 = 1;
const WITH_SCHEMA: u16 = 1;
const NO_PARENT: u64 = u64::MAX;
const CRC_BYTES: usize = 4;

/// The longest workflow or point name.
pub const NAME_BYTES_MAX: usize = 256;

/// The default cap on one payload: 16 MiB.
pub const PAYLOAD_BYTES_MAX: usize = 16 << 20;

/// The longest schema: 1 MiB.
pub const SCHEMA_BYTES_MAX: usize = 1 << 20;

/// What an envelope says about its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The workflow's name.
    pub workflow: String,
    /// The await point's name.
    pub point: String,
    /// The point fingerprint of the writer.
    pub fingerprint: Fingerprint,
    /// The random identity of the execution.
    pub instance: [u8; 16],
    /// Grows with each rewind and edit.
    pub run: u32,
    /// Committed transitions of the execution.
    pub epoch: u64,
    /// The frame's number; 0 is the root.
    pub frame: u64,
    /// The frame this one is a branch of.
    pub parent: Option<u64>,
    /// Await-point commits of this frame.
    pub visit: u64,
    /// Failed attempts at this await point.
    pub failed: u32,
}

/// What [`decode`] accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest payload.
    pub payload_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { payload_bytes_max: PAYLOAD_BYTES_MAX }
    }
}

/// Why a snapshot cannot be written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The magic is missing.
    #[error("not a snapshot: byte 0 does not begin with `DURS`; check that these bytes came from an export")]
    NotASnapshot,
    /// A newer version wrote it.
    #[error(
        "envelope version {found} at byte 4 is unknown (newest known: {newest}); read it with a newer `durable`"
    )]
    UnknownVersion {
        /// The version found.
        found: u8,
        /// The newest version this build reads.
        newest: u8,
    },
    /// The payload is in a codec this build does not have.
    #[error("codec {found} at byte 5 is unknown (known: 1, postcard); read it with the build that wrote it")]
    UnknownCodec {
        /// The codec found.
        found: u8,
    },
    /// Flags this build does not know.
    #[error("flags {found:#06x} at byte 6 are unknown (known: 1); read it with a newer `durable`")]
    UnknownFlags {
        /// The flags found.
        found: u16,
    },
    /// The bytes end early.
    #[error(
        "the snapshot is cut: it needs at least {need} bytes and has {have}; fetch it again or restore a backup"
    )]
    Truncated {
        /// The least length that would do, as far as it was read.
        need: usize,
        /// The length there is.
        have: usize,
    },
    /// The checksum does not match.
    #[error(
        "the snapshot is damaged: CRC32C should be {expected:#010x} and is {found:#010x}; restore a backup"
    )]
    Corrupt {
        /// The checksum written in the snapshot.
        expected: u32,
        /// The checksum of the bytes there are.
        found: u32,
    },
    /// The payload is over the limit.
    #[error(
        "the payload of {bytes} bytes is over the limit of {max}; save less in the workflow, or raise `payload_bytes_max`"
    )]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// A name is empty, too long or not UTF-8.
    #[error("the {which} name {problem}; names are 1 to {NAME_BYTES_MAX} bytes of UTF-8")]
    BadName {
        /// `workflow` or `point`.
        which: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The schema is over the limit.
    #[error(
        "the schema of {bytes} bytes is over the limit of {SCHEMA_BYTES_MAX}; save less in the workflow, or leave the schema out"
    )]
    SchemaTooLarge {
        /// Its length.
        bytes: usize,
    },
    /// The schema cannot be read.
    #[error("the schema in the snapshot cannot be read: {0}")]
    Schema(#[from] SchemaError),
    /// The schema is not the one that the fingerprint names.
    #[error(
        "the schema in the snapshot is of await point `{point}` with fingerprint {found}, and not the one that its header names"
    )]
    OtherSchema {
        /// Its await point.
        point: String,
        /// Its fingerprint.
        found: Fingerprint,
    },
    /// A parent of `u64::MAX`, which the layout keeps for none.
    #[error("frame {frame} names u64::MAX as its parent, which means none; use `None`")]
    BadParent {
        /// The frame.
        frame: u64,
    },
}

/// Puts a payload in its envelope, with its schema or without. The schema is that of the header's await point and fingerprint, as
/// [`PointSchema::to_bytes`] writes it.
pub fn encode(header: &Header, schema: Option<&[u8]>, payload: &[u8]) -> Result<Vec<u8>, SnapshotError> {
    check_name("workflow", &header.workflow)?;
    check_name("point", &header.point)?;
    if header.parent == Some(NO_PARENT) {
        return Err(SnapshotError::BadParent { frame: header.frame });
    }
    let too_large = SnapshotError::TooLarge { bytes: payload.len(), max: u32::MAX as usize };
    let payload_bytes = u32::try_from(payload.len()).map_err(|_| too_large)?;
    let (flags, schema_bytes) = match schema {
        Some(schema) if schema.len() > SCHEMA_BYTES_MAX => {
            return Err(SnapshotError::SchemaTooLarge { bytes: schema.len() });
        }
        Some(schema) => (WITH_SCHEMA, schema.len()),
        None => (0, 0),
    };

    let names_bytes = header.workflow.len() + header.point.len();
    let mut out = Vec::with_capacity(128 + names_bytes + schema_bytes + payload.len());
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&[VERSION, CODEC_POSTCARD]);
    out.extend_from_slice(&flags.to_le_bytes());
    for name in [&header.workflow, &header.point] {
        // Fits: `check_name` holds it to 256 bytes.
        out.extend_from_slice(&(name.len() as u16).to_le_bytes());
        out.extend_from_slice(name.as_bytes());
    }
    out.extend_from_slice(&header.fingerprint.0);
    out.extend_from_slice(&header.instance);
    out.extend_from_slice(&header.run.to_le_bytes());
    for number in [header.epoch, header.frame, header.parent.unwrap_or(NO_PARENT), header.visit] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.extend_from_slice(&header.failed.to_le_bytes());
    if let Some(schema) = schema {
        // Fits: it was compared with the limit.
        out.extend_from_slice(&(schema_bytes as u32).to_le_bytes());
        out.extend_from_slice(schema);
    }
    out.extend_from_slice(&payload_bytes.to_le_bytes());
    out.extend_from_slice(payload);
    out.extend_from_slice(&crc32c::crc32c(&out).to_le_bytes());
    Ok(out)
}

/// An envelope, opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// What it says about its payload.
    pub header: Header,
    /// What the payload means, if that is in it: the schema of the header's await point, with the header's fingerprint.
    pub schema: Option<PointSchema>,
    /// The saved locals.
    pub payload: &'a [u8],
    /// The bytes after the envelope.
    pub rest: &'a [u8],
}

impl Decoded<'_> {
    /// The saved locals by name, for people, JSON and tools; `None` if the envelope has no schema.
    ///
    /// # Errors
    ///
    /// If the payload is not what the schema says.
    pub fn value(&self) -> Option<Result<Value, DecodeError>> {
        self.schema.as_ref().map(|schema| schema.decode(self.payload))
    }
}

/// Reads the first envelope of `bytes`.
///
/// Every header field and the size cap are checked before the payload is looked at, and the checksum before
/// anything is returned.
pub fn decode<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Decoded<'a>, SnapshotError> {
    let mut fields = Fields { bytes, at: 0 };
    let flags = fields.preamble()?;
    let header = fields.header()?;
    let schema = match flags {
        WITH_SCHEMA => Some(fields.schema()?),
        _ => None,
    };
    let payload_bytes = fields.u32()? as usize;
    if payload_bytes > limits.payload_bytes_max {
        return Err(SnapshotError::TooLarge { bytes: payload_bytes, max: limits.payload_bytes_max });
    }
    // The checksum's bytes are asked for too, so that `need` is the length of the whole envelope.
    fields.require(payload_bytes.saturating_add(CRC_BYTES))?;
    let payload = fields.take(payload_bytes)?;
    let found = crc32c::crc32c(&bytes[..fields.at]);
    let expected = fields.u32()?;
    if expected != found {
        return Err(SnapshotError::Corrupt { expected, found });
    }
    let schema = schema.map(|schema| read_schema(&header, schema)).transpose()?;
    Ok(Decoded { header, schema, payload, rest: &bytes[fields.at..] })
}

fn read_schema(header: &Header, bytes: &[u8]) -> Result<PointSchema, SnapshotError> {
    let schema = PointSchema::from_bytes(bytes)?;
    let found = schema.fingerprint();
    match schema.name == header.point && found == header.fingerprint {
        true => Ok(schema),
        false => Err(SnapshotError::OtherSchema { point: schema.name, found }),
    }
}

fn check_name(which: &'static str, name: &str) -> Result<(), SnapshotError> {
    match name.len() {
        0 => Err(SnapshotError::BadName { which, problem: "is empty" }),
        1..=NAME_BYTES_MAX => Ok(()),
        _ => Err(SnapshotError::BadName { which, problem: "is too long" }),
    }
}

struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    /// The flags.
    fn preamble(&mut self) -> Result<u16, SnapshotError> {
        // A cut magic is still told apart from another file.
        let have = self.bytes.len().min(MAGIC.len());
        if self.bytes[..have] != MAGIC[..have] {
            return Err(SnapshotError::NotASnapshot);
        }
        self.take(MAGIC.len())?;
        match self.array::<1>()? {
            [VERSION] => {}
            [found] => return Err(SnapshotError::UnknownVersion { found, newest: VERSION }),
        }
        match self.array::<1>()? {
            [CODEC_POSTCARD] => {}
            [found] => return Err(SnapshotError::UnknownCodec { found }),
        }
        match u16::from_le_bytes(self.array()?) {
            known @ (0 | WITH_SCHEMA) => Ok(known),
            found => Err(SnapshotError::UnknownFlags { found }),
        }
    }

    fn schema(&mut self) -> Result<&'a [u8], SnapshotError> {
        let bytes = self.u32()? as usize;
        match bytes > SCHEMA_BYTES_MAX {
            true => Err(SnapshotError::SchemaTooLarge { bytes }),
            false => self.take(bytes),
        }
    }

    fn header(&mut self) -> Result<Header, SnapshotError> {
        Ok(Header {
            workflow: self.name("workflow")?,
            point: self.name("point")?,
            fingerprint: Fingerprint(self.array()?),
            instance: self.array()?,
            run: self.u32()?,
            epoch: self.u64()?,
            frame: self.u64()?,
            parent: Some(self.u64()?).filter(|parent| *parent != NO_PARENT),
            visit: self.u64()?,
            failed: self.u32()?,
        })
    }

    fn name(&mut self, which: &'static str) -> Result<String, SnapshotError> {
        let bytes = usize::from(u16::from_le_bytes(self.array()?));
        if bytes > NAME_BYTES_MAX {
            return Err(SnapshotError::BadName { which, problem: "is too long" });
        }
        let name = std::str::from_utf8(self.take(bytes)?)
            .map_err(|_| SnapshotError::BadName { which, problem: "is not UTF-8" })?;
        check_name(which, name)?;
        Ok(name.to_owned())
    }

    fn u32(&mut self) -> Result<u32, SnapshotError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, SnapshotError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], SnapshotError> {
        self.require(count)?;
        let taken = &self.bytes[self.at..self.at + count];
        self.at += count;
        Ok(taken)
    }

    fn require(&self, count: usize) -> Result<(), SnapshotError> {
        let have = self.bytes.len();
        if count > have - self.at {
            return Err(SnapshotError::Truncated { need: self.at.saturating_add(count), have });
        }
        Ok(())
    }
}
