//! What may stand before `.await`, and what its attempts see.

use super::world::{World, everywhere, report};
use durable::{
    Client, Worker,
    memory::{ManualClock, MemoryStore},
    step, workflow,
};
use durable_test::{CrashTest, EffectLog};
use std::{pin::Pin, sync::Arc};

async fn all<'a, T: 'a, F, Fut>(items: impl Iterator<Item = &'a T>, f: F) -> Vec<u64>
where
    F: Fn(&'a T) -> Fut,
    Fut: Future<Output = u64>,
{
    let mut out = vec![];
    for item in items {
        out.push(f(item).await);
    }
    out
}
#[workflow]
async fn with_closure(world: &World, v: Vec<u64>) -> Vec<u64> {
    let got = all(v.iter(), |x| world.ask(*x)).await;
    #[at(Two)]
    let more = all(v.iter().filter(|x| **x > 1), |x| world.ask(*x + 1)).await;
    #[at(Three)]
    world.ask(v.len() as u64).await;
    [got, more].concat()
}
#[tokio::test]
async fn an_iterator_and_a_closure_in_an_awaited_call() {
    assert_eq!(everywhere(with_closure::input(vec![1, 2])).await, [1, 2, 3]);
}
#[tokio::test]
async fn an_iterator_and_a_closure_in_an_awaited_call_on_a_worker() {
    let store = MemoryStore::new(Arc::new(ManualClock::default()));
    let w = Worker::builder(&store)
        .resource(World::for_worker())
        .register::<with_closure>()
        .start()
        .await
        .unwrap();
    let c = Client::new(&store);
    let h = c.start("a", with_closure::input(vec![1, 2])).await.unwrap();
    assert_eq!(h.result().await.unwrap(), [1, 2, 3]);
    w.shutdown().await;
}

#[step]
async fn down(world: &World, n: u64) -> u64 {
    world.note_now(&format!("down {n}"));
    if n == 0 { 0 } else { 1 + Box::pin(down(world, n - 1).into_future()).await }
}
struct Later(u64);
impl IntoFuture for Later {
    type Output = u64;
    type IntoFuture = std::future::Ready<u64>;
    fn into_future(self) -> Self::IntoFuture {
        std::future::ready(self.0)
    }
}
type Boxed<'a> = Pin<Box<dyn Future<Output = u64> + Send + 'a>>;
fn boxed<'a>(world: &'a World, n: &'a u64) -> Boxed<'a> {
    Box::pin(async move { world.ask(*n).await })
}

#[workflow]
async fn kinds(world: &World, n: u64) -> u64 {
    let a = Box::pin(down(world, n)).await;
    let b = boxed(world, &n).await;
    #[at(Dyn)]
    let c = Box::pin(world.ask(3)).await;
    let d = async { Later(4).await }.await;
    #[at(Ready)]
    let e = std::future::ready(5).await;
    let f = tokio::time::timeout(std::time::Duration::from_secs(5), world.ask(6)).await.unwrap_or(0);
    #[at(Gh)]
    let (g, h) = async { tokio::join!(world.ask(7), world.ask(8)) }.await;
    #[at(I)]
    let i = world.ask(9).await;
    let j = async { world.ask(10).await }.await;
    let k = async move { n }.await;
    #[at(Poll)]
    let l = std::future::poll_fn(|_| std::task::Poll::Ready(n + 1)).await;
    #[at(Arr)]
    let m: u64 = async {
        let arr = [world.ask(1), world.ask(2)];
        let mut s = 0;
        for f in arr {
            s += f.await;
        }
        s
    }
    .await;
    a + b + c + d + e + f + g + h + i + j + k + l + m
}
#[tokio::test]
async fn whatever_is_a_future_can_be_awaited() {
    let r = report(kinds::input(2)).await;
    assert_eq!(r.output, 2 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 10 + 2 + 3 + 3);
    let points: Vec<_> = r.states[1..].iter().map(|state| state.split(' ').next().unwrap()).collect();
    let expected = ["Down", "Boxed", "Dyn", "D", "Ready", "Timeout", "Gh", "I", "J", "K", "Poll", "Arr"];
    assert_eq!(points, expected);
}

#[workflow]
async fn attempts(_world: &World, n: u64) -> bool {
    let mut keys = std::collections::BTreeSet::new();
    for _ in 0..n {
        let key = async { durable::attempt().key.to_string() }.await;
        keys.insert(key);
    }
    keys.len() as u64 == n
}
#[tokio::test]
async fn each_visit_has_a_key_of_its_own_but_in_a_plain_run() {
    let test = CrashTest::<attempts>::new(|log, resources| resources.insert(World::logging(log)));
    let error = test.check(attempts::input(3)).await.unwrap_err().to_string();
    // The only difference is that to the plain run, where the key is a fixed one.
    assert!(
        error.contains(
            "output as a plain function:
  false"
        ),
        "{error}"
    );
    assert!(
        error.contains(
            "output through its snapshots:
  true"
        ),
        "{error}"
    );
}

// retries
#[derive(Default)]
struct Flaky {
    calls: std::sync::atomic::AtomicU32,
    log: EffectLog,
}
#[step(retry(attempts = 3, initial = "1s", jitter = "none"))]
async fn flaky(f: &Flaky, n: u64) -> Result<u64, String> {
    f.log.record(format!("flaky {n}"));
    if f.calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 2 { Err("busy".into()) } else { Ok(n) }
}
#[workflow]
async fn retried(f: &Flaky, n: u64) -> Result<u64, String> {
    let key = n * 10;
    let got = flaky(f, key + 1).await?;
    #[at(Last)]
    async { f.log.record("last") }.await;
    Ok(got)
}
#[tokio::test]
async fn a_retry_evaluates_the_awaited_expression_again_and_nothing_before_it() {
    let r = CrashTest::<retried>::new(|log, r| r.insert(Flaky { log: log.clone(), ..Default::default() }))
        .run(retried::input(1))
        .await;
    assert_eq!(r.output, Ok(11));
    let names: Vec<_> = r.effects.iter().map(|effect| (effect.name.as_str(), effect.attempt)).collect();
    assert_eq!(names, [("flaky 11", 1), ("flaky 11", 2), ("flaky 11", 3), ("last", 1)]);
    assert!(r.states[1..=3].iter().all(|state| state == "Flaky { key: 10 }"), "{:?}", r.states);
}

trait Asked: Send + Sync {
    #[step]
    fn asked(&self, n: u64) -> Pin<Box<dyn Future<Output = Result<u64, String>> + Send + '_>>;
}
impl Asked for World {
    #[step(retry(attempts = 2, initial = "1s"))]
    fn asked(&self, n: u64) -> Pin<Box<dyn Future<Output = Result<u64, String>> + Send + '_>> {
        Box::pin(async move { self.even(n).await })
    }
}
fn whoever(world: &World) -> &dyn Asked {
    world
}
#[workflow]
async fn through_an_object(world: &World, n: u64) -> Result<u64, String> {
    let got: u64 = whoever(world).asked(n).await?;
    #[at(Then)]
    Box::pin(whoever(world).asked(got + 2)).await
}
#[tokio::test]
async fn steps_of_a_trait_object() {
    assert_eq!(everywhere(through_an_object::input(2)).await, Ok(4));
    assert!(everywhere(through_an_object::input(3)).await.is_err());
}
