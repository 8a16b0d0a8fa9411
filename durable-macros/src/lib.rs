//! The attribute macros of `durable`: [`macro@workflow`] and [`macro@step`]. A thin shim over `durable-compiler`.

use proc_macro::TokenStream;

/// Compiles an `async fn` into a state machine whose state is saved at every `.await`.
///
/// After a crash, a deploy or a year of waiting the function goes on from the await point at which it was, in any process.
/// Nothing is replayed, so there are no rules of determinism: random numbers, the clock, the order of a `HashMap`, all are
/// allowed. A `let` runs once, and its value is saved.
///
/// ```ignore
/// #[workflow]
/// async fn place_order(shop: &Shop, order: Order) -> Result<Receipt, OrderError> {
///     let mut holds: Vec<HoldId> = Vec::new();
///     for line in &order.lines {
///         holds.push(shop.reserve(line).await?);
///     }
///     let key = Uuid::new_v4();                       // runs once; saved with the state
///     let payment: PaymentId = charge(&shop.stripe, &order, key).await?;
///     sleep(Duration::from_hours(30 * 24)).await;     // parks: no memory, no thread
///     shop.ship(&order, &holds).await?;
///     Ok(Receipt { payment })
/// }
/// ```
///
/// It is an ordinary `async fn`: delete the attribute, and it still compiles and runs, in memory. With the attribute,
/// `place_order(&shop, order).in_memory().await` is that plain run.
///
/// # What it makes
///
/// - `fn place_order(..)`: a child, to be awaited in another workflow, or run with `in_memory()`.
/// - The type `place_order`: `place_order::input(order)` is what a client starts it with, and `register::<place_order>()` is
///   what a worker runs. `place_order::GRAPH` is its picture.
/// - `enum PlaceOrderState`: one variant per await point, which holds the locals that are alive there, and `Start`. It can be
///   printed and matched on.
///
/// # Parameters
///
/// By value: the input, which is saved. By shared reference: a resource, which the worker supplies and nobody saves.
///
/// # Arguments
///
/// | argument | default | meaning |
/// |---|---|---|
/// | `strict` | off | every saved local needs a type that can be read from the source (DUR012) |
/// | `name = "text"` | the function's name | the name under which executions are stored; set it when you rename the function |
/// | `version = 2` | 1 | versions of one name go on with their own executions alone: keep the old body as `#[workflow(name = "..", version = 1)]` until what it began has ended |
/// | `migrate(Charge = charge_v1)` | none | what was saved at `Charge` by an earlier version goes through this function, see below; any number of them |
/// | `crate = "path"` | `::durable` | where `durable` is, if it was renamed or re-exported |
///
/// # Await points
///
/// Each await point has a name, which is that of the called function: `charge(..).await` is `Charge`. Two of one name are an
/// error on the later one; `#[at(ChargeRest)]`, before the statement or before the awaited expression, names it. Names do not
/// depend on position, so inserting an await renames no other.
///
/// An await point that gets another name says what it was called: `#[at(Approval, was = "EventGo")]`, with a `was` for each name that
/// running executions may know.
///
/// At an await point the live locals are encoded, the awaited expression is evaluated, the state is committed, and only then
/// does the operation run. After a crash or for a retry the awaited expression is evaluated again, and nothing before it. So:
///
/// - What must be the same on every attempt goes in a `let` before the await.
/// - Effects belong in awaited operations. Code between two awaits runs again if the process dies before the second one is
///   committed.
/// - A saved local must implement `Serialize` and `Deserialize`. What cannot be saved (a guard, a connection, an `Rc`) must
///   not be used after the await.
///
/// # Earlier versions
///
/// Executions that an earlier version saved go on in this one. What stands at an await point that both have, with the same operation, is
/// read by the names of locals, fields and variants, as serde reads JSON: `#[serde(default)]` and `alias` apply, integers may be
/// wider, what is not needed is dropped. Nothing is guessed: what cannot be read stays in the store, untouched, for a build that
/// can; `Worker::needs_migration` says what and why.
///
/// A changed meaning is said by a migration. It takes a struct with the saved locals as its fields, of just the types that they
/// had, and gives a state of this version, at any of its await points; or a `Result` of one, whose error sets the execution aside.
///
/// ```ignore
/// #[derive(Deserialize)]
/// struct InEuros { order: Order, total: u64 }
///
/// fn in_cents(old: InEuros) -> PlaceOrderState {
///     PlaceOrderState::Charge { order: old.order, total: Cents(old.total * 100) }
/// }
///
/// #[workflow(migrate(Charge = in_cents))]
/// async fn place_order(shop: &Shop, order: Order) -> Result<Receipt, OrderError> { .. }
/// ```
///
/// It is asked only for what was saved in just that shape, and goes before reading by name. One that takes a `serde_json::Value`
/// (or any type that reads whatever there is) is asked where nothing else can read it.
///
/// # What is guaranteed
///
/// State transitions happen exactly once: a commit is a compare-and-swap, so a worker that lost its claim cannot write. Awaited
/// operations run at least once, and never again after the next await point is committed. See [`macro@step`] for retries,
/// timeouts and `at_most_once`.
///
/// # Errors
///
/// Every error has a code, `DUR001` to `DUR099`, and a page that says what, why and the way out: `docs/errors/`.
#[proc_macro_attribute]
pub fn workflow(attr: TokenStream, item: TokenStream) -> TokenStream {
    durable_compiler::expand_workflow(attr.into(), item.into()).into()
}

