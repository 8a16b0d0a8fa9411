//! The order workflow of the design.

use durable::{event, sleep, workflow};
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
async fn runs_plainly() {
    let order = Order { customer: "ada".into(), items: vec!["a".into()], total: 10 };
    let _ = (shop_call(), order);
}
fn shop_call() -> u8 {
    1
}
