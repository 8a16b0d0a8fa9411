//! Encryption of payloads: XChaCha20-Poly1305 with a random nonce for each. In front of it stand key id (4 bytes, little-endian), check
//! value of the key (4) and nonce (24), behind it the tag (16). Associated data are a tag of this form, what the payload belongs to,
//! header (without checksum), table, key id and check value.

use super::{Keys, Owner, PRELUDE_BYTES, PayloadError, key_id, keys::Key};
use crate::start::os_random_bits;
use chacha20poly1305::{Tag, XNonce, aead::AeadInOut};
use durable_core::stored::Form;

const TAG_BYTES: usize = 16;
const NONCE: std::ops::Range<usize> = 8..PRELUDE_BYTES;

impl Keys {
    pub(super) const OVERHEAD_BYTES: usize = PRELUDE_BYTES + TAG_BYTES;

    /// Appends what stands in front of what is encrypted.
    pub(super) fn begin(&self, into: &mut Vec<u8>) -> Result<(), PayloadError> {
        let Key { id, check, .. } = self.current_key();
        into.extend(id.0.to_le_bytes());
        into.extend(check);
        for half in [16, 8] {
            let bits = os_random_bits();
            let bits = bits.map_err(|error| PayloadError::Randomness { reason: error.to_string() })?;
            into.extend(&bits[..half]);
        }
        Ok(())
    }

    /// Encrypts a marked blob in place, from what [`begin`](Keys::begin) wrote behind its `front` on: its header, and a table if it has one.
    pub(super) fn encrypt(
        &self,
        form: Form,
        blob: &mut Vec<u8>,
        front: usize,
        owner: &Owner<'_>,
    ) -> Result<(), PayloadError> {
        let data = associated_data(clear_parts(form, blob, front), owner, &blob[front..]);
        self.encrypt_behind(front, blob, &data)
    }

    /// The payload of an encrypted blob behind its `front`.
    pub(super) fn decrypt(
        keys: Option<&Self>,
        form: Form,
        blob: &[u8],
        front: usize,
        owner: &Owner<'_>,
    ) -> Result<Vec<u8>, PayloadError> {
        let payload = &blob[front..];
        Self::decrypt_with(keys, payload, || associated_data(clear_parts(form, blob, front), owner, payload))
    }

    pub(super) fn encrypt_text(&self, text: &str, owner: &Owner<'_>) -> Result<Vec<u8>, PayloadError> {
        let mut bytes = Vec::with_capacity(text.len() + Self::OVERHEAD_BYTES);
        self.begin(&mut bytes)?;
        let data = associated_data([&[], &[]], owner, &bytes);
        bytes.extend(text.as_bytes());
        self.encrypt_behind(0, &mut bytes, &data)?;
        Ok(bytes)
    }

    pub(super) fn decrypt_text(
        keys: Option<&Self>,
        bytes: &[u8],
        owner: &Owner<'_>,
    ) -> Result<Vec<u8>, PayloadError> {
        Self::decrypt_with(keys, bytes, || associated_data([&[], &[]], owner, bytes))
    }

    fn encrypt_behind(&self, start: usize, bytes: &mut Vec<u8>, data: &[u8]) -> Result<(), PayloadError> {
        let key = self.current_key();
        let (prelude, message) = bytes[start..].split_at_mut(PRELUDE_BYTES);
        let nonce = nonce(prelude);
        let tag = key.cipher.encrypt_inout_detached(&nonce, data, message.into());
        // Only of a message of 256 GiB.
        let tag = tag.map_err(|_| PayloadError::NotAuthentic { key: key.id })?;
        bytes.extend_from_slice(&tag);
        Ok(())
    }

    fn decrypt_with(
        keys: Option<&Self>,
        payload: &[u8],
        data: impl FnOnce() -> Vec<u8>,
    ) -> Result<Vec<u8>, PayloadError> {
        let id = key_id(payload)?;
        if payload.len() < Self::OVERHEAD_BYTES {
            return Err(PayloadError::Truncated { bytes: payload.len() });
        }
        let mut check = [0; 4];
        check.copy_from_slice(&payload[4..8]);
        let key = keys.ok_or(PayloadError::MissingKey { key: id })?.find(id, check)?;
        let (prelude, message) = payload.split_at(PRELUDE_BYTES);
        let (message, tag) = message.split_at(message.len() - TAG_BYTES);
        let mut plain = message.to_vec();
        let mut expected = Tag::default();
        expected.copy_from_slice(tag);
        let opened = key.cipher.decrypt_inout_detached(
            &nonce(prelude),
            &data(),
            plain.as_mut_slice().into(),
            &expected,
        );
        opened.map_err(|_| PayloadError::NotAuthentic { key: id })?;
        Ok(plain)
    }
}

fn nonce(prelude: &[u8]) -> XNonce {
    let mut nonce = XNonce::default();
    nonce.copy_from_slice(&prelude[NONCE]);
    nonce
}

/// What stands in front of a payload in clear: the header without its checksum, and the table.
fn clear_parts(form: Form, blob: &[u8], front: usize) -> [&[u8]; 2] {
    [&blob[..form.summed_bytes()], &blob[form.header_bytes()..front]]
}

fn associated_data(clear: [&[u8]; 2], owner: &Owner<'_>, prelude: &[u8]) -> Vec<u8> {
    let [header, table] = clear;
    let mut data = Vec::with_capacity(160 + table.len());
    data.extend(b"durable payload 1");
    owner.write(&mut data);
    data.extend(header);
    data.extend(table);
    // Key id and check value.
    data.extend(&prelude[..NONCE.start]);
    data
}
