//! The state that the benchmarks' workflows carry: a small order.

use serde::{Deserialize, Serialize};

/// The state that is saved at every await.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) customer: String,
    pub(crate) lines: Vec<u64>,
    pub(crate) total: u64,
    pub(crate) steps_done: u64,
}

impl Order {
    pub(crate) fn sample() -> Self {
        Self {
            customer: "Ada Lovelace, 12 St James's Square".into(),
            lines: vec![1, 20, 300, 4_000],
            total: 99,
            steps_done: 0,
        }
    }
}
