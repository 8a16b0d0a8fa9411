//! Orders: their types, and how they are read from a JSON Lines file.

use durable::StepFailure;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    fmt, fs,
    path::{Path, PathBuf},
};

/// From here on a person must agree.
const APPROVAL_FROM_CENTS: u64 = 100_000;

/// An order, as it stands in the file and as it is saved with its execution.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) customer: Customer,
    pub(crate) lines: Vec<Line>,
    pub(crate) card: String,
    #[serde(default)]
    pub(crate) coupon: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Customer {
    pub(crate) name: String,
    pub(crate) email: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) sku: String,
    pub(crate) quantity: u32,
    pub(crate) price_cents: u32,
}

/// The answer of a person, sent to the execution as the event `approval`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Approval {
    pub(crate) granted: bool,
    pub(crate) by: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Coupon {
    pub(crate) percent: u64,
}

/// Stock that is kept for an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Hold {
    pub(crate) sku: String,
    pub(crate) quantity: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Payment(pub(crate) String);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Parcel {
    pub(crate) tracking: String,
    pub(crate) pieces: u32,
}

/// What the customer gets when all went well.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Receipt {
    pub(crate) payment: Payment,
    pub(crate) cents: u64,
    pub(crate) parcel: Parcel,
    pub(crate) approved_by: Option<String>,
}

/// Why an order was not placed.
#[derive(Clone, Debug, Serialize, Deserialize, thiserror::Error)]
pub(crate) enum OrderError {
    #[error("out of stock: {sku} ({wanted} wanted, {available} there)")]
    OutOfStock { sku: String, wanted: u32, available: u32 },
    #[error("declined: {reason}")]
    Declined { reason: String },
    #[error("rejected by {by}")]
    Rejected { by: String },
    #[error("service `{service}` is unavailable: {reason}")]
    Unavailable { service: String, reason: String },
}

/// What is left of a step that panicked or took too long, once its attempts are spent.
impl From<StepFailure> for OrderError {
    fn from(failure: StepFailure) -> Self {
        Self::Unavailable { service: "step".into(), reason: failure.to_string() }
    }
}

impl OrderError {
    /// One word for the summary.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::OutOfStock { .. } => "out of stock",
            Self::Declined { .. } => "declined",
            Self::Rejected { .. } => "rejected",
            Self::Unavailable { .. } => "unavailable",
        }
    }
}

impl Order {
    pub(crate) fn total_cents(&self) -> u64 {
        self.lines.iter().map(|line| u64::from(line.quantity) * u64::from(line.price_cents)).sum()
    }

    pub(crate) fn needs_approval(&self) -> bool {
        self.total_cents() >= APPROVAL_FROM_CENTS
    }

    fn check(&self) -> Result<(), String> {
        if self.id.is_empty() || self.id.len() > durable::ExecutionId::BYTES_MAX {
            return Err("its `id` must have 1 to 256 bytes".into());
        }
        if self.lines.is_empty() {
            return Err(format!("`{}` has no lines: an order has at least one", self.id));
        }
        match self.lines.iter().find(|line| line.quantity == 0) {
            Some(line) => {
                Err(format!("`{}` orders 0 of `{}`: give a quantity of at least 1", self.id, line.sku))
            }
            None => Ok(()),
        }
    }
}

/// Why the orders could not be read: nothing was started.
#[derive(Debug)]
pub(crate) struct OrdersError {
    path: PathBuf,
    line: Option<usize>,
    reason: String,
}

impl fmt::Display for OrdersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "orders file `{}`", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// Reads and checks all orders; blank lines are skipped.
pub(crate) fn read_orders(path: &Path) -> Result<Vec<Order>, OrdersError> {
    let wrong = |line, reason| OrdersError { path: path.to_owned(), line, reason };
    let text = fs::read_to_string(path).map_err(|error| wrong(None, error.to_string()))?;
    let mut orders = Vec::new();
    let mut lines_by_id = HashMap::new();
    for (index, json) in text.lines().enumerate().filter(|(_, json)| !json.trim().is_empty()) {
        let number = index + 1;
        let order: Order =
            serde_json::from_str(json).map_err(|error| wrong(Some(number), in_one_line(&error)))?;
        order.check().map_err(|reason| wrong(Some(number), reason))?;
        if let Some(first) = lines_by_id.insert(order.id.clone(), number) {
            return Err(wrong(
                Some(number),
                format!("`{}` is the id of line {first} already: ids must differ", order.id),
            ));
        }
        orders.push(order);
    }
    if orders.is_empty() {
        return Err(wrong(None, "it has no orders: give a file with one JSON object per line".into()));
    }
    Ok(orders)
}

/// serde_json counts lines within the text it got, which is always one: only the column helps.
fn in_one_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    format!("it is no order: {what} (column {})", error.column())
}
