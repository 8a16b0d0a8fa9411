//! A small order whose workflow awaits a thousand times; once as a workflow, and once as the same function without it.

use crate::order::Order;
use durable::workflow;
use std::hint::black_box;

/// Awaits of one run.
pub(crate) const AWAITS: u64 = 1_000;

/// The operation of every step: nothing that the optimiser may leave out.
async fn one() -> u64 {
    black_box(1)
}

#[workflow]
pub(crate) async fn many_steps(order: Order) -> u64 {
    let mut order = order;
    while order.steps_done < AWAITS {
        let done = one().await;
        order.steps_done += done;
    }
    order.steps_done
}

/// The same function, and nothing else.
pub(crate) async fn bare(order: Order) -> u64 {
    let mut order = order;
    while order.steps_done < AWAITS {
        let done = one().await;
        order.steps_done += done;
    }
    order.steps_done
}
