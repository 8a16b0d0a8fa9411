//! Generic workflows: type and const parameters, `where` clauses, `impl Trait` and `dyn Trait`.

use super::world::{World, everywhere};
use durable::{
    Client, Durable, Named, StartError, Worker,
    memory::{ManualClock, MemoryStore},
    workflow,
};
use durable_test::{CrashTest, EffectLog};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{fmt::Debug, sync::Arc};

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
struct Job {
    id: u64,
}

impl Named for Job {
    const NAME: &'static str = "job";
}

impl From<Job> for u64 {
    fn from(job: Job) -> u64 {
        job.id
    }
}

#[workflow]
async fn process<T>(world: &World, item: T, rest: Vec<T>) -> Result<Vec<T>, String>
where
    T: Durable + Clone + Into<u64>,
{
    let mut done: Vec<T> = Vec::new();
    let first = item.clone();
    for next in rest {
        world.ask(next.clone().into()).await;
        done.push(next);
    }
    let n: u64 = item.into();
    world.even(n).await?;
    done.push(first);
    Ok(done)
}

#[tokio::test]
async fn a_workflow_over_any_type_that_can_be_saved() {
    let jobs = [1, 2, 3].map(|id| Job { id });
    let [one, two, three] = jobs.clone();
    let output = everywhere(process::input(two.clone(), vec![three.clone(), one.clone()])).await;
    assert_eq!(output, Ok(vec![three, one, two]));
    assert_eq!(everywhere(process::<u8>::input(1, vec![])).await, Err("1 is odd".into()));
}

#[tokio::test]
async fn instantiations_have_names_of_their_own_in_stores() {
    assert_eq!((process::<u8>::NAME, process::<Job>::NAME), ("process<u8>", "process<job>"));
    let store = MemoryStore::new(Arc::new(ManualClock::default()));
    let world = || World::for_worker();
    // The bytes of both are alike: only the names keep them apart.
    let jobs = Worker::builder(&store).resource(world()).register::<process<Job>>().start().await.unwrap();
    let client = Client::new(&store);
    let number = client.start("number", process::<u64>::input(4, vec![5])).await.unwrap();
    let job = client.start("job", process::input(Job { id: 6 }, vec![])).await.unwrap();
    assert_eq!(job.result().await.unwrap(), Ok(vec![Job { id: 6 }]));
    assert!(matches!(number.state().await.unwrap(), ProcessState::Start { item: 4, .. }));
    let numbers = Worker::builder(&store).resource(world()).register::<process<u64>>().start().await.unwrap();
    assert_eq!(number.result().await.unwrap(), Ok(vec![5, 4]));
    let other = client.handle::<process<u64>>("job").unwrap();
    assert!(other.result().await.unwrap_err().to_string().contains("is of workflow `process<job>`"));
    jobs.shutdown().await;
    numbers.shutdown().await;
}

/// All instantiations share one name, as the user says.
#[workflow(name = "shared")]
async fn shared<T: Durable + Debug>(world: &World, item: T) -> String {
    #[at(Said)]
    world.note(format!("{item:?}")).await;
    format!("{item:?}")
}

#[workflow(name = "only {N} of {B}")]
async fn placeholders<T: Durable, const N: i8, const B: bool>(_world: &World, _item: T) -> i8 {
    let n: i8 = async { N }.await;
    n
}

#[tokio::test]
async fn a_name_that_is_written_says_which_arguments_are_part_of_it() {
    assert_eq!((shared::<u8>::NAME, shared::<Option<u8>>::NAME), ("shared", "shared"));
    assert_eq!(placeholders::<Vec<u8>, -3, true>::NAME, "only -3 of true");
    assert_eq!(everywhere(shared::input(5)).await, "5");
    assert_eq!(everywhere(placeholders::<u8, 4, false>::input(1)).await, 4);

    let store = MemoryStore::new(Arc::new(ManualClock::default()));
    let twice = Worker::builder(&store).resource(World::for_worker());
    let refused = twice.register::<shared<u8>>().register::<shared<u16>>().start().await.unwrap_err();
    assert!(matches!(refused, StartError::DuplicateWorkflow { name: "shared", version: 1 }));
}

