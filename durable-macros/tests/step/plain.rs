//! Steps awaited outside a workflow, and in a plain run, which honours `retry`.

use durable_core::{Interrupted, Jitter, Retry, Step, StepFailure, private::Plain};
use durable_macros::step;
use std::{
    fmt::{Debug, Display},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// Counts calls and fails the first few.
#[derive(Default)]
struct Service {
    calls: AtomicU32,
    failures: u32,
}

impl Service {
    fn failing(failures: u32) -> Self {
        Self { failures, ..Self::default() }
    }

    fn call(&self) -> Result<u32, Failed> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        if call > self.failures { Ok(call) } else { Err(Failed(format!("call {call}"))) }
    }

    fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }
}

#[derive(Debug, PartialEq)]
struct Failed(String);

impl Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<StepFailure> for Failed {
    fn from(failure: StepFailure) -> Self {
        Failed(failure.to_string())
    }
}

impl From<Interrupted> for Failed {
    fn from(interrupted: Interrupted) -> Self {
        Failed(interrupted.to_string())
    }
}

impl From<std::num::ParseIntError> for Failed {
    fn from(error: std::num::ParseIntError) -> Self {
        Failed(error.to_string())
    }
}

#[step(crate = "durable_core")]
async fn once(service: &Service) -> Result<u32, Failed> {
    tokio::task::yield_now().await;
    service.call()
}

#[step(
    crate = "durable_core",
    retry(attempts = 4, initial = "1s", factor = 1.5, max = "1m", jitter = "half"),
    timeout = "30s"
)]
async fn retried(service: &Service, note: String) -> Result<(u32, String), Failed> {
    let call = service.call()?;
    Ok((call, note))
}

struct NotClone(u32);

#[step(crate = "durable_core", retry)]
async fn retried_with_what_cannot_be_cloned(service: &Service, once: NotClone) -> Result<u32, Failed> {
    service.call().map(|call| call + once.0)
}

#[tokio::test]
async fn awaited_outside_a_workflow_it_is_one_plain_call() {
    let service = Service::failing(1);
    assert_eq!(once(&service).await, Err(Failed("call 1".into())));
    assert_eq!(retried(&service, "a".into()).await, Ok((2, "a".into())));
    let never_awaited = once(&service);
    drop(never_awaited);
    assert_eq!(service.calls(), 2);
}

#[tokio::test]
async fn a_plain_run_honours_retry_and_clones_the_arguments() {
    let service = Service::failing(3);
    assert_eq!(retried(&service, "kept".into()).plain().await, Ok((4, "kept".into())));
}

#[tokio::test]
async fn the_last_err_is_the_value_when_attempts_are_spent() {
    let service = Service::failing(10);
    assert_eq!(retried(&service, String::new()).plain().await, Err(Failed("call 4".into())));
    assert_eq!(service.calls(), 4);
}

#[tokio::test]
async fn without_retry_an_err_is_a_value() {
    let service = Service::failing(10);
    assert_eq!(once(&service).plain().await, Err(Failed("call 1".into())));
    assert_eq!(service.calls(), 1);
}

#[tokio::test]
async fn an_argument_that_cannot_be_cloned_makes_the_first_err_final_in_a_plain_run() {
    let service = Service::failing(1);
    let result = retried_with_what_cannot_be_cloned(&service, NotClone(5)).plain().await;
    assert_eq!((result, service.calls()), (Err(Failed("call 1".into())), 1));
}

/// Counts its clones.
struct Counted(Arc<AtomicU32>);

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, Ordering::Relaxed);
        Self(self.0.clone())
    }
}

#[step(crate = "durable_core", retry(attempts = 3))]
async fn counted(service: &Service, counted: Counted) -> Result<u32, Failed> {
    drop(counted);
    service.call()
}

#[tokio::test]
async fn arguments_are_cloned_only_for_a_further_attempt() {
    let clones = Arc::new(AtomicU32::new(0));
    let service = Service::failing(10);
    assert!(counted(&service, Counted(clones.clone())).await.is_err());
    assert_eq!(clones.load(Ordering::Relaxed), 0, "a plain call is one attempt");
    assert!(counted(&service, Counted(clones.clone())).plain().await.is_err());
    assert_eq!(clones.load(Ordering::Relaxed), 2, "three attempts, of which the last keeps nothing");
}

