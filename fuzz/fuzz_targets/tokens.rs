//! Any tokens at all, as the function and as the attribute's arguments.
#![no_main]

use durable_fuzz::{check, stream};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    // A zero ends the arguments. Most interesting items begin as a function does.
    let (arguments, rest) = data.split_at(data.iter().take(8).position(|byte| *byte == 0).unwrap_or(0));
    let item = stream(rest.iter().copied());
    check(stream(arguments.iter().copied()), item.clone());
    check(Default::default(), quote::quote!(async fn f(shop: &Shop, n: u32) -> Result<u32, E> { #item }));
});
