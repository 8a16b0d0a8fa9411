//! Lock files: any text, and a valid one that was changed.
#![no_main]

use durable_fuzz::{edited, lock_text};
use durable_test::lock::Lock;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((kind, rest)) = data.split_first() else { return };
    let bytes = match kind % 3 {
        0 => rest.to_vec(),
        1 => [b"version 1\nworkflow a\n", rest].concat(),
        _ => edited(lock_text().as_bytes(), rest),
    };
    let Ok(text) = std::str::from_utf8(&bytes) else { return };
    if let Ok(lock) = text.parse::<Lock>() {
        let written = lock.to_text();
        let again = written.parse::<Lock>().unwrap_or_else(|error| panic!("{error}: {written}"));
        assert_eq!(again.to_text(), written);
    }
});
