//! The order workflow of the design.

use durable::{event, sleep, workflow};
use durable_test::CrashTest;
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Serialize, Deserialize, Debug)]
struct Order {
    customer: String,
    items: Vec<String>,
    total: u64,
}
#[derive(Serialize, Deserialize, Debug)]
struct Payment(String);
#[derive(Serialize, Deserialize, Debug, PartialEq)]
enum Nope {
    Stock,
}
struct Shop;
impl Shop {
    async fn reserve(&self, order: &Order, item: &str) -> Result<u64, Nope> {
        tokio::task::yield_now().await;
        Ok(item.len() as u64 + order.total)
    }
    async fn charge(&self, order: &Order, key: u64) -> Result<Payment, Nope> {
        Ok(Payment(format!("p{}-{key}", order.total)))
    }
}
async fn longest(items: &[String]) -> &str {
    items.iter().max_by_key(|i| i.len()).map_or("", |i| i)
}
async fn ship(_: &Shop, order: Order) -> usize {
    order.items.len()
}
fn fresh_key() -> u64 {
    7
}
macro_rules! bail {
    ($e:expr) => {
        return Err($e)
    };
}

#[workflow]
async fn place_order(shop: &Shop, order: Order) -> Result<String, Nope> {
    let mut ids = Vec::new();
    for item in &order.items {
        let id = shop.reserve(&order, item).await?;
        if id > 1_000 {
            bail!(Nope::Stock)
        }
        if id % 2 == 0 {
            continue;
        }
        ids.push(id);
    }
    let customer = &order.customer;
    let longest = longest(&order.items).await.len();
    let key = fresh_key();
    let payment: Payment = shop.charge(&order, key).await?;
    sleep(Duration::from_secs(5)).await;
    let ok: bool = event("gateway").await;
    let line = format!("{} {customer} {ids:?} {longest} {ok}", payment.0);
    ship(shop, order).await;
    Ok(line)
}

#[tokio::test]
async fn an_order_survives_a_crash_anywhere() {
    let order =
        Order { customer: "ada".into(), items: vec!["a".into(), "bbb".into(), "cc".into()], total: 10 };
    let report = CrashTest::<place_order>::new(|_, resources| resources.insert(Shop))
        .event("gateway", &true)
        .run(place_order::input(order))
        .await;
    assert_eq!(report.output.unwrap(), "p10-7 ada [11, 13] 3 true");
    // C5: the start, eight await points, the finish.
    assert_eq!(report.commits, 10);
}
