//! Methods as workflows: `#[workflows]` on the `impl` block.

use durable::{
    Client, Named, Worker,
    memory::{ManualClock, MemoryStore},
    step, workflow, workflows,
};
use durable_test::{CrashTest, EffectLog};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
struct Order {
    id: u64,
    lines: Vec<u64>,
}

/// What a workflow is a method of. It is not saved.
struct Shop {
    log: EffectLog,
    fee: u64,
}

/// Saved, and of the same type as `self`.
#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Cart(u64);

#[workflows]
impl Shop {
    const MAX: u64 = 100;

    fn new(log: &EffectLog) -> Self {
        Self { log: log.clone(), fee: 1 }
    }

    /// Texts that mean `self`, and texts that only look so.
    #[workflow]
    async fn texts(&self, n: u64) -> Vec<String> {
        let list = vec!["{self}".to_owned(), format!("{self:>12} {{self}} {n} {}", "{self}")];
        let mut written = String::new();
        #[at(Yield)]
        async { tokio::task::yield_now().await }.await;
        {
            use std::fmt::Write;
            write!(written, "{self}{}", format!("{}-{self}", self.fee)).unwrap();
        }
        assert_eq!(list[0], "{self}", "{self} {n}");
        assert!(matches!(&list[0][..], text if text == "{self}" && self.fee == 1));
        let closure = |n: u64| format!("{self} {n} {}", self.fee);
        let mut list: Vec<String> = [list, vec![written, closure(n)]].concat();
        #[at(Again)]
        async { tokio::task::yield_now().await }.await;
        list.push("{self}".into());
        list
    }

    /// Untouched: not a workflow.
    async fn reserve(&self, line: &u64) -> Result<u64, String> {
        self.log.record(format!("reserve {line}"));
        if *line > Self::MAX { Err(format!("{line} is too much")) } else { Ok(line + self.fee) }
    }

    #[step(retry(attempts = 2))]
    async fn charge(&self, total: u64) -> Result<u64, String> {
        self.log.record(format!("charge {total}"));
        Ok(total * 2)
    }

    /// Sells.
    #[workflow]
    pub async fn sell(&self, order: Order) -> Result<u64, String> {
        let mut total = 0;
        for line in &order.lines {
            total += self.reserve(line).await?;
        }
        let fee = &self.fee;
        let paid: u64 = self.charge(total.min(Self::MAX)).await?;
        macro_rules! fee {
            () => {
                self.fee
            };
        }
        let text = format!("{self} {} {fee}", fee!());
        self.log.record(matches!(self, Self { fee: 1, .. }).to_string());
        let shown = async { format!("{self}/{}", self.fee + Shop::MAX) }.await;
        self.pack(order.id).await;
        #[at(PackAgain)]
        Shop::pack(self, paid).await;
        let counted = Self::count(paid).await;
        Ok(paid + fee + counted + text.len() as u64 + shown.len() as u64)
    }

    #[workflow]
    async fn pack(self: &Self, id: u64) {
        struct Inner(u64);
        impl Inner {
            fn id(&self) -> u64 {
                self.0
            }
        }
        let id = Inner(id).id();
        #[at(Wrap)]
        async { self.log.record(format!("wrap {id}")) }.await;
        #[at(Tie)]
        async { self.log.record(format!("tie {id}")) }.await;
    }

    /// Without `self`.
    #[workflow(name = "counting")]
    async fn count(mut n: u64) -> u64 {
        let cart: Option<Cart> = Some(Cart(n));
        #[at(Max)]
        let max = async { Self::MAX }.await;
        n += max;
        let cart = cart.map_or(0, |Cart(n)| n);
        n + cart
    }

    #[cfg(any())]
    #[workflow]
    async fn never_there(&self) -> Missing {
        self.missing().await
    }
}

impl std::fmt::Display for Shop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "shop with {}", self.fee)
    }
}

