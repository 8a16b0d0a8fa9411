//! Events and outputs, whoever sent them: read as the type that they say they are, and, by any schema, as another one.
#![no_main]

use durable_core::{
    Schema,
    event::{decode_event, decode_event_from, encode_event, event_value},
    schema::Shape,
    stored::{self, Form, Packing},
};
use durable_fuzz::{EarlierOrder, Order, check_schema, edited, orders};

/// The payload changed, and the checksum mended.
fn sent(sample: &[u8], edits: &[u8]) -> Vec<u8> {
    let (header, payload) = sample.split_at(Form::Value.header_bytes());
    let mut bytes = [header, &*edited(payload, edits)].concat();
    stored::mark(&mut bytes, Packing::default());
    stored::sum(Form::Value, &mut bytes);
    bytes
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&[kind, split], rest)) = data.split_first_chunk() else { return };
    let (front, back) = rest.split_at(usize::from(split).min(rest.len()));
    let (earlier, today) = orders();
    let schema = Shape::of::<EarlierOrder>().expect("it can be traced").schema();
    match kind % 4 {
        0 => {
            let _ = decode_event::<Order>(rest);
        }
        1 => {
            let bytes = sent(today, rest);
            if let Ok(order) = decode_event::<Order>(&bytes) {
                let again = encode_event(&order).expect("what was read can be sent");
                let order: Order = decode_event(&again).expect("what was sent can be read");
                // A NaN is not equal to itself.
                assert!(encode_event(&order).expect("it was sent before") == again);
            }
        }
        2 => {
            let bytes = sent(earlier, rest);
            if let Ok(order) = decode_event_from::<Order>(&bytes, schema) {
                encode_event(&order).expect("what was read can be sent");
            }
        }
        _ => {
            if let Ok(writer) = Schema::from_bytes(&edited(&schema.to_bytes(), front)) {
                let bytes = sent(earlier, back);
                let _ = decode_event_from::<Order>(&bytes, &writer);
                if event_value(&bytes, &writer).is_ok() {
                    check_schema(&writer, &bytes[Form::Value.header_bytes()..]);
                }
            }
        }
    }
});
