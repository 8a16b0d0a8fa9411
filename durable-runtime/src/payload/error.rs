//! Why a payload cannot be packed or unpacked.

use super::KeyId;
use durable_core::{store::ContentId, stored::StoredError};

/// Why a payload cannot be put into the form in which it is stored, or taken out of it. The payload stays where it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// The key ring has no such key.
    #[error("it is encrypted with key {key}, which this program does not have: add that key to its `Keys`")]
    MissingKey {
        /// The key.
        key: KeyId,
    },
    /// The key ring has another key under that number.
    #[error(
        "it is encrypted with key {key}, and the key that this program has under that number is another one: give it the right one"
    )]
    WrongKey {
        /// The number.
        key: KeyId,
    },
    /// The key is right, what it opens is not.
    #[error(
        "it is encrypted with key {key}, and is not what was encrypted for this place: it was changed, or moved here from another \
         execution, await point or commit; restore it from a backup"
    )]
    NotAuthentic {
        /// The key.
        key: KeyId,
    },
    /// It is not encrypted, and this program takes nothing else.
    #[error(
        "it is not encrypted, and the `Keys` of this program refuse that: leave out `refuse_clear` to read what was written before"
    )]
    InClear,
    /// This program cannot decrypt.
    #[error(
        "it is encrypted with key {key}, and this program was built without encryption: use durable's feature `encryption`"
    )]
    NoEncryption {
        /// The key.
        key: KeyId,
    },
    /// This program cannot decompress.
    #[error(
        "it is compressed, and this program was built without compression: use durable's feature `compression`"
    )]
    NoCompression,
    /// It would be too large.
    #[error("unpacked, it would be {bytes} bytes, more than the limit of {max}: raise `payload_bytes_max`")]
    TooLarge {
        /// What it declares.
        bytes: u64,
        /// The limit.
        max: u64,
    },
    /// It is no compressed payload, or not all of one.
    #[error("it cannot be decompressed: {reason}; restore it from a backup")]
    Undecompressed {
        /// In the words of zstd.
        reason: String,
    },
    /// It is too short to be encrypted.
    #[error("it is truncated: {bytes} bytes are too few for an encrypted payload; restore it from a backup")]
    Truncated {
        /// Its length.
        bytes: usize,
    },
    /// A large field that it refers to is not in the store.
    #[error("its large field {content} is not in the store: restore it from a backup, or edit the execution")]
    MissingField {
        /// Its address.
        content: ContentId,
    },
    /// A large field that it refers to is not what it was.
    #[error(
        "its large field {content} is damaged: {reason}; restore it from a backup, or edit the execution"
    )]
    DamagedField {
        /// Its address.
        content: ContentId,
        /// What is the matter with it.
        reason: String,
    },
    /// What it says of its large fields cannot be.
    #[error("{0}")]
    Parts(StoredError),
    /// The operating system gave no random bits.
    #[error("it cannot be encrypted: the operating system gave no random bits: {reason}")]
    Randomness {
        /// In its words.
        reason: String,
    },
}

impl PayloadError {
    /// Nothing is wrong with the payload: a program with other keys or features can read it.
    pub fn is_readable_elsewhere(&self) -> bool {
        matches!(
            self,
            Self::MissingKey { .. }
                | Self::WrongKey { .. }
                | Self::InClear
                | Self::NoEncryption { .. }
                | Self::NoCompression
        )
    }
}