#[step(crate = "durable_core")]
async fn largest<'a, T, const N: usize>(items: &'a [T; N], rank: impl Fn(&T) -> u32 + Send) -> Option<&'a T>
where
    T: Sync,
{
    tokio::task::yield_now().await;
    items.iter().max_by_key(|item| rank(item))
}

#[step(crate = "durable_core", retry)]
async fn echo<T: Send + Clone>(value: T) -> Result<T, Failed> {
    Ok(value)
}

#[tokio::test]
async fn generics_and_lifetimes_are_those_of_the_function() {
    let items = [3, 9, 4];
    assert_eq!(largest(&items, |item| *item).await, Some(&9));
    assert_eq!(echo("text").plain().await, Ok("text"));
    assert_eq!(echo(()).plain().await, Ok(()));
}

#[step(crate = "durable_core")]
async fn first_word(text: &str) -> &str {
    tokio::task::yield_now().await;
    text.split(' ').next().unwrap_or(text)
}

#[step(crate = "durable_core", retry)]
async fn prefix<'a>(text: &'a str, length: &usize) -> Result<&'a str, Failed> {
    text.get(..*length).ok_or(Failed("too long".into()))
}

#[tokio::test]
async fn an_output_may_borrow_from_an_argument() {
    let text = String::from("one two");
    let word = first_word(&text).await;
    let cut = {
        let length = 2;
        prefix(&text, &length).plain().await
    };
    assert_eq!((word, cut), ("one", Ok("on")));
}

/// Not `Clone`.
struct Shop {
    service: Service,
    name: String,
}

impl Shop {
    #[step(crate = "durable_core", retry(attempts = 3))]
    async fn reserve(&self, mut line: String) -> Result<String, Failed> {
        line.push_str(&self.name);
        self.service.call().map(|call| format!("{line}{call}"))
    }

    #[step(crate = "durable_core")]
    async fn close(self) -> String {
        self.name
    }

    #[step(crate = "durable_core")]
    async fn open(name: &str) -> Self {
        Self { service: Service::default(), name: name.to_owned() }
    }
}

#[tokio::test]
async fn methods_take_self_by_reference_with_retry_and_by_value_without() {
    let shop = Shop { service: Service::failing(2), name: "-shop-".into() };
    assert_eq!(shop.reserve("a".into()).plain().await, Ok("a-shop-3".into()));
    assert_eq!(shop.close().await, "-shop-");
    assert_eq!(Shop::open("x").await.name, "x");
}

trait Gateway {
    #[step(crate = "durable_core")]
    async fn pay(&self, amount: u32) -> Result<u32, Failed>;

    #[step(crate = "durable_core", retry(attempts = 2))]
    async fn pay_twice(&self, amount: u32) -> Result<u32, Failed>
    where
        Self: Sync,
    {
        Ok(self.pay(amount).await? + self.pay(amount).await?)
    }
}

impl Gateway for Shop {
    #[step(crate = "durable_core", retry(attempts = 3))]
    async fn pay(&self, amount: u32) -> Result<u32, Failed> {
        self.service.call().map(|call| call * amount)
    }
}

async fn pay_through(gateway: &impl Gateway) -> Result<u32, Failed> {
    gateway.pay(100).plain().await
}

#[tokio::test]
async fn trait_methods_are_steps_with_the_policy_of_the_impl() {
    let shop = Shop { service: Service::failing(2), name: String::new() };
    assert_eq!(pay_through(&shop).await, Ok(300));
    assert_eq!(shop.pay_twice(1).await, Ok(9));
}

#[step(crate = "durable_core")]
async fn coerced(loud: bool) -> Box<dyn Debug + Send> {
    if loud {
        return Box::new("loud");
    }
    Box::new(7)
}

#[step(crate = "durable_core")]
async fn parsed(text: &str) -> Result<u32, Failed> {
    macro_rules! fail {
        ($text:expr) => {
            return Err(Failed($text.into()))
        };
    }
    if text.is_empty() {
        fail!("empty");
    }
    let number: u32 = text.parse()?;
    Ok(number)
}

#[tokio::test]
async fn returns_coercions_and_question_marks_are_those_of_the_function() {
    assert_eq!(format!("{:?} {:?}", coerced(true).await, coerced(false).await), "\"loud\" 7");
    assert_eq!(parsed("12").await, Ok(12));
    assert_eq!(parsed("").await, Err(Failed("empty".into())));
    assert!(parsed("x").await.is_err());
}

/// Notes in a log when it is dropped.
struct Guard<'a>(&'a Mutex<Vec<&'static str>>, &'static str);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.lock().expect("no panic holds it").push(self.1);
    }
}

