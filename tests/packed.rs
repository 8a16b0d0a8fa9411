//! Payloads that are compressed or encrypted on their way to the store, end to end.

mod compressed;
mod flows;
mod keys;
mod large;
mod log;
mod rewound;
mod secrets;
mod swapped;
