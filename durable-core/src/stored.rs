//! The two forms in which payloads stand inside a store: a header, then the payload.
//!
//! A [snapshot](Form::Snapshot) has a header of 20 bytes:
//!
//! | bytes | content |
//! |---|---|
//! | 0 | format, 1 |
//! | 1 | codec, 1 for postcard |
//! | 2..4 | flags, little-endian: 1 compressed, 2 encrypted, 4 large fields stand apart |
//! | 4..8 | number of the schema row, little-endian |
//! | 8..16 | the epoch the commit made, little-endian |
//! | 16..20 | CRC32C over bytes 0 to 15 and the payload, little-endian |
//!
//! A [value](Form::Value), which is an event or an output, has one of 24:
//!
//! | bytes | content |
//! |---|---|
//! | 0..4 | as above |
//! | 4..20 | fingerprint of its type |
//! | 20..24 | CRC32C over bytes 0 to 19 and the payload, little-endian |
//!
//! A [large field](Form::LargeField) of snapshots that stands apart has one of 8: bytes 0 to 3 as above, then the CRC32C over them and
//! the payload. In the payload of the snapshot it is left out, and a [`table`](Part) in front says so.
//!
//! Names and a snapshot's fingerprint stand in the schema row; the portable form with names is [`snapshot`](crate::snapshot). What is
//! done to a payload beyond its encoding ([`Packing`]) is done and undone by whoever talks to the store, not here; the checksum is
//! over the payload as it is stored, so that damage is found before anything else is tried.

mod apart;

pub use crate::durable::recycle;
pub use apart::{LARGE_FIELD_BYTES, Part, contents, may_refer, parts, table_bytes, write_parts};

use crate::store::SchemaId;

/// Length of a snapshot's header, which a [`Saver`](crate::Saver) leaves free in front of the payload.
pub const STORED_HEADER_BYTES: usize = 20;

const FORMAT: u8 = 1;
const CODEC_POSTCARD: u8 = 1;
const COMPRESSED: u16 = 1;
const ENCRYPTED: u16 = 2;
const APART: u16 = 4;
const FLAGS_AT: usize = 2;
const CRC_BYTES: usize = 4;

/// What a header stands in front of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The saved locals of a frame, a start's input included.
    Snapshot,
    /// One value with the fingerprint of its type: an event, or an output.
    Value,
    /// A field of snapshots that is stored once for all of them.
    LargeField,
}

impl Form {
    /// Length of the header.
    pub const fn header_bytes(self) -> usize {
        match self {
            Self::Snapshot => STORED_HEADER_BYTES,
            Self::Value => 24,
            Self::LargeField => 8,
        }
    }

    /// Length of what the checksum covers in front of the payload: the header without the checksum.
    pub const fn summed_bytes(self) -> usize {
        self.header_bytes() - CRC_BYTES
    }
}

/// What was done to a payload after it was encoded: large fields were taken out, what is left was compressed, and then encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packing {
    /// It is a zstd frame that declares its length.
    pub compressed: bool,
    /// It is encrypted.
    pub encrypted: bool,
    /// Large fields stand apart. In front of the payload is a table of them, neither compressed nor encrypted.
    pub apart: bool,
}

impl Packing {
    /// Nothing was done to it.
    pub fn is_plain(self) -> bool {
        self == Self::default()
    }

    fn flags(self) -> u16 {
        u16::from(self.compressed) * COMPRESSED
            + u16::from(self.encrypted) * ENCRYPTED
            + u16::from(self.apart) * APART
    }
}

/// Fills in the header of `bytes`, whose first [`STORED_HEADER_BYTES`] are free.
pub fn stamp(bytes: &mut [u8], schema: SchemaId, epoch: u64) {
    bytes[4..8].copy_from_slice(&schema.0.to_le_bytes());
    bytes[8..16].copy_from_slice(&epoch.to_le_bytes());
    mark(bytes, Packing::default());
    sum(Form::Snapshot, bytes);
}

/// Writes format, codec and flags; the rest of the header stays. [`sum`] comes next.
pub fn mark(bytes: &mut [u8], packing: Packing) {
    bytes[0] = FORMAT;
    bytes[1] = CODEC_POSTCARD;
    bytes[2..4].copy_from_slice(&packing.flags().to_le_bytes());
}

/// Writes the checksum, when everything else is written.
pub fn sum(form: Form, bytes: &mut [u8]) {
    let crc = checksum(form, bytes);
    bytes[form.summed_bytes()..form.header_bytes()].copy_from_slice(&crc.to_le_bytes());
}

/// Checks length, checksum, format, codec and flags, and tells what the payload is in.
pub fn check(form: Form, bytes: &[u8]) -> Result<Packing, StoredError> {
    let (summed, header) = (form.summed_bytes(), form.header_bytes());
    if bytes.len() < header {
        return Err(StoredError::Truncated { bytes: bytes.len() });
    }
    let expected = u32::from_le_bytes(array(&bytes[summed..header]));
    let found = checksum(form, bytes);
    if expected != found {
        return Err(StoredError::Damaged { expected, found });
    }
    if bytes[0] != FORMAT {
        return Err(StoredError::UnknownFormat { format: bytes[0] });
    }
    if bytes[1] != CODEC_POSTCARD {
        return Err(StoredError::UnknownCodec { codec: bytes[1] });
    }
    let flags = u16::from_le_bytes(array(&bytes[2..4]));
    let known = match form {
        Form::Snapshot => COMPRESSED | ENCRYPTED | APART,
        Form::Value | Form::LargeField => COMPRESSED | ENCRYPTED,
    };
    if flags & !known != 0 {
        return Err(StoredError::UnknownFlags { flags });
    }
    let is = |flag| flags & flag != 0;
    Ok(Packing { compressed: is(COMPRESSED), encrypted: is(ENCRYPTED), apart: is(APART) })
}

