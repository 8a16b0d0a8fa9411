//! Durable execution as a compiler: ordinary `async` functions that survive crashes, deploys and years of waiting.
//!
//! [`#[workflow]`](macro@workflow) compiles an `async fn` into a serializable enum with one variant per `.await`. At each
//! `.await` the state is saved, and after a crash the function goes on from that state. Nothing is replayed, so there are no
//! rules of determinism: the clock, random numbers and the order of a `HashMap` are all allowed, because a `let` runs once and
//! its value is saved.
//!
//! ```
//! use durable::{Client, Worker, event, memory::{ManualClock, MemoryStore}, step, workflow};
//! use std::sync::Arc;
//!
//! #[step(retry(attempts = 3, initial = "10ms"))]
//! async fn greet(name: &str) -> Result<String, String> {
//!     Ok(format!("hello, {name}"))
//! }
//!
//! #[workflow]
//! async fn welcome(name: String) -> Result<String, String> {
//!     let greeting: String = greet(&name).await?; // saved before it runs; its result is saved with the next await point
//!     let answer: String = event("answer").await; // costs a row in the store until the event comes
//!     Ok(format!("{greeting}: {answer}"))
//! }
//!
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
//! # async {
//! let store = MemoryStore::new(Arc::new(ManualClock::new(0))); // or `SqliteStore::open("welcome.db").await?`
//! let worker = Worker::builder(&store).register::<welcome>().start().await?;
//!
//! let client = Client::new(&store);
//! let execution = client.start("welcome-ada", welcome::input("ada".into())).await?; // the same id again is the same start
//! execution.send("answer", &"hi".to_owned()).await?; // durable once it returns
//! assert_eq!(execution.result().await?.unwrap(), "hello, ada: hi");
//! worker.shutdown().await?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! # }.await.unwrap();
//! # });
//! ```
//!
//! # Where to look
//!
//! | for | see |
//! |---|---|
//! | what `#[workflow]` and `#[step]` accept and guarantee | [`macro@workflow`], [`macro@step`] |
//! | what may be awaited | any `Send` future, a step, a child workflow ([`Child`]), [`sleep`], [`event`](fn@event) |
//! | who runs the current operation, and its idempotency key | [`attempt`] |
//! | running workflows | [`Worker`], [`WorkerBuilder`] |
//! | starting them, sending events, reading state and results | [`Client`], [`Handle`] |
//! | compressed and encrypted payloads, large locals | `WorkerBuilder::compress_above`, `WorkerBuilder::encryption`, [`WorkerBuilder::large_fields_above`] |
//! | where executions live | [`SqliteStore`], [`memory::MemoryStore`], and the trait behind them, [`Store`] |
//! | the machine without any runtime: a blob out, a blob in | [`Run`] |
//! | testing a workflow with a crash at every commit | the crate `durable-test` |
//! | what a change of a workflow does to running executions | `durable_test::assert_compatible` |
//!
//! # What must be the same on every attempt goes in a `let`
//!
//! At an await point the live locals are saved, the awaited expression is evaluated, and then it runs. After a crash, or for a
//! retry, the awaited expression is evaluated again, and nothing before it. Code between two awaits runs again if the process
//! dies before the second one is saved; so effects belong in awaited operations, and those run at least once, under one key.
//!
//! # Features
//!
//! - `sqlite` (default): [`SqliteStore`], with SQLite bundled.
//! - `compression` (default): large payloads are stored compressed, with zstd bundled.
//! - `encryption`: `Keys`, with which payloads and error texts are stored encrypted.
//!
//! Both are told in `docs/storage-size-and-encryption.md`.

pub use durable_core::{
    Arrived, Attempt, Awaitable, Child, Description, Durable, Event, ExecutionId, Fingerprint, Graph, Host,
    Inferred, Input, Interrupted, Jitter, LoopPlace, MissingResource, Moved, Named, NoClock, Opaque, Point,
    Remaining, Resources, Retry, Run, RunError, Schema, Sleep, State, StateError, Status, Step, StepFailure,
    StepPolicy, Store, UndescribedWorkflow, Wait, Workflow, Workflows, attempt, describe, event, read_state,
    sleep,
};
pub use durable_core::{event as events, inclusive_range, memory, schema, snapshot, store};
pub use durable_macros::{step, workflow, workflows};
pub use durable_runtime::{
    Client, ClientError, EditProblem, Handle, KeptSnapshot, KeyId, NeedsMigration, PayloadError, Redriven,
    StartError, StartOptions, Stats, VersionCount, Worker, WorkerBuilder,
};
#[cfg(feature = "encryption")]
pub use durable_runtime::{KeyIdTaken, Keys};
#[cfg(feature = "sqlite")]
pub use durable_sqlite::SqliteStore;

#[doc(hidden)]
pub use durable_core::private;

