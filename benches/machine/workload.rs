//! A small order whose workflow awaits a thousand times; once as a workflow, and once as the same function without it.

use durable::workflow;
use serde::{Deserialize, Serialize};
use std::hint::black_box;

/// Awaits of one run.
pub(crate) const AWAITS: u64 = 1_000;

/// The state that is saved at every await.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) customer: String,
    pub(crate) lines: Vec<u64>,
    pub(crate) total: u64,
    pub(crate) done: u64,
}

impl Order {
    pub(crate) fn sample() -> Self {
        Self {
            customer: "Ada Lovelace, 12 St James's Square".into(),
            lines: vec![1, 20, 300, 4_000],
            total: 99,
            done: 0,
        }
    }
}

/// The operation of every step: nothing that the optimiser may leave out.
async fn one() -> u64 {
    black_box(1)
}

#[workflow]
pub(crate) async fn many_steps(order: Order) -> u64 {
    let mut order = order;
    while order.done < AWAITS {
        let done = one().await;
        order.done += done;
    }
    order.done
}

/// The same function, and nothing else.
pub(crate) async fn bare(order: Order) -> u64 {
    let mut order = order;
    while order.done < AWAITS {
        let done = one().await;
        order.done += done;
    }
    order.done
}
