//! Blobs: any bytes, and valid ones that were changed, their checksums mended or not.
#![no_main]

use durable_core::{
    read_state,
    snapshot::{self, Limits},
};
use durable_fuzz::{Ledger, blobs, edited};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&[kind, sample], rest)) = data.split_first_chunk() else { return };
    let mut blob = match kind % 4 {
        0 => rest.to_vec(),
        _ => edited(&blobs()[usize::from(sample) % blobs().len()], rest),
    };
    if kind % 4 > 1
        && let Some(end) = blob.len().checked_sub(4)
    {
        let sum = crc32c::crc32c(&blob[..end]).to_le_bytes();
        blob[end..].copy_from_slice(&sum);
    }
    let Ok(decoded) = snapshot::decode(&blob, &Limits::default()) else { return };
    let schema = decoded.schema.as_ref().map(|schema| schema.to_bytes());
    let again = snapshot::encode(&decoded.header, schema.as_deref(), decoded.payload).expect("it was read");
    assert_eq!(again, blob[..blob.len() - decoded.rest.len()]);
    if let Some(Ok(value)) = decoded.value() {
        let _ = (value.to_string(), serde_json::to_string(&value));
    }
    if let Ok(state) = read_state::<Ledger>(&blob) {
        let _ = format!("{state:?}");
    }
});
