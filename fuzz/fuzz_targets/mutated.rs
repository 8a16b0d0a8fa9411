//! The programs of the tests, with tokens left out, doubled, exchanged, and taken from each other.
#![no_main]

use durable_fuzz::{check, mutated};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some((arguments, item)) = mutated(data) {
        check(arguments, item);
    }
});
