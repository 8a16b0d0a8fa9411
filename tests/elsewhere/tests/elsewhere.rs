//! Workflows and steps in a crate of edition 2021, where `durable` has another name.

use durable_test::CrashTest;
use lasting::{step, workflow, workflows, Durable, Workflow};
use serde::{Deserialize, Serialize};

pub struct Shop {
    fee: u64,
}

#[derive(Serialize, Deserialize, Debug)]
pub struct Order {
    lines: Vec<u64>,
}

impl Shop {
    #[step(crate = "lasting", retry)]
    async fn price<'a>(&'a self, line: &'a u64) -> Result<u64, String> {
        Ok(line + self.fee)
    }
}

#[step(crate = "lasting")]
async fn record(text: &str) -> usize {
    text.len()
}

#[workflow(crate = "lasting", name = "total-of-2021")]
async fn total(shop: &Shop, order: Order) -> Result<u64, String> {
    let mut sum = 0;
    for line in &order.lines {
        sum += shop.price(line).await?;
    }
    let text = format!("{sum}");
    let length = record(&text).await;
    Ok(sum + length as u64)
}

#[workflow(crate = "lasting")]
async fn twice(shop: &Shop, r#async: u64) -> Result<u64, String> {
    let first = total(shop, Order { lines: vec![r#async] }).await?;
    #[at(TotalAgain)]
    let second = total(shop, Order { lines: vec![first, r#async] }).await?;
    Ok(first + second)
}

macro_rules! workflow_of {
    ($name:ident, $input:ident : $ty:ty => $body:expr) => {
        #[workflow(crate = "lasting")]
        async fn $name(shop: &Shop, $input: $ty) -> Result<u64, String> {
            let got = shop.price(&$input).await?;
            let more = $body;
            #[at(PriceAgain)]
            shop.price(&more).await?;
            Ok(more + got)
        }
    };
}

workflow_of!(made, n: u64 => n + 1);

fn world<W>() -> CrashTest<W>
where
    W: Workflow,
    W::Input: serde::de::DeserializeOwned,
    W::Output: std::fmt::Debug,
{
    CrashTest::new(|_, resources| resources.insert(Shop { fee: 1 }))
}

#[tokio::test]
async fn a_workflow_of_edition_2021_survives_a_crash_anywhere() {
    assert_eq!(total::NAME, "total-of-2021");
    let report = world::<total>().run(total::input(Order { lines: vec![1, 2] })).await;
    assert_eq!(report.output, Ok(6));
}

#[tokio::test]
async fn children_and_raw_names_of_edition_2021() {
    assert_eq!(world::<twice>().run(twice::input(3)).await.output, Ok(5 + 12));
}

#[tokio::test]
async fn a_macro_of_edition_2021_makes_a_workflow() {
    assert_eq!(world::<made>().run(made::input(4)).await.output, Ok(10));
}

/// # Safety
///
/// None needed.
unsafe fn raw(n: &u64) -> u64 {
    *n + 1
}

async unsafe fn raw_price(shop: &Shop, n: u64) -> u64 {
    shop.fee + n
}

#[workflow(crate = "lasting")]
async fn with_unsafe(shop: &Shop, n: u64) -> Result<u64, String> {
    let first = unsafe { raw(&n) };
    let got = unsafe { raw_price(shop, first).await };
    let last = unsafe {
        let moved = raw(&got);
        moved + raw(&first)
    };
    shop.price(&last).await?;
    Ok(last
        + unsafe {
            #[at(RawAgain)]
            raw_price(shop, raw(&last)).await
        })
}

#[tokio::test]
async fn unsafe_blocks() {
    assert_eq!(world::<with_unsafe>().run(with_unsafe::input(1)).await.output, Ok(7 + 9));
}

#[workflows(crate = "lasting", strict)]
impl Shop {
    #[workflow]
    pub async fn twice_each<T: Durable + Into<u64> + Clone>(
        &self,
        all: Vec<T>,
        more: impl Durable + Into<u64>,
    ) -> u64 {
        let mut sum: u64 = more.into();
        for each in &all {
            let price: Result<u64, String> = self.price(&each.clone().into()).await;
            sum += price.unwrap_or(Self::nothing());
        }
        sum
    }

    fn nothing() -> u64 {
        0
    }
}

#[tokio::test]
async fn a_generic_method_of_edition_2021() {
    assert_eq!(twice_each::<u8, u16>::NAME, "twice_each<u8, u16>");
    let report = world::<twice_each<u8, u16>>().run(twice_each::input(vec![1, 2], 3)).await;
    assert_eq!(report.output, 3 + 2 + 3);
}
