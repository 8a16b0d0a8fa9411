//! Between payloads as workflows know them and payloads as they stand in a store: compressed if that makes them smaller, encrypted if
//! there are keys. Every snapshot, input, event, output and error text passes here on its way in and out.

mod compression;
#[cfg(feature = "encryption")]
mod encryption;
mod error;
#[cfg(feature = "encryption")]
mod keys;
#[cfg(not(feature = "encryption"))]
mod no_encryption;
mod owner;
#[cfg(test)]
mod tests;
mod text;

pub use error::PayloadError;
#[cfg(feature = "encryption")]
pub use keys::{KeyIdTaken, Keys};
#[cfg(not(feature = "encryption"))]
use no_encryption::Keys;
pub(crate) use owner::Owner;
pub(crate) use text::is_encrypted;

use durable_core::{
    snapshot::PAYLOAD_BYTES_MAX,
    store::StoreError,
    stored::{self, Form, Packing},
};
use std::{borrow::Cow, fmt};

/// The number of a key in a store, given by its user.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct KeyId(pub u32);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// In front of what is encrypted: key id, check value of the key, nonce.
#[cfg(feature = "encryption")]
const PRELUDE_BYTES: usize = 4 + 4 + 24;

/// Payloads up to this many bytes are not compressed: little would be saved, and most of it on no page of its own.
#[cfg(feature = "compression")]
const COMPRESS_ABOVE: usize = 4 << 10;

/// How payloads are packed and unpacked.
#[derive(Clone, Debug)]
pub(crate) struct Codec {
    /// `None`: never.
    compress_above: Option<usize>,
    keys: Option<Keys>,
    /// What a compressed payload may declare.
    bytes_max: u64,
}

impl Default for Codec {
    fn default() -> Self {
        #[cfg(feature = "compression")]
        let compress_above = Some(COMPRESS_ABOVE);
        #[cfg(not(feature = "compression"))]
        let compress_above = None;
        Self { compress_above, keys: None, bytes_max: PAYLOAD_BYTES_MAX as u64 }
    }
}

impl Codec {
    #[cfg(feature = "compression")]
    pub(crate) fn compress_above(&mut self, bytes: Option<usize>) {
        self.compress_above = bytes;
    }

    #[cfg(feature = "encryption")]
    pub(crate) fn encrypt(&mut self, keys: Keys) {
        self.keys = Some(keys);
    }

    pub(crate) fn limit(&mut self, bytes_max: u64) {
        self.bytes_max = bytes_max;
    }

    /// Whether a value is small enough, before it is packed: `what` names it. The store's own limit is on what is stored.
    pub(crate) fn check_size(&self, what: impl FnOnce() -> String, bytes: usize) -> Result<(), StoreError> {
        let (bytes, max) = (bytes as u64, self.bytes_max);
        if bytes <= max {
            return Ok(());
        }
        Err(StoreError::PayloadTooLarge { what: what(), bytes, max })
    }

    /// A blob as it is to be stored; `None`: just as it is.
    pub(crate) fn pack(
        &self,
        form: Form,
        blob: &[u8],
        owner: &Owner<'_>,
    ) -> Result<Option<Vec<u8>>, PayloadError> {
        let (header, payload) = blob.split_at(form.header_bytes());
        let compresses = self.compress_above.is_some_and(|above| payload.len() > above);
        if !compresses && self.keys.is_none() {
            return Ok(None);
        }
        let mut packed = Vec::with_capacity(blob.len() + Keys::OVERHEAD_BYTES);
        packed.extend_from_slice(header);
        if let Some(keys) = &self.keys {
            keys.begin(&mut packed)?;
        }
        let compressed = compresses && compression::compress(payload, &mut packed);
        if !compressed {
            if self.keys.is_none() {
                return Ok(None);
            }
            packed.extend_from_slice(payload);
        }
        stored::mark(&mut packed, Packing { compressed, encrypted: self.keys.is_some() });
        if let Some(keys) = &self.keys {
            keys.encrypt(form, &mut packed, owner)?;
        }
        stored::sum(form, &mut packed);
        Ok(Some(packed))
    }

    /// A blob that was checked, as it was before it was packed.
    pub(crate) fn unpack<'b>(
        &self,
        form: Form,
        packing: Packing,
        blob: &'b [u8],
        owner: &Owner<'_>,
    ) -> Result<Cow<'b, [u8]>, PayloadError> {
        if !packing.encrypted && self.keys.as_ref().is_some_and(Keys::refuses_clear) {
            return Err(PayloadError::InClear);
        }
        if packing.is_plain() {
            return Ok(Cow::Borrowed(blob));
        }
        let (header, payload) = blob.split_at(form.header_bytes());
        let payload = if packing.encrypted {
            Cow::Owned(Keys::decrypt(self.keys.as_ref(), form, header, payload, owner)?)
        } else {
            Cow::Borrowed(payload)
        };
        let mut plain = Vec::with_capacity(blob.len());
        plain.extend_from_slice(header);
        if packing.compressed {
            compression::decompress(&payload, &mut plain, self.bytes_max)?;
        } else {
            plain.extend_from_slice(&payload);
        }
        stored::mark(&mut plain, Packing::default());
        stored::sum(form, &mut plain);
        Ok(Cow::Owned(plain))
    }

    /// A value that nobody has checked yet, as it was before it was packed. A damaged one comes back as it is: whoever decodes it
    /// tells the damage.
    pub(crate) fn unpack_value(&self, blob: Vec<u8>, owner: &Owner<'_>) -> Result<Vec<u8>, PayloadError> {
        let Ok(packing) = stored::check(Form::Value, &blob) else { return Ok(blob) };
        let unpacked = match self.unpack(Form::Value, packing, &blob, owner)? {
            Cow::Owned(unpacked) => Some(unpacked),
            Cow::Borrowed(_) => None,
        };
        Ok(unpacked.unwrap_or(blob))
    }

    /// Whether there are keys.
    pub(crate) fn encrypts(&self) -> bool {
        self.keys.is_some()
    }

    /// An error text as it may be logged.
    pub(crate) fn loggable<'t>(&self, text: &'t str) -> &'t str {
        if self.keys.is_some() { "(not logged: this worker encrypts)" } else { text }
    }
}

/// The key id in front of what is encrypted.
fn key_id(payload: &[u8]) -> Result<KeyId, PayloadError> {
    let id = payload.first_chunk().ok_or(PayloadError::Truncated { bytes: payload.len() })?;
    Ok(KeyId(u32::from_le_bytes(*id)))
}