mod without_attribute {
    //! The same function without the attribute.

    use super::{Guard, Mutex};

    pub(super) async fn guarded(
        log: &Mutex<Vec<&'static str>>,
        _: Guard<'_>,
        _held: Guard<'_>,
        (_a, _): (Guard<'_>, Guard<'_>),
    ) {
        log.lock().expect("no panic holds it").push("body");
    }
}

#[step(crate = "durable_core")]
async fn guarded(
    log: &Mutex<Vec<&'static str>>,
    _: Guard<'_>,
    _held: Guard<'_>,
    (_a, _): (Guard<'_>, Guard<'_>),
) {
    log.lock().expect("no panic holds it").push("body");
}

#[tokio::test]
async fn unused_arguments_are_dropped_after_the_body_as_in_an_async_fn() {
    let (step_log, plain_log) = (Mutex::default(), Mutex::default());
    let guard = |name| Guard(&step_log, name);
    guarded(&step_log, guard("wild"), guard("held"), (guard("a"), guard("b"))).await;
    let guard = |name| Guard(&plain_log, name);
    without_attribute::guarded(&plain_log, guard("wild"), guard("held"), (guard("a"), guard("b"))).await;
    let [step_log, plain_log] = [step_log, plain_log].map(|log| log.into_inner().expect("no panic held it"));
    assert_eq!(step_log[0], "body");
    assert_eq!(step_log, plain_log);
}

#[step(crate = "durable_core", at_most_once)]
async fn wire(service: &Service) -> Result<u32, Failed> {
    service.call()
}

#[tokio::test]
async fn at_most_once_is_a_plain_call_in_a_plain_run() {
    let service = Service::failing(1);
    assert!(wire(&service).plain().await.is_err());
    assert_eq!(service.calls(), 1);
}

#[step(crate = "durable_core")]
async fn countdown(n: u32) -> u32 {
    if n == 0 { 0 } else { 1 + Box::pin(countdown(n - 1).into_future()).await }
}

#[tokio::test]
async fn a_step_may_call_itself() {
    assert_eq!(countdown(3).await, 3);
}

/// Its type checks the whole expansion: a workflow's await points demand `Send`.
fn sent<A: durable_core::private::Attempts>(step: Step<A>) -> Step<A> {
    fn assert_send<T: Send>(_: &T) {}
    assert_send(&step);
    step
}

#[tokio::test]
async fn a_step_is_send_and_names_itself() {
    let service = Service::default();
    assert_eq!(format!("{:?}", sent(retried(&service, String::new()))), "Step(retried)");
}

#[test]
fn the_documented_default_policy_is_the_one_in_the_core() {
    let documented = Retry::new(6, Duration::from_secs(5), 2.0, Duration::from_secs(60), Jitter::Full);
    assert_eq!(Retry::DEFAULT, documented);
}

type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

trait Payments: Send + Sync {
    #[step(crate = "durable_core")]
    fn charge(&self, cents: u32) -> BoxFuture<'_, Result<u32, Failed>>;

    #[step(crate = "durable_core", retry(attempts = 3))]
    fn refund<'a>(
        &'a self,
        note: &'a str,
        cents: u32,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<String, Failed>> + Send + 'a>> {
        let calls = self.calls();
        if calls > 7 {
            return Box::pin(async { Ok("often".to_owned()) });
        }
        Box::pin(async move { self.charge(cents).await.map(|call| format!("{note} {call} {calls}")) })
    }

    fn calls(&self) -> u32;
}

impl Payments for Service {
    #[step(crate = "durable_core", timeout = "1m")]
    fn charge(&self, cents: u32) -> BoxFuture<'_, Result<u32, Failed>> {
        let call = self.call();
        Box::pin(async move {
            tokio::task::yield_now().await;
            Ok(call? * 100 + cents)
        })
    }

    fn calls(&self) -> u32 {
        Service::calls(self)
    }
}

#[tokio::test]
async fn a_step_that_gives_a_boxed_future_is_a_method_of_trait_objects() {
    let service: Box<dyn Payments> = Box::new(Service::failing(2));
    let charged = service.charge(7);
    assert_eq!(service.calls(), 0, "nothing runs before it is awaited");
    assert_eq!(charged.await, Err(Failed("call 1".into())));
    assert_eq!(service.refund("b", 5).plain().await, Ok("b 305 2".into()), "the second attempt");
    assert_eq!(service.calls(), 3);
}