fn shop<W>() -> CrashTest<W>
where
    W: durable::Workflow<Input: serde::de::DeserializeOwned, Output: std::fmt::Debug>,
{
    CrashTest::new(|log, resources| resources.insert(Shop::new(log)))
}

#[tokio::test]
async fn a_method_survives_a_crash_anywhere() {
    let order = Order { id: 7, lines: vec![1, 2, 3] };
    let report = shop::<sell>().run(sell::input(order.clone())).await;
    assert_eq!(report.output, Ok(18 + 1 + (18 + 100 + 18) + 15 + 15));
    let names: Vec<_> = report.effects.iter().map(|effect| effect.name.as_str()).collect();
    assert_eq!(
        names,
        ["reserve 1", "reserve 2", "reserve 3", "charge 9", "true", "wrap 7", "tie 7", "wrap 18", "tie 18"]
    );
    let refused = shop::<sell>().run(sell::input(Order { lines: vec![101], ..order })).await;
    assert_eq!(refused.output, Err("101 is too much".to_owned()));
}

#[tokio::test]
async fn self_in_texts_is_the_object_only_where_it_is_captured() {
    let output = shop::<texts>().run(texts::input(3)).await.output;
    assert_eq!(
        output,
        ["{self}", "shop with 1 {self} 3 {self}", "shop with 11-shop with 1", "shop with 1 3 1", "{self}"]
    );
}

#[tokio::test]
async fn an_associated_function_without_self_is_a_workflow_too() {
    assert_eq!(count::NAME, "counting");
    assert_eq!(shop::<count>().run(count::input(1)).await.output, 102);
    assert_eq!(Shop::count(2).in_memory().await, 104);
}

#[tokio::test]
async fn a_worker_supplies_the_object() {
    let store = MemoryStore::new(Arc::new(ManualClock::default()));
    let worker = Worker::builder(&store)
        .resource(Arc::new(Shop::new(&EffectLog::new())))
        .register::<sell>()
        .register::<pack>()
        .start()
        .await
        .unwrap();
    let client = Client::new(&store);
    let order = Order { id: 1, lines: vec![2] };
    let handle = client.start("one", sell::input(order)).await.unwrap();
    assert_eq!(handle.result().await.unwrap(), Ok(6 + 1 + (6 + 100 + 6) + 30));
    worker.shutdown().await;
}

#[derive(Serialize, Deserialize, Debug)]
struct Tree {
    value: u64,
    children: Vec<Tree>,
}

#[workflow]
async fn beside(shop: &Shop, n: u64) -> u64 {
    let got: u64 = shop.charge(n).await.unwrap_or_default();
    shop.late(got).await
}

/// A second block, made by a macro, of a type that comes whole.
macro_rules! more {
    ($Shop:ty, $Tree:ident: $tree:ty, $shop:ident: $shop_ref:ty) => {
        #[workflows]
        impl $Shop {
            #[workflow]
            async fn walk(&self, tree: $Tree) -> Result<u64, String> {
                let mut sum: u64 = tree.value;
                for child in tree.children {
                    sum += Box::pin(self.walk(child)).await?;
                }
                if sum == 0 {
                    return Err(format!("{self} is empty"));
                }
                #[at(Beside)]
                let more = beside(self, sum).await;
                Ok(more)
            }

            #[workflow]
            async fn late(&self, n: u64) -> u64 {
                let Self { fee, log } = self;
                #[at(Yield)]
                async { log.record(format!("late {n}")) }.await;
                match self {
                    Self { fee: 1, .. } => {
                        #[at(One)]
                        async { self.log.record("one") }.await;
                        n + fee
                    }
                    Self { fee: other, .. } => *other,
                }
            }
        }

        #[workflow]
        async fn grouped($shop: $shop_ref, tree: $tree) -> u64 {
            $shop.late(tree.value).await
        }
    };
}

more!(Shop, Tree: Tree, shop: &Shop);

