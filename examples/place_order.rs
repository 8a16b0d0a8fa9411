//! The main job: a shop that places a thousand orders at once, and may be killed at any moment.
//!
//! ```sh
//! cargo run --release --example place_order
//! ```
//!
//! Press Ctrl-C, or kill it with `kill -9`, and run the same command again: it goes on from where it was. What each step
//! really did is in the ledger, one line per effect, so that anyone can count. `--graph` prints the workflow's picture, `--help`
//! lists the switches.
//!
//! Read the workflow below first; it is all that an order is. What the example needs besides is in `place_order/`: the order's
//! types (`order.rs`), the simulated services (`shop.rs`), the ledger, the switches (`options.rs`), and the job that starts the
//! worker, places the orders, plays the approver and prints the summary (`job.rs`, `report.rs`).

#[path = "place_order/job.rs"]
mod job;
#[path = "place_order/ledger.rs"]
mod ledger;
#[path = "place_order/options.rs"]
mod options;
#[path = "place_order/order.rs"]
mod order;
#[path = "place_order/report.rs"]
mod report;
#[path = "place_order/shop.rs"]
mod shop;

use clap::Parser;
use durable::{event, sleep, step, workflow};
use order::{Approval, Coupon, Hold, Line, Order, OrderError, Parcel, Payment, Receipt};
use shop::Shop;
use std::process::ExitCode;
use uuid::Uuid;

/// One order, from the approval to the parcel. An ordinary `async fn`: every `.await` is saved, and nothing is replayed.
#[workflow]
async fn place_order(shop: &Shop, order: Order) -> Result<Receipt, OrderError> {
    // A large order waits for a person: minutes or months, it costs a row and no memory.
    let mut approved_by: Option<String> = None;
    if order.needs_approval() {
        let approval: Approval = event("approval").await;
        if !approval.granted {
            return Err(OrderError::Rejected { by: approval.by });
        }
        approved_by = Some(approval.by);
    }

    let mut discount_percent: u64 = 0;
    if let Some(code) = &order.coupon {
        let coupon: Coupon = redeem(shop, &order, code).await?;
        discount_percent = coupon.percent;
    }

    let mut holds: Vec<Hold> = Vec::new();
    for line in &order.lines {
        match reserve(shop, &order, line).await {
            Ok(hold) => holds.push(hold),
            Err(error) => {
                // Two awaits of one name: the second gets a name of its own.
                for hold in &holds {
                    #[at(ReleaseRest)]
                    release(shop, &order, hold).await?;
                }
                return Err(error);
            }
        }
    }

    // Random, and yet the same on every attempt and after every crash: a `let` runs once and is saved.
    let key: Uuid = Uuid::new_v4();
    let cents: u64 = order.total_cents() * (100 - discount_percent) / 100;
    let payment: Payment = match charge(shop, &order, cents, key).await {
        Ok(payment) => payment,
        Err(error) => {
            // Compensation is plain code. Killed in the middle, it goes on with the next hold.
            for hold in &holds {
                release(shop, &order, hold).await?;
            }
            return Err(error);
        }
    };

    /// No task, no timer object: a row with a time in it.
    sleep(shop.packing_time()).await;
    let parcel: Parcel = ship(shop, &order, &holds).await?;
    Ok(Receipt { payment, cents, parcel, approved_by })
}

#[step(retry(attempts = 5, initial = "100ms", factor = 2, max = "1s"), timeout = "30s")]
async fn redeem(shop: &Shop, order: &Order, code: &str) -> Result<Coupon, OrderError> {
    shop.redeem(order, code).await
}

#[step(retry(attempts = 5, initial = "100ms", factor = 2, max = "1s"), timeout = "30s")]
async fn reserve(shop: &Shop, order: &Order, line: &Line) -> Result<Hold, OrderError> {
    shop.reserve(order, line).await
}

#[step(retry(attempts = 5, initial = "100ms", factor = 2, max = "1s"), timeout = "30s")]
async fn release(shop: &Shop, order: &Order, hold: &Hold) -> Result<(), OrderError> {
    shop.release(order, hold).await
}

#[step(retry(attempts = 5, initial = "100ms", factor = 2, max = "1s"), timeout = "30s")]
async fn charge(shop: &Shop, order: &Order, cents: u64, key: Uuid) -> Result<Payment, OrderError> {
    shop.charge(order, cents, key).await
}

#[step(retry(attempts = 5, initial = "100ms", factor = 2, max = "1s"), timeout = "30s")]
async fn ship(shop: &Shop, order: &Order, holds: &[Hold]) -> Result<Parcel, OrderError> {
    shop.ship(order, holds).await
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = options::Options::parse();
    if let Some(language) = options.graph {
        let picture = match language {
            options::Picture::Mermaid => place_order::GRAPH.to_mermaid(),
            options::Picture::Dot => place_order::GRAPH.to_dot(),
        };
        print!("{picture}");
        return ExitCode::SUCCESS;
    }
    match job::run(options).await {
        Ok(job::Ended::Finished) => ExitCode::SUCCESS,
        Ok(job::Ended::Stopped) => ExitCode::from(130),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::place_order;

    /// `workflows.lock` is committed: it says what running orders have saved, and this program must go on from all of it.
    #[test]
    fn running_orders_survive_this_program() {
        durable_test::assert_compatible::<place_order>("examples/place_order/workflows.lock");
    }
}