/// A source of anything; the trait's methods give futures that may move between threads.
trait Source: Send + Sync {
    type Item: Durable + Clone + Debug + Send + Sync + PartialEq;
    fn get(&self, n: u64) -> impl Future<Output = Self::Item> + Send;
}

struct Texts(EffectLog);

impl Source for Texts {
    type Item = String;
    async fn get(&self, n: u64) -> String {
        self.0.record(format!("text {n}"));
        format!("<{n}>")
    }
}

impl Named for Texts {
    const NAME: &'static str = "texts";
}

#[workflow]
async fn collect<S: Source<Item = T>, T: Durable, const N: usize>(source: &S, from: u64) -> Vec<S::Item>
where
    Vec<T>: Debug + PartialEq,
    T: PartialEq,
{
    let mut items: Vec<S::Item> = Vec::new();
    for at in 0..N {
        let got = source.get(from + at as u64).await;
        items.push(got);
    }
    #[at(First)]
    let again: S::Item = source.get(0).await;
    #[at(Second)]
    let other = source.get(0).await;
    if other == again {
        #[at(Last)]
        source.get(9).await;
    }
    items.push(again);
    items
}

#[tokio::test]
async fn a_generic_resource_whose_items_are_saved() {
    assert_eq!(collect::<Texts, String, 2>::NAME, "collect<texts, String, 2>");
    let test =
        CrashTest::<collect<Texts, String, 2>>::new(|log, resources| resources.insert(Texts(log.clone())));
    let report = test.run(collect::input(3)).await;
    assert_eq!(report.output, ["<3>", "<4>", "<0>"]);
    assert_eq!(report.effects.len(), 5);
}

/// A parent of generic children, generic itself.
#[workflow]
async fn parent<T: Durable + Clone + Into<u64>>(world: &World, item: T) -> Result<Vec<T>, String> {
    let one = process(world, item.clone(), vec![item.clone()]).await?;
    #[at(ProcessNumbers)]
    let two = process::<u64>(world, item.clone().into(), vec![]).await?;
    world.note(format!("{}", two.len())).await;
    Ok(one)
}

#[tokio::test]
async fn generic_workflows_as_children() {
    assert_eq!(everywhere(parent::input(Job { id: 4 })).await, Ok(vec![Job { id: 4 }, Job { id: 4 }]));
}

/// A tree of anything.
#[derive(Serialize, Deserialize, Debug)]
struct Tree<T> {
    value: T,
    children: Vec<Tree<T>>,
}

#[workflow]
async fn sum_up<T: Durable + Into<u64>>(world: &World, tree: Tree<T>) -> u64 {
    let mut sum = world.ask(tree.value.into()).await;
    for child in tree.children {
        sum += Box::pin(sum_up(world, child)).await;
    }
    sum
}

#[tokio::test]
async fn a_recursive_generic_workflow() {
    let leaf = |value: u8| Tree { value, children: vec![] };
    assert_eq!(everywhere(sum_up::input(Tree { value: 1, children: vec![leaf(2), leaf(3)] })).await, 6);
}

/// Payments by trait.
trait Payments: Send + Sync {
    fn pay(&self, cents: u64) -> impl Future<Output = Result<u64, String>> + Send;
}

struct Stripe(EffectLog);

impl Payments for Stripe {
    async fn pay(&self, cents: u64) -> Result<u64, String> {
        self.0.record(format!("stripe {cents}"));
        Ok(cents + 1)
    }
}

impl Named for Stripe {
    const NAME: &'static str = "stripe";
}

#[workflow]
async fn pay_all(
    payments: &impl Payments,
    amounts: impl IntoIterator<Item = u64> + Durable,
) -> Result<u64, String> {
    let mut sum = 0;
    let amounts: Vec<u64> = amounts.into_iter().collect();
    for amount in &amounts {
        sum += payments.pay(*amount).await?;
    }
    Ok(sum)
}

