//! The key ring.

use super::{KeyId, PayloadError};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce, aead::AeadInOut};
use std::{fmt, sync::Arc};
use zeroize::Zeroizing;

/// The keys that payloads are encrypted and decrypted with: the current one, and older ones that what was written before is read with.
///
/// To rotate, first give every worker and client the new key as one of the [`older`](Keys::older) ones, so that all can read it; then
/// make it the current one. The old one can go when nothing is left that was written with it.
///
/// ```
/// # fn main() -> Result<(), durable_runtime::KeyIdTaken> {
/// use durable_runtime::Keys;
/// # let (new_key, old_key) = ([2; 32], [1; 32]);
/// let keys = Keys::new(2, new_key).older(1, old_key)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Keys {
    /// The current one first.
    ring: Arc<[Key]>,
    refuses_clear: bool,
}

/// A key with its number.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) id: KeyId,
    /// Tells this key from another one under the same number, and nothing else about it.
    pub(super) check: [u8; 4],
    pub(super) cipher: XChaCha20Poly1305,
    /// What contents are hashed with; of no use to decrypt.
    content: Zeroizing<[u8; 32]>,
}

/// Two keys cannot have one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("key {0} is in the ring already: give each key a number of its own")]
pub struct KeyIdTaken(pub KeyId);

impl Keys {
    /// A ring with this key as the current one. The number is stored, in clear, with everything that is encrypted with it; the key
    /// must be 256 bits that nobody can guess, and is wiped from memory with the last copy of the ring.
    pub fn new(id: u32, key: [u8; 32]) -> Self {
        Self { ring: [Key::new(KeyId(id), key)].into(), refuses_clear: false }
    }

    /// Also decrypts with this one.
    ///
    /// # Errors
    ///
    /// If the ring has a key of that number.
    pub fn older(self, id: u32, key: [u8; 32]) -> Result<Self, KeyIdTaken> {
        let id = KeyId(id);
        if self.ring.iter().any(|key| key.id == id) {
            return Err(KeyIdTaken(id));
        }
        let ring = self.ring.iter().cloned().chain([Key::new(id, key)]).collect();
        Ok(Self { ring, ..self })
    }

    /// Reads nothing that is not encrypted: for a store in which nothing is left that was written before there were keys. Without
    /// this, whoever can write to the store can put a payload in clear in the place of an encrypted one.
    pub fn refuse_clear(self) -> Self {
        Self { refuses_clear: true, ..self }
    }

    /// The number of the key that encrypts.
    pub fn current(&self) -> KeyId {
        self.current_key().id
    }

    pub(super) fn refuses_clear(&self) -> bool {
        self.refuses_clear
    }

    pub(super) fn current_key(&self) -> &Key {
        &self.ring[0]
    }

    /// What the contents of an execution are hashed with.
    pub(super) fn content_key(&self, instance: [u8; 16]) -> [u8; 32] {
        *blake3::keyed_hash(&self.current_key().content, &instance).as_bytes()
    }

    /// The key of this number, if it is the one that was meant.
    pub(super) fn find(&self, id: KeyId, check: [u8; 4]) -> Result<&Key, PayloadError> {
        let key = self.ring.iter().find(|key| key.id == id).ok_or(PayloadError::MissingKey { key: id })?;
        if key.check != check {
            return Err(PayloadError::WrongKey { key: id });
        }
        Ok(key)
    }
}

impl Key {
    fn new(id: KeyId, key: [u8; 32]) -> Self {
        let cipher = XChaCha20Poly1305::new(&key.into());
        // The tag of no message at all, under a nonce that no payload ever has: those are random.
        let mut check = [0; 4];
        let nothing = (&mut [][..]).into();
        if let Ok(tag) =
            cipher.encrypt_inout_detached(&XNonce::default(), b"durable: which key is this", nothing)
        {
            check.copy_from_slice(&tag[..4]);
        }
        let content = Zeroizing::new(blake3::derive_key("durable 1: large fields", &key));
        Self { id, check, cipher, content }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")?;
        f.debug_list().entries(self.ring.iter().map(|key| key.id)).finish()
    }
}
