//! Fingerprints: sixteen bytes that tell one shape from another.

use std::fmt;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Schema, Shape, TraceError};

/// The first 16 bytes of SHA-256 over a canonical encoding. Shown as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint(pub [u8; 16]);

/// The fingerprint of `T`'s schema, traced once per type and process.
pub fn fingerprint_of<T: DeserializeOwned + 'static>() -> Result<Fingerprint, TraceError> {
    Shape::of::<T>().map(Shape::fingerprint)
}

impl Schema {
    /// The fingerprint of [`Schema::to_bytes`].
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_bytes(&self.to_bytes())
    }
}

impl Fingerprint {
    /// Hashes bytes that are already canonical.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        Fingerprint(first)
    }
}

/// Why a text is not a fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a fingerprint: it must be exactly 32 hexadecimal digits")]
pub struct FingerprintError {
    text: String,
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        // `from_str_radix` would take a sign, so the digits are checked first.
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let text = text.chars().take(64).collect();
            return Err(FingerprintError { text });
        }
        let number =
            u128::from_str_radix(text, 16).map_err(|_| FingerprintError { text: text.to_owned() })?;
        Ok(Fingerprint(number.to_be_bytes()))
    }
}
