//! The shop: simulated services that take their time, are unavailable now and then, and leave every effect in the ledger.
//!
//! What they answer depends on the order alone, and when they are unavailable on the order, the step and the attempt: so two
//! runs over the same orders end alike, however often they are killed.

use crate::{
    ledger::Ledger,
    order::{Approval, Coupon, Hold, Line, Order, OrderError, Parcel, Payment},
};
use durable::attempt;
use std::time::Duration;
use uuid::Uuid;

/// The warehouse never has more than this of anything.
const AVAILABLE: u32 = 50;
/// From here on the approver says no.
const REJECTED_FROM_CENTS: u64 = 400_000;
/// Of a hundred first or second attempts, so many find their service unavailable. Third ones never do.
const UNAVAILABLE_PERCENT: u64 = 5;

/// What a workflow is given by reference: never saved, supplied by the worker.
#[derive(Debug)]
pub(crate) struct Shop {
    ledger: Ledger,
    step_time: Duration,
}

impl Shop {
    pub(crate) fn new(ledger: Ledger, step_time: Duration) -> Self {
        Self { ledger, step_time }
    }

    /// How long a parcel takes to be packed.
    pub(crate) fn packing_time(&self) -> Duration {
        self.step_time * 3
    }

    /// Coupons the shop does not know give no discount.
    pub(crate) async fn redeem(&self, order: &Order, code: &str) -> Result<Coupon, OrderError> {
        let percent = match code {
            "WELCOME5" => 5,
            "SPRING10" => 10,
            "TEATIME15" => 15,
            "VIP20" => 20,
            _ => 0,
        };
        self.call("redeem", order, code, Ok(Coupon { percent }), None).await
    }

    pub(crate) async fn reserve(&self, order: &Order, line: &Line) -> Result<Hold, OrderError> {
        let Line { sku, quantity, .. } = line.clone();
        let answer = match quantity {
            0..=AVAILABLE => Ok(Hold { sku, quantity }),
            wanted => Err(OrderError::OutOfStock { sku, wanted, available: AVAILABLE }),
        };
        self.call("reserve", order, &line.sku, answer, None).await
    }

    pub(crate) async fn release(&self, order: &Order, hold: &Hold) -> Result<(), OrderError> {
        self.call("release", order, &hold.sku, Ok(()), None).await
    }

    pub(crate) async fn charge(&self, order: &Order, cents: u64, key: Uuid) -> Result<Payment, OrderError> {
        let answer = match order.card.strip_prefix("tok_declined_") {
            Some(reason) => Err(OrderError::Declined { reason: reason.replace('_', " ") }),
            None => Ok(Payment(format!("pay_{:016x}", hash(&[&order.id, &order.card, &cents.to_string()])))),
        };
        self.call("charge", order, &order.card, answer, Some(key)).await
    }

    pub(crate) async fn ship(&self, order: &Order, holds: &[Hold]) -> Result<Parcel, OrderError> {
        let tracking = format!("TRK{:010}", hash(&[&order.id, &order.customer.email]) % 10_000_000_000);
        let pieces = holds.iter().map(|hold| hold.quantity).sum();
        self.call("ship", order, &order.customer.name, Ok(Parcel { tracking, pieces }), None).await
    }

    /// One call of a service. Half of the time passes before the effect and half after it, so that a kill often falls between
    /// the effect and its commit.
    async fn call<T>(
        &self,
        step: &str,
        order: &Order,
        about: &str,
        answer: Result<T, OrderError>,
        payment_key: Option<Uuid>,
    ) -> Result<T, OrderError> {
        let attempt = attempt();
        let unavailable = |reason: String| OrderError::Unavailable { service: step.into(), reason };
        let half = self.step_time.mul_f64(0.25 + (hash(&[&order.id, step, about]) % 500) as f64 / 1000.0);
        tokio::time::sleep(half).await;
        let roll = hash(&[&order.id, step, about, &attempt.number.to_string()]) % 100;
        if attempt.number <= 2 && roll < UNAVAILABLE_PERCENT {
            return Err(unavailable("try again".into()));
        }
        // A refusal has no effect.
        let answer = answer?;
        self.ledger
            .append(step, &attempt, payment_key)
            .map_err(|error| unavailable(format!("its ledger cannot be written: {error}")))?;
        tokio::time::sleep(half).await;
        Ok(answer)
    }
}

/// How the person in charge answers, and how many steps' time that takes: some answer before the execution waits for it, some
/// long after.
pub(crate) fn approval_of(order: &Order) -> (Approval, u32) {
    let by = if hash(&[&order.id]).is_multiple_of(2) { "ines" } else { "omar" };
    let granted = order.total_cents() < REJECTED_FROM_CENTS;
    let steps = hash(&[&order.id, "approval"]) % 5;
    (Approval { granted, by: by.into() }, steps as u32)
}

/// FNV-1a: the same number in every process and on every machine.
fn hash(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    // Its low bits alone are not even.
    hash ^ (hash >> 32)
}
