//! Schemas that anybody may have written, and payloads read by them.
#![no_main]

use durable_core::{PointSchema, Schema};
use durable_fuzz::{check_point, check_schema, check_texts, edited, points};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&[kind, sample, split], rest)) = data.split_first_chunk() else { return };
    let (front, back) = rest.split_at(usize::from(split).min(rest.len()));
    match kind % 3 {
        // All begin with the version.
        0 => {
            if let Ok(schema) = Schema::from_bytes(&[&[1], front].concat()) {
                check_schema(&schema, back);
                check_texts(&[&schema, &schema]);
            }
        }
        1 => {
            let (point, payload) = &points()[usize::from(sample) % points().len()];
            if let Ok(point) = PointSchema::from_bytes(&edited(&point.to_bytes(), front)) {
                check_point(&point, &edited(payload, back));
                check_texts(&point.fields.iter().map(|(_, schema)| schema).collect::<Vec<_>>());
            }
        }
        _ => {
            if let (Ok(one), Ok(other)) =
                (Schema::from_bytes(&[&[1], front].concat()), Schema::from_bytes(&[&[1], back].concat()))
            {
                check_texts(&[&one, &other]);
            }
        }
    }
});
