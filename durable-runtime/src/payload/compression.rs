//! Compression of payloads: one zstd frame that declares its length.

use super::PayloadError;

#[cfg(feature = "compression")]
mod with_zstd {
    use super::PayloadError;
    use std::cell::RefCell;
    use zstd::{
        bulk::{Compressor, Decompressor},
        zstd_safe::get_frame_content_size,
    };

    /// The fastest of the ordinary levels: a commit waits for it.
    const LEVEL: i32 = 1;

    thread_local! {
        /// Their tables are some hundred KiB: more than most payloads.
        static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
        static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
    }

    /// Appends the payload compressed. Whether it did: not if that is no shorter.
    pub(crate) fn compress(payload: &[u8], into: &mut Vec<u8>) -> bool {
        let start = into.len();
        // The frame has no room to be as long as the payload, so zstd gives up early on what does not shrink.
        into.resize(start + payload.len().saturating_sub(1), 0);
        let compressed = COMPRESSOR.with_borrow_mut(|compressor| {
            let compressor = match compressor {
                Some(compressor) => compressor,
                empty => empty.insert(Compressor::new(LEVEL)?),
            };
            compressor.compress_to_buffer(payload, &mut into[start..])
        });
        into.truncate(start + *compressed.as_ref().unwrap_or(&0));
        compressed.is_ok()
    }

    /// Appends the payload as it was. What it declares is looked at before there is room made for it.
    pub(crate) fn decompress(
        compressed: &[u8],
        into: &mut Vec<u8>,
        bytes_max: u64,
    ) -> Result<(), PayloadError> {
        let no = |reason: &str| PayloadError::Undecompressed { reason: reason.to_owned() };
        let declared = match get_frame_content_size(compressed) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Err(no("it does not say how long it is")),
            Err(_) => return Err(no("it does not begin as zstd does")),
        };
        let too_large = PayloadError::TooLarge { bytes: declared, max: bytes_max };
        let bytes = match usize::try_from(declared) {
            Ok(bytes) if declared <= bytes_max => bytes,
            _ => return Err(too_large),
        };
        let start = into.len();
        into.resize(start + bytes, 0);
        let decompressed = DECOMPRESSOR.with_borrow_mut(|decompressor| {
            let decompressor = match decompressor {
                Some(decompressor) => decompressor,
                empty => empty.insert(Decompressor::new()?),
            };
            decompressor.decompress_to_buffer(compressed, &mut into[start..])
        });
        match decompressed {
            Ok(found) if found == bytes => Ok(()),
            Ok(_) => Err(no("it is shorter than it says")),
            Err(error) => Err(no(&error.to_string())),
        }
    }
}

#[cfg(feature = "compression")]
pub(super) use with_zstd::{compress, decompress};

#[cfg(not(feature = "compression"))]
pub(super) fn compress(_: &[u8], _: &mut Vec<u8>) -> bool {
    false
}

#[cfg(not(feature = "compression"))]
pub(super) fn decompress(_: &[u8], _: &mut Vec<u8>, _: u64) -> Result<(), PayloadError> {
    Err(PayloadError::NoCompression)
}
