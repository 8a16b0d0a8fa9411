//! The world outside the workflows of these tests: a shop that reports every effect as it happens.

#![allow(clippy::needless_borrow)] // Autoref probes need their references.

use durable_core::{
    Jitter, Retry, Step, StepPolicy,
    private::{Attempts, Body, ErrorDebug, NoFailure, Probe, StepHooks},
};
use serde::{Deserialize, Serialize};
use std::{
    future::{Future, poll_fn},
    marker::PhantomData,
    sync::atomic::{AtomicU32, Ordering::SeqCst},
    task::Poll,
    time::Duration,
};

pub struct Shop {
    record: Box<dyn Fn(&str) + Send + Sync>,
    failures_left: AtomicU32,
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
pub struct Order {
    pub customer: String,
    pub items: Vec<String>,
    pub total: u64,
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
pub struct Payment(pub String);

#[derive(Serialize, Deserialize, Debug, PartialEq)]
pub struct Approval {
    pub by: String,
}

/// Neither `Serialize` nor `Display`: an error that is returned needs nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Nope {
    Stock,
    Busy,
}

impl Order {
    pub fn of(items: &[&str], total: u64) -> Self {
        Self { customer: "ada".into(), items: items.iter().map(|item| (*item).into()).collect(), total }
    }
}

static RESERVE: StepPolicy = StepPolicy::new("reserve").retry(Retry::new(
    3,
    Duration::from_secs(1),
    2.0,
    Duration::from_secs(60),
    Jitter::None,
));

impl Shop {
    /// Every effect is reported to `record` as it happens.
    pub fn new(record: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { record: Box::new(record), failures_left: AtomicU32::new(0) }
    }

    /// The next `count` attempts to reserve fail.
    pub fn failing(self, count: u32) -> Self {
        self.failures_left.store(count, SeqCst);
        self
    }

    /// What `#[step(retry(attempts = 3, initial = "1s"))]` makes of an `async fn`.
    pub fn reserve<'a>(
        &'a self,
        order: &'a Order,
        item: &'a str,
    ) -> Step<impl Attempts<Output = Result<u64, Nope>> + use<'a>> {
        let body = move || async move {
            (self.record)(&format!("reserve {item}"));
            yield_now().await;
            if self.failures_left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok() {
                return Err(Nope::Busy);
            }
            Ok(item.len() as u64 + order.total)
        };
        let hooks = StepHooks {
            error: |output: &Result<u64, Nope>| (&&&&Probe(output)).error_text(),
            failed: (&&Probe(PhantomData::<Result<u64, Nope>>)).on_failure(),
            interrupted: None,
        };
        Step::new(Body::new(body(), move || Some(body())), &RESERVE, hooks)
    }

    pub async fn charge(&self, order: &Order, key: u64) -> Result<Payment, Nope> {
        (self.record)("charge");
        Ok(Payment(format!("p{}-{key}", order.total)))
    }

    /// Code between awaits: it may run again, but what it gave is saved with the next await point.
    pub fn fresh_key(&self) -> u64 {
        7
    }

    pub async fn tick(&self, n: u64) {
        (self.record)(&format!("tick {n}"));
        yield_now().await;
    }

    pub async fn lift_off(&self, counted: u64) {
        (self.record)(&format!("lift off after {counted}"));
    }
}

pub async fn longest<'o>(shop: &Shop, items: &'o [String]) -> &'o str {
    (shop.record)("longest");
    items.iter().max_by_key(|item| item.len()).map_or("", |item| item)
}

pub async fn ship(shop: &Shop, order: Order) {
    (shop.record)(&format!("ship {}", order.items.len()));
}

/// Pending once.
fn yield_now() -> impl Future<Output = ()> + Send {
    let mut yielded = false;
    poll_fn(move |task| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        task.waker().wake_by_ref();
        Poll::Pending
    })
}