#[tokio::test]
async fn impl_trait_is_a_parameter_without_a_name() {
    type PayAll = pay_all<Stripe, Vec<u64>>;
    assert_eq!(PayAll::NAME, "pay_all<stripe, Vec<u64>>");
    let test = CrashTest::<PayAll>::new(|log, resources| resources.insert(Stripe(log.clone())));
    assert_eq!(test.run(PayAll::input(vec![1, 2])).await.output, Ok(5));
    let stripe = Stripe(EffectLog::new());
    assert_eq!(pay_all(&stripe, vec![7]).in_memory().await, Ok(8));
}

type Answer<'a> = std::pin::Pin<Box<dyn Future<Output = usize> + Send + 'a>>;

/// The same for trait objects.
trait Gateway {
    fn send(&self, text: &str) -> Answer<'_>;
}

impl Gateway for Stripe {
    fn send(&self, text: &str) -> Answer<'_> {
        let text = text.to_owned();
        Box::pin(async move {
            self.0.record(format!("send {text}"));
            text.len()
        })
    }
}

#[workflow]
async fn tell(gateway: &(dyn Gateway + Send + Sync + 'static), text: String) -> usize {
    let first = gateway.send(&text).await;
    #[at(SendAgain)]
    let second = gateway.send(&format!("{text} {first}")).await;
    tell_once(gateway).await + tell_more(gateway, second).await
}

#[workflow]
async fn tell_once(gateway: &(dyn Gateway + Send + Sync)) -> usize {
    gateway.send("once").await
}

#[workflow]
async fn tell_more<G: Gateway + ?Sized>(gateway: &G, n: usize) -> usize {
    gateway.send(&n.to_string()).await + n
}

impl Named for dyn Gateway + Send + Sync {
    const NAME: &'static str = "any gateway";
}

#[tokio::test]
async fn a_trait_object_is_a_resource() {
    let boxed = CrashTest::<tell>::new(|log, resources| {
        resources.insert::<Box<dyn Gateway + Send + Sync>>(Box::new(Stripe(log.clone())));
    });
    assert_eq!(boxed.run(tell::input("ab".into())).await.output, 4 + 5);
    let shared = CrashTest::<tell>::new(|log, resources| {
        resources.insert::<Arc<dyn Gateway + Send + Sync>>(Arc::new(Stripe(log.clone())));
    });
    assert_eq!(shared.run(tell::input("ab".into())).await.effects.len(), 4);
}

#[tokio::test]
async fn a_missing_trait_object_is_named() {
    let store = MemoryStore::new(Arc::new(ManualClock::default()));
    let error = Worker::builder(&store).register::<tell>().start().await.unwrap_err().to_string();
    assert!(error.contains("takes `gateway: &dyn ") && error.contains("in a `Box` or `Arc`"), "{error}");
}

/// What the witness of a generic local ties together.
#[workflow]
async fn inferred_and_typed<K: Durable + Ord + Clone, V: Durable + Default + Clone>(
    world: &World,
    (key, values): (K, Vec<V>),
) -> std::collections::BTreeMap<K, Vec<V>> {
    let mut found = std::collections::BTreeMap::new();
    let mut pair = (key.clone(), V::default());
    for value in &values {
        world.note("value").await;
        found.entry(key.clone()).or_insert_with(Vec::new).push(value.clone());
        pair.1 = value.clone();
    }
    #[at(Rest)]
    world.note("rest").await;
    found.entry(pair.0).or_default().push(pair.1);
    found
}

#[tokio::test]
async fn locals_of_parameters_types_are_saved_whether_written_or_inferred() {
    let output = everywhere(inferred_and_typed::input(("a".to_owned(), vec![1u8, 2]))).await;
    assert_eq!(output["a"], [1, 2, 2]);
}

fn _a_generic_function_starts_a_generic_workflow<T>(client: &Client, item: T)
where
    T: Durable + Clone + Into<u64> + Named + Send + Sync + 'static + DeserializeOwned,
{
    drop(client.start("id", process::input(item, vec![])));
}
