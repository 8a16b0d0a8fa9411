//! What another version saved, whatever its schema says: today's state of it, or why not.
#![no_main]

use durable_core::{PointSchema, describe};
use durable_fuzz::{Ledger, edited, points};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&[sample, split], rest)) = data.split_first_chunk() else { return };
    let (front, back) = rest.split_at(usize::from(split).min(rest.len()));
    let (point, payload) = &points()[usize::from(sample) % points().len()];
    let Ok(writer) = PointSchema::from_bytes(&edited(&point.to_bytes(), front)) else { return };
    let today = describe::<Ledger>().expect("its types can be traced");
    let _ = today.reads(&writer);
    // Whoever writes the same is believed; what was built anew is today's.
    if let Ok((point, upgraded)) = today.upgrade(&writer, &edited(payload, back))
        && today.points[point].fields != writer.fields
    {
        today.points[point].decode(&upgraded).unwrap_or_else(|error| panic!("{writer:?}: {error}"));
    }
});
