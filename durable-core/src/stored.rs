//! The form of a snapshot inside a store: a header of 20 bytes, then the payload.
//!
//! | bytes | content |
//! |---|---|
//! | 0 | format, 1 |
//! | 1 | codec, 1 for postcard |
//! | 2..4 | flags, 0 |
//! | 4..8 | number of the schema row, little-endian |
//! | 8..16 | the epoch the commit made, little-endian |
//! | 16..20 | CRC32C over bytes 0 to 15 and the payload, little-endian |
//!
//! Names and fingerprint stand in the schema row; the portable form with names is [`snapshot`](crate::snapshot).

pub use crate::durable::recycle;
use crate::store::SchemaId;

/// Length of the header, which a [`Saver`](crate::Saver) leaves free in front of the payload.
pub const STORED_HEADER_BYTES: usize = 20;

const FORMAT: u8 = 1;
const CODEC_POSTCARD: u8 = 1;

/// Fills in the header of `bytes`, whose first [`STORED_HEADER_BYTES`] are free.
pub fn stamp(bytes: &mut [u8], schema: SchemaId, epoch: u64) {
    bytes[0] = FORMAT;
    bytes[1] = CODEC_POSTCARD;
    bytes[2..4].fill(0);
    bytes[4..8].copy_from_slice(&schema.0.to_le_bytes());
    bytes[8..16].copy_from_slice(&epoch.to_le_bytes());
    let crc = checksum(bytes);
    bytes[16..20].copy_from_slice(&crc.to_le_bytes());
}

/// The header of a stored snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredHeader {
    /// The schema row that describes the payload.
    pub schema: SchemaId,
    /// The epoch of the commit that wrote it.
    pub epoch: u64,
}

/// Checks a stored snapshot and gives its header and payload.
pub fn open(bytes: &[u8]) -> Result<(StoredHeader, &[u8]), StoredError> {
    if bytes.len() < STORED_HEADER_BYTES {
        return Err(StoredError::Truncated { bytes: bytes.len() });
    }
    let expected = u32::from_le_bytes(array(&bytes[16..20]));
    let found = checksum(bytes);
    if expected != found {
        return Err(StoredError::Damaged { expected, found });
    }
    if bytes[0] != FORMAT || bytes[2..4] != [0, 0] {
        return Err(StoredError::UnknownFormat { format: bytes[0] });
    }
    if bytes[1] != CODEC_POSTCARD {
        return Err(StoredError::UnknownCodec { codec: bytes[1] });
    }
    let schema = SchemaId(u32::from_le_bytes(array(&bytes[4..8])));
    let epoch = u64::from_le_bytes(array(&bytes[8..16]));
    Ok((StoredHeader { schema, epoch }, &bytes[STORED_HEADER_BYTES..]))
}

fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&bytes[..16]), &bytes[STORED_HEADER_BYTES..])
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
        assert_eq!((header, payload), (StoredHeader { schema: SchemaId(7), epoch: 42 }, &b"payload"[..]));
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