/// Makes workflows of the methods of an `impl` block that are marked with [`macro@workflow`].
///
/// ```ignore
/// #[workflows]
/// impl Shop {
///     #[workflow]
///     pub async fn place_order(&self, order: Order) -> Result<Receipt, OrderError> {
///         let payment: PaymentId = self.charge(&order).await?;
///         self.pack(order.id).await?;                 // another workflow of the block: a child
///         Ok(Receipt { payment })
///     }
///
///     #[workflow]
///     async fn pack(&self, id: OrderId) -> Result<(), OrderError> { .. }
///
///     fn other(&self) {}                              // left as it is
/// }
/// ```
///
/// `shop.place_order(order)` makes the call; the types stand beside the block, as no type can stand inside: `place_order`, which a
/// worker registers, and `PlaceOrderState`. `&self` is a resource: the worker supplies it by its type,
/// `Worker::builder(..).resource(shop)`. Functions without `self` may be workflows too.
///
/// It takes `strict` and `crate = ".."`, for all workflows of the block.
#[proc_macro_attribute]
pub fn workflows(attr: TokenStream, item: TokenStream) -> TokenStream {
    durable_compiler::expand_workflows(attr.into(), item.into()).into()
}

/// Gives an `async fn` a policy for retries, time and delivery, and a name in the state.
///
/// Calling the function gives a `Step`, which does nothing until it is awaited. Awaited in a workflow, it runs under its
/// policy; awaited anywhere else, it is one plain call of the body. The body itself is not rewritten: delete the attribute,
/// and the program still compiles.
///
/// ```ignore
/// #[step(retry(attempts = 5, initial = "1s", factor = 2, max = "1m"), timeout = "30s")]
/// async fn charge(stripe: &Stripe, order: &Order, key: Uuid) -> Result<PaymentId, PaymentError> {
///     stripe.post("/charges", &order.total, key).await
/// }
/// ```
///
/// # Arguments
///
/// | argument | default | meaning |
/// |---|---|---|
/// | `retry` | none | after an `Err`, a panic or a timeout, try again: 6 attempts, delays of 5 s to 60 s, doubled, full jitter |
/// | `retry(..)` | | the same, with any of the parts below |
/// | `attempts = 5` | 6 | attempts in all, the first included |
/// | `initial = "1s"` | `"5s"` | delay before the second attempt |
/// | `factor = 2` | 2 | each further delay is this many times longer; a fraction such as `1.5` is allowed |
/// | `max = "1m"` | `"60s"` | the longest delay |
/// | `jitter = "full"` | `"full"` | `"full"`: between nothing and the delay; `"half"`: between half of it and all; `"none"`: exactly |
/// | `timeout = "30s"` | `"1h"` | the longest one attempt may take |
/// | `at_most_once` | off | never run twice: after an interruption the step returns `Interrupted`; excludes `retry` |
/// | `crate = "path"` | `::durable` | where `durable` is, if it was renamed or re-exported |
///
/// Durations are strings of whole numbers with the units `d`, `h`, `m`, `s` and `ms`, longest first: `"250ms"`, `"30s"`,
/// `"1m30s"`, `"7d"`.
///
/// # What is guaranteed
///
/// - **At least once.** The state is saved before the body runs. If the process dies before the next await point is saved,
///   the body runs again, with the same arguments evaluated anew from the saved state. What must be the same on every attempt
///   goes in a `let` before the call.
/// - **Never again afterwards.** Once the next await point is saved, the step does not run again.
/// - **One key.** `durable::attempt().key` inside the body is the same on every attempt: hand it to the service you call.
/// - **Two attempts may overlap** if a worker was paused for longer than its lease. The key is what protects you then.
///
/// # When an attempt fails
///
/// - An `Err` without `retry` is a value, given to the workflow as it is. With `retry`, the attempts run first; the last `Err`
///   is the value. `Err` is recognised by type, so an alias of `Result` works.
/// - A panic or a timeout counts as a failed attempt. When no attempt is left, it becomes an `Err` if the error type
///   implements `From<StepFailure>`; else the execution fails and keeps its last snapshot.
/// - The delay between attempts is a time in the store, not a task: the execution uses no memory meanwhile, and survives a
///   restart.
///
/// # `at_most_once`
///
/// For an operation that must not happen twice and knows no idempotency key. The start is saved first. If the process dies,
/// the body panics or the time is up, the step returns `Interrupted`: it may have happened, wholly or in part. The function
/// returns a `Result` whose error implements `From<durable::Interrupted>`.
///
/// # Where it may stand
///
/// On free functions, on methods with `&self` and without `self`, generic or not, and on methods of traits and their impls
/// (in a trait without a body, the attribute takes no policy: each impl has its own). `self` by value works without `retry`.
/// A method of a trait that is used as `dyn` gives a boxed future in place of `async`: `BoxFuture<'_, T>`, or
/// `Pin<Box<dyn Future<Output = T> + Send + '_>>`. It becomes a `Step` of a type that can be named, so that the trait stays usable
/// as `dyn`; write `#[step]` in the trait and in each `impl`.
///
/// `&mut self`, `const`, `unsafe`, `extern` and outputs of type `impl Trait` are errors (DUR020).
///
/// In a plain run (`in_memory()`), `retry` needs the arguments again and clones them for that; where one cannot be cloned, the
/// first `Err` is final. A worker never clones: there a retry is a resume.
///
/// Other attribute macros that rewrite the body, such as `#[tracing::instrument]`, stand above `#[step]`.
#[proc_macro_attribute]
pub fn step(attr: TokenStream, item: TokenStream) -> TokenStream {
    durable_compiler::expand_step(attr.into(), item.into()).into()
}