/// The header of a stored snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredHeader {
    /// The schema row that describes the payload.
    pub schema: SchemaId,
    /// The epoch of the commit that wrote it.
    pub epoch: u64,
    /// What the payload is in.
    pub packing: Packing,
}

/// Checks a stored snapshot and gives its header and its payload, packed as the header says.
pub fn open_packed(bytes: &[u8]) -> Result<(StoredHeader, &[u8]), StoredError> {
    let packing = check(Form::Snapshot, bytes)?;
    let schema = SchemaId(u32::from_le_bytes(array(&bytes[4..8])));
    let epoch = u64::from_le_bytes(array(&bytes[8..16]));
    Ok((StoredHeader { schema, epoch, packing }, &bytes[STORED_HEADER_BYTES..]))
}

/// The same, of a snapshot whose payload can be decoded as it is.
pub fn open(bytes: &[u8]) -> Result<(StoredHeader, &[u8]), StoredError> {
    let (header, payload) = open_packed(bytes)?;
    if !header.packing.is_plain() {
        return Err(StoredError::Packed { packing: header.packing });
    }
    Ok((header, payload))
}

fn checksum(form: Form, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&bytes[..form.summed_bytes()]), &bytes[form.header_bytes()..])
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(bytes);
    array
}

/// A stored snapshot that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoredError {
    /// Too short for a header.
    #[error(
        "the snapshot is truncated: {bytes} bytes, shorter than its header of 20; restore it from a backup"
    )]
    Truncated {
        /// Its length.
        bytes: usize,
    },
    /// The checksum does not match.
    #[error(
        "the snapshot is damaged: its checksum is {found:08x}, {expected:08x} was stored; restore it from a backup"
    )]
    Damaged {
        /// What was stored.
        expected: u32,
        /// What the bytes give.
        found: u32,
    },
    /// Written by a newer version.
    #[error(
        "the snapshot has format {format}, which this version does not know: use a newer version of durable"
    )]
    UnknownFormat {
        /// The format byte.
        format: u8,
    },
    /// Another codec.
    #[error(
        "the snapshot has codec {codec}, which this version does not know: use a newer version of durable"
    )]
    UnknownCodec {
        /// The codec byte.
        codec: u8,
    },
    /// Something was done to its payload that this version does not know.
    #[error(
        "the snapshot has flags {flags:#06x}, which this version does not know: use a newer version of durable"
    )]
    UnknownFlags {
        /// The flags.
        flags: u16,
    },
    /// Its table of large fields is none.
    #[error("the snapshot's table of large fields cannot be read: {reason}; restore it from a backup")]
    Parts {
        /// What is the matter with it.
        reason: &'static str,
    },
    /// It is compressed, encrypted, or not all of it is here.
    #[error(
        "the snapshot is {}: read it through a client, which can undo that", packed(*packing)
    )]
    Packed {
        /// How.
        packing: Packing,
    },
}

/// In words.
pub(crate) fn packed(packing: Packing) -> &'static str {
    match packing {
        Packing { compressed: true, encrypted: true, .. } => "compressed and encrypted",
        Packing { encrypted: true, .. } => "encrypted",
        Packing { compressed: true, .. } => "compressed",
        Packing { apart: true, .. } => "without its large fields, which stand apart",
        Packing { .. } => "neither compressed nor encrypted",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut bytes = vec![0; STORED_HEADER_BYTES];
        bytes.extend(b"payload");
        stamp(&mut bytes, SchemaId(7), 42);
        bytes
    }

    #[test]
    fn opens_what_it_stamped() {
        let bytes = sample();
        let (header, payload) = open(&bytes).unwrap();
        let packing = Packing::default();
        let expected = StoredHeader { schema: SchemaId(7), epoch: 42, packing };
        assert_eq!((header, payload), (expected, &b"payload"[..]));
    }

    #[test]
    fn tells_what_a_payload_is_in_and_opens_it_only_packed() {
        let mut bytes = sample();
        for flags in 1..8 {
            let packing =
                Packing { compressed: flags & 1 != 0, encrypted: flags & 2 != 0, apart: flags & 4 != 0 };
            mark(&mut bytes, packing);
            sum(Form::Snapshot, &mut bytes);
            let (header, payload) = open_packed(&bytes).unwrap();
            assert_eq!(header, StoredHeader { schema: SchemaId(7), epoch: 42, packing });
            assert_eq!(payload, b"payload");
            assert_eq!(open(&bytes), Err(StoredError::Packed { packing }));
        }
    }

    #[test]
    fn refuses_flags_formats_and_codecs_of_a_later_version() {
        let changed = |at: usize, to: u8| {
            let mut bytes = sample();
            bytes[at] = to;
            sum(Form::Snapshot, &mut bytes);
            open(&bytes).unwrap_err()
        };
        assert_eq!(changed(0, 9), StoredError::UnknownFormat { format: 9 });
        assert_eq!(changed(1, 9), StoredError::UnknownCodec { codec: 9 });
        assert_eq!(changed(2, 8), StoredError::UnknownFlags { flags: 8 });
        assert_eq!(changed(3, 0x80), StoredError::UnknownFlags { flags: 0x8000 });
    }

    #[test]
    fn refuses_every_flipped_bit_and_every_truncation() {
        let bytes = sample();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            open(&flipped).unwrap_err();
        }
        for len in 0..bytes.len() {
            open(&bytes[..len]).unwrap_err();
        }
    }
}
