//! Bytes per snapshot: the payload, as stored, and in the portable form.

use crate::{Result, order::Order, workload::many_steps};
use durable::{ExecutionId, Run};
use durable_core::stored::STORED_HEADER_BYTES;

pub(crate) fn print() -> Result<()> {
    let stored = many_steps::input(Order::sample()).into_bytes()?.len();
    let run = Run::<many_steps>::start(
        ExecutionId::new("order-42")?,
        [7; 16],
        (),
        many_steps::input(Order::sample()),
    )?;
    println!("{:<44} {:>9}", "bytes per snapshot", "");
    println!("{:<44} {:>9}", "payload", stored - STORED_HEADER_BYTES);
    println!("{:<44} {stored:>9}", format!("stored: payload and header of {STORED_HEADER_BYTES}"));
    println!("{:<44} {:>9}", "portable envelope", run.blob()?.len());
    println!(
        "{:<44} {:>9}",
        "the same state as JSON, for comparison",
        serde_json::to_vec(&Order::sample())?.len()
    );
    Ok(())
}