/// The README, whose blocks of Rust are compiled as tests; and its listing of the state, which must be what the compiler
/// makes of the workflow above it.
///
/// ```
/// fn fenced<'a>(text: &'a str, fence: &str) -> &'a str {
///     let (_, from) = text.split_once(fence).expect("the fence is there");
///     from.split_once("\n```").expect("and it is closed").0
/// }
/// fn bare(listing: &str) -> String {
///     let code: String = listing.lines().filter(|line| !line.trim_start().starts_with("///")).collect();
///     code.replace("::durable::", "").split_whitespace().collect::<String>().replace(",}", "}")
/// }
///
/// let readme = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));
/// let directory = tempfile::tempdir().unwrap();
/// let source = directory.path().join("readme.rs");
/// std::fs::write(&source, fenced(readme, "\n```rust,no_run\n")).unwrap();
///
/// let made = durable_test::expanded_state(&source, "place_order");
/// let from = made.find("enum PlaceOrderState").unwrap();
/// assert_eq!(bare(fenced(readme, "\n```rs\n")), bare(&made[from..]), "{made}");
/// ```
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

/// Every block of docs/language.md is what it says: refused under its code, or accepted.
///
/// ```
/// let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/language.md"));
/// let directory = tempfile::tempdir().unwrap();
/// let source = directory.path().join("language.rs");
/// let blocks: Vec<_> = page.split("\n```rs\n").skip(1).map(|rest| rest.split_once("\n```").unwrap().0).collect();
/// assert!(blocks.len() > 15, "the page has lost its blocks");
///
/// for body in blocks {
///     let function = format!("#[workflow]\nasync fn f(shop: &Shop, order: Order) -> Result<(), E> {{\n{body}\n}}");
///     std::fs::write(&source, function).unwrap();
///     let made = durable_test::try_expanded(&source, "f").unwrap_or_else(|error| panic!("{error}\n{body}"));
///     match body.strip_prefix("// ") {
///         Some(refused) => assert!(made.contains(&format!("[{}]", &refused[..6])), "not refused so:\n{body}\n{made}"),
///         None => assert!(!made.contains("compile_error!"), "refused:\n{body}\n{made}"),
///     }
/// }
/// ```
#[cfg(doctest)]
#[doc = include_str!("../docs/language.md")]
mod language {}

/// The file that docs/evolution.md shows is that of the program it shows.
///
/// ```
/// use durable::workflow;
/// use serde::{Deserialize, Serialize};
/// # fn main() {
///
/// let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/evolution.md"));
/// let (_, rest) = page.split_once("the file is\n\n```text\n").expect("the page has the words");
/// let (shown, _) = rest.split_once("```").expect("and a block behind them");
///
/// let written = durable_test::lock::Lock::of::<place_order>().unwrap().to_text();
/// assert_eq!(shown, written, "{written}");
/// # }
///
/// #[workflow]
/// async fn place_order(shop: &Shop, order: Order) -> Result<u64, String> {
///     let mut holds: Vec<u64> = Vec::new();
///     for line in &order.lines {
///         holds.push(shop.reserve(line).await?);
///     }
///     let payment: u64 = shop.charge(&order).await?;
///     shop.ship(&order, &holds).await?;
///     Ok(payment)
/// }
///
/// #[derive(Serialize, Deserialize)]
/// struct Order { id: u64, lines: Vec<Line>, coupon: Option<String> }
/// #[derive(Serialize, Deserialize)]
/// struct Line { sku: String, quantity: u32 }
///
/// struct Shop;
/// impl Shop {
///     async fn reserve(&self, _: &Line) -> Result<u64, String> { Ok(1) }
///     async fn charge(&self, _: &Order) -> Result<u64, String> { Ok(2) }
///     async fn ship(&self, _: &Order, _: &[u64]) -> Result<(), String> { Ok(()) }
/// }
/// ```
#[cfg(doctest)]
#[doc = include_str!("../docs/evolution.md")]
mod evolution {}

/// What docs/snapshot-testing.md shows is what the calls give.
///
/// ```
/// let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/snapshot-testing.md"));
/// let behind = |text: &str| {
///     let (_, rest) = page.split_once(text).expect("the page has the words");
///     let (_, block) = rest.split_once("\n```").expect("and a block behind them");
///     let (_, block) = block.split_once('\n').expect("with lines");
///     block.split_once("```").expect("and its end").0.to_owned()
/// };
/// let directory = tempfile::tempdir().unwrap();
/// let source = directory.path().join("orders.rs");
/// std::fs::write(&source, behind("For this function")).unwrap();
///
/// assert_eq!(durable_test::expanded_state(&source, "place_order"), behind("`expanded_state` gives"));
/// assert_eq!(durable_test::expanded_graph(&source, "place_order"), behind("and `expanded_graph`"));
/// ```
#[cfg(doctest)]
mod snapshot_testing {}