#[tokio::test]
async fn methods_recurse_and_functions_call_them() {
    let leaf = |value| Tree { value, children: vec![] };
    let tree = Tree { value: 1, children: vec![leaf(2), leaf(3)] };
    // charge doubles, late adds the fee: 5 and 7, then 13 gives 27.
    assert_eq!(shop::<walk>().run(walk::input(tree)).await.output, Ok(27));
    let empty = shop::<walk>().run(walk::input(leaf(0))).await;
    assert_eq!(empty.output, Err("shop with 1 is empty".into()));
    assert_eq!(shop::<grouped>().run(grouped::input(leaf(4))).await.output, 5);
}

#[workflows(strict)]
impl Cart {
    /// Takes and gives values of the block's own type.
    #[workflow]
    async fn merge(&self, other: Self, more: Vec<Self>) -> Self {
        let mut merged: Self = Self(self.0 + other.0);
        for Self(n) in &more {
            let n: u64 = *n;
            let twice: u64 = async { n * 2 }.await;
            let Cart(sum) = &mut merged;
            *sum += twice;
        }
        merged
    }
}

#[tokio::test]
async fn self_is_a_type_of_inputs_outputs_and_locals() {
    let test = CrashTest::<merge>::new(|_, resources| resources.insert(Cart(1)));
    let report = test.run(merge::input(Cart(2), vec![Cart(3), Cart(4)])).await;
    assert_eq!(report.output, Cart(17));
}

/// A source of numbers.
trait Source: Send + Sync + 'static {
    fn next(&self, n: u64) -> impl Future<Output = u64> + Send;
}

struct Doubling(EffectLog);

impl Source for Doubling {
    async fn next(&self, n: u64) -> u64 {
        self.0.record(format!("double {n}"));
        n * 2
    }
}

impl Named for Doubling {
    const NAME: &'static str = "doubling";
}

struct Pump<S> {
    source: S,
}

#[workflows]
impl<S: Source> Pump<S>
where
    S: Sized,
{
    #[workflow]
    pub(crate) async fn pump<T: durable::Durable + Into<u64> + Copy, const N: usize>(
        &self,
        from: [T; 2],
    ) -> Vec<T>
    where
        T: std::fmt::Debug,
    {
        let mut sum: u64 = 0;
        for _ in 0..N {
            sum = self.source.next(sum + from[0].into()).await;
            self.tell::<T>(sum, from[1]).await;
        }
        vec![from[1]; sum as usize]
    }

    #[workflow(name = "tell")]
    async fn tell<T: durable::Durable + std::fmt::Debug>(&self, n: u64, what: T) {
        #[at(Tell)]
        self.source.next(n + format!("{what:?}").len() as u64).await;
    }
}

#[tokio::test]
async fn a_method_of_a_generic_type_is_generic() {
    assert_eq!(pump::<Doubling, u8, 3>::NAME, "pump<doubling, u8, 3>");
    assert_eq!(tell::<Doubling, String>::NAME, "tell");
    let test = CrashTest::<pump<Doubling, u8, 3>>::new(|log, resources| {
        resources.insert(Pump { source: Doubling(log.clone()) })
    });
    let report = test.run(pump::input([1, 2])).await;
    // 0, 2, 6, 14.
    assert_eq!(report.output.len(), 14);
    assert_eq!(report.effects.len(), 6);
}

/// Of one instance of a generic type only.
#[workflows]
impl Pump<Cart> {
    #[workflow]
    async fn drain(&self) -> u64 {
        let pump = Self { source: Cart(5) };
        let before = pump.source.0;
        let got = async { self.source.0 }.await;
        got + before
    }
}

#[tokio::test]
async fn a_method_of_one_instance_of_a_generic_type() {
    let test = CrashTest::<drain>::new(|_, resources| resources.insert(Pump { source: Cart(4) }));
    assert_eq!(test.run(drain::input()).await.output, 9);
}
