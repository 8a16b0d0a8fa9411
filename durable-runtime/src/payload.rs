//! Between payloads as workflows know them and payloads as they stand in a store: compressed if that makes them smaller, encrypted if
//! there are keys. Every snapshot, input, event, output and error text passes here on its way in and out.

mod compression;
#[cfg(feature = "encryption")]
mod encryption;
mod error;
#[cfg(feature = "encryption")]
mod keys;
mod large;
#[cfg(test)]
mod large_tests;
#[cfg(not(feature = "encryption"))]
mod no_encryption;
mod owner;
#[cfg(test)]
mod tests;
mod text;

pub use error::PayloadError;
#[cfg(feature = "encryption")]
pub use keys::{KeyIdTaken, Keys};
pub(crate) use large::{LargeFields, Packed};
#[cfg(not(feature = "encryption"))]
use no_encryption::Keys;
pub(crate) use owner::Owner;
pub(crate) use text::is_encrypted;

use durable_core::{
    snapshot::PAYLOAD_BYTES_MAX,
    store::StoreError,
    stored::{self, Form, Packing, Part},
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
    /// Fields of more bytes stand apart; `None`: none does.
    apart_above: Option<usize>,
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
        Self {
            compress_above,
            apart_above: Some(large::APART_ABOVE),
            keys: None,
            bytes_max: PAYLOAD_BYTES_MAX as u64,
        }
    }
}

impl Codec {
    #[cfg(feature = "compression")]
    pub(crate) fn compress_above(&mut self, bytes: Option<usize>) {
        self.compress_above = bytes;
    }

    pub(crate) fn apart_above(&mut self, bytes: Option<usize>) {
        self.apart_above = bytes;
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
        if !self.compresses(payload) && self.keys.is_none() {
            return Ok(None);
        }
        self.packed(form, header, None, payload, owner)
    }

    /// A header, a table of what stands apart, and a payload, packed; `None`: there is nothing that can be done to it.
    fn packed(
        &self,
        form: Form,
        header: &[u8],
        parts: Option<&[Part]>,
        payload: &[u8],
        owner: &Owner<'_>,
    ) -> Result<Option<Vec<u8>>, PayloadError> {
        let table = parts.map_or(0, |parts| stored::table_bytes(parts.len()));
        let mut packed = Vec::with_capacity(header.len() + table + Keys::OVERHEAD_BYTES + payload.len());
        packed.extend_from_slice(header);
        if let Some(parts) = parts {
            stored::write_parts(parts, &mut packed);
        }
        let front = packed.len();
        if let Some(keys) = &self.keys {
            keys.begin(&mut packed)?;
        }
        let compressed = self.compresses(payload) && compression::compress(payload, &mut packed);
        let packing = Packing { compressed, encrypted: self.keys.is_some(), apart: parts.is_some() };
        if packing.is_plain() {
            return Ok(None);
        }
        if !compressed {
            packed.extend_from_slice(payload);
        }
        stored::mark(&mut packed, packing);
        if let Some(keys) = &self.keys {
            keys.encrypt(form, &mut packed, front, owner)?;
        }
        stored::sum(form, &mut packed);
        Ok(Some(packed))
    }

    fn compresses(&self, payload: &[u8]) -> bool {
        self.compress_above.is_some_and(|above| payload.len() > above)
    }

    /// A blob that was checked, as it was before it was packed.
    pub(crate) fn unpack<'b>(
        &self,
        form: Form,
        packing: Packing,
        blob: &'b [u8],
        owner: &Owner<'_>,
    ) -> Result<Cow<'b, [u8]>, PayloadError> {
        let payload = self.unpacked(form, packing, blob, form.header_bytes(), owner)?;
        if packing.is_plain() {
            return Ok(Cow::Borrowed(blob));
        }
        let mut plain = Vec::with_capacity(form.header_bytes() + payload.len());
        plain.extend_from_slice(&blob[..form.header_bytes()]);
        plain.extend_from_slice(&payload);
        stored::mark(&mut plain, Packing::default());
        stored::sum(form, &mut plain);
        Ok(Cow::Owned(plain))
    }

    /// The payload behind `front`, which is a header and perhaps a table of what stands apart.
    fn unpacked<'b>(
        &self,
        form: Form,
        packing: Packing,
        blob: &'b [u8],
        front: usize,
        owner: &Owner<'_>,
    ) -> Result<Cow<'b, [u8]>, PayloadError> {
        if !packing.encrypted && self.keys.as_ref().is_some_and(Keys::refuses_clear) {
            return Err(PayloadError::InClear);
        }
        let payload = if packing.encrypted {
            Cow::Owned(Keys::decrypt(self.keys.as_ref(), form, blob, front, owner)?)
        } else {
            Cow::Borrowed(&blob[front..])
        };
        if !packing.compressed {
            return Ok(payload);
        }
        let mut plain = Vec::new();
        compression::decompress(&payload, &mut plain, self.bytes_max)?;
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
