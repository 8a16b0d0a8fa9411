//! What both sides carry: a small order, and a workflow that awaits ten times and does nothing.

use crate::order::Order;
use durable::{snapshot::PAYLOAD_BYTES_MAX, workflow};
use durable_core::stored::STORED_HEADER_BYTES;

/// Awaits of one execution. It makes two commits more: its start and its finish (C5).
pub(crate) const STEPS: usize = 10;

/// The operation of every step.
async fn one() -> u64 {
    1
}

/// Ten awaits, written out as a user would, with the order alive across each.
#[workflow]
pub(crate) async fn ten_steps(order: Order) -> u64 {
    let mut order = order;
    #[at(Reserve)]
    let done = one().await;
    order.steps_done += done;
    #[at(Price)]
    let done = one().await;
    order.steps_done += done;
    #[at(Tax)]
    let done = one().await;
    order.steps_done += done;
    #[at(Check)]
    let done = one().await;
    order.steps_done += done;
    #[at(Authorize)]
    let done = one().await;
    order.steps_done += done;
    #[at(Pick)]
    let done = one().await;
    order.steps_done += done;
    #[at(Pack)]
    let done = one().await;
    order.steps_done += done;
    #[at(Capture)]
    let done = one().await;
    order.steps_done += done;
    #[at(Ship)]
    let done = one().await;
    order.steps_done += done;
    #[at(Notify)]
    let done = one().await;
    order.steps_done += done;
    order.steps_done
}

/// The same bytes on both sides: what the ideal loop writes is as long as what the workflow saves.
pub(crate) fn check() -> crate::Result<()> {
    let ours = ten_steps::input(Order::sample()).into_bytes()?.len();
    let ideal = STORED_HEADER_BYTES + postcard::to_stdvec(&Order::sample())?.len();
    if ours != ideal || ours > PAYLOAD_BYTES_MAX {
        return Err(format!(
            "the workflow saves {ours} bytes, the ideal loop {ideal}: they cannot be compared"
        )
        .into());
    }
    Ok(())
}
