//! In a build without encryption there are no keys, and so what takes them is never run.

use super::{Owner, PayloadError, key_id};
use durable_core::stored::Form;

/// No key ring.
#[derive(Clone, Debug)]
pub(crate) enum Keys {}

impl Keys {
    pub(super) const OVERHEAD_BYTES: usize = 0;

    pub(super) fn refuses_clear(&self) -> bool {
        match *self {}
    }

    pub(super) fn begin(&self, _: &mut Vec<u8>) -> Result<(), PayloadError> {
        match *self {}
    }

    pub(super) fn encrypt(
        &self,
        _: Form,
        _: &mut Vec<u8>,
        _: usize,
        _: &Owner<'_>,
    ) -> Result<(), PayloadError> {
        match *self {}
    }

    pub(super) fn content_key(&self, _: [u8; 16]) -> [u8; 32] {
        match *self {}
    }

    pub(super) fn decrypt(
        _: Option<&Self>,
        _: Form,
        blob: &[u8],
        front: usize,
        _: &Owner<'_>,
    ) -> Result<Vec<u8>, PayloadError> {
        Err(PayloadError::NoEncryption { key: key_id(&blob[front..])? })
    }

    pub(super) fn encrypt_text(&self, _: &str, _: &Owner<'_>) -> Result<Vec<u8>, PayloadError> {
        match *self {}
    }

    pub(super) fn decrypt_text(
        _: Option<&Self>,
        bytes: &[u8],
        _: &Owner<'_>,
    ) -> Result<Vec<u8>, PayloadError> {
        Err(PayloadError::NoEncryption { key: key_id(bytes)? })
    }
}
