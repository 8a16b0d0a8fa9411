//! [`CrashTest`]: one call that shows that a workflow survives a crash anywhere.

mod check;
mod compare;
mod difference;
mod drive;
mod mailbox;
mod place;
mod subject;

pub use difference::Difference;

use crate::{Effect, EffectLog, Error};
use check::Check;
use durable_core::{ExecutionId, Input, Resources, Run, Workflow, event::encode_event};
use mailbox::Mailbox;
use serde::{Serialize, de::DeserializeOwned};
use std::{fmt, marker::PhantomData};
use subject::Of;

/// Runs a workflow once plainly, once through its snapshots, and then twice for each commit with a crash there: just after
/// the commit, and just before it, so that it is lost. All state goes through bytes. Every run must give the same output
/// and the same effects; after a crash just before a commit the operation in flight repeats, under the same idempotency
/// key, and nothing else does.
///
/// Each run gets resources of its own from the factory, which stand for the world outside: they survive the crash. What
/// they do is recorded in an [`EffectLog`].
///
/// ```
/// # extern crate durable_core as durable;
/// use durable::{event, sleep};
/// use durable_macros::workflow; // or both from `durable`
/// use durable_test::{CrashTest, EffectLog};
/// use std::time::Duration;
///
/// struct Mailer {
///     log: EffectLog, // where a real one would send
/// }
///
/// impl Mailer {
///     async fn send(&self, text: &str) {
///         self.log.record(format!("send {text}"));
///     }
/// }
///
/// #[workflow]
/// async fn remind(mailer: &Mailer, name: String) -> bool {
///     #[at(Welcome)]
///     mailer.send(&format!("welcome, {name}")).await;
///     sleep(Duration::from_secs(30 * 24 * 3600)).await;
///     #[at(Ask)]
///     mailer.send("do you like it?").await;
///     let likes_it: bool = event("answer").await;
///     likes_it
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let report = CrashTest::<remind>::new(|log, resources| resources.insert(Mailer { log: log.clone() }))
///     .event("answer", &true) // arrives when the workflow waits for it
///     .run(remind::input("ada".into()))
///     .await;
/// assert!(report.output);
/// assert_eq!(report.effects.len(), 2);
/// # });
/// ```
///
/// Sleeps end at once and retries have no delay. Timeouts of steps do not fire. An execution here never gives up for too
/// many crashes. The workflow runs on the runtime the test runs on.
pub struct CrashTest<W: Workflow> {
    factory: Box<Factory>,
    events: Mailbox,
    unsendable: Option<Error>,
    at_most_once: Vec<String>,
    commits_max: usize,
    same_output: fn(&W::Output, &W::Output) -> bool,
}

type Factory = dyn Fn(&EffectLog, &mut Resources) + Send + Sync;

/// What a crash test did, when all went well.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report<T> {
    /// What the workflow returned, in every run.
    pub output: T,
    /// Commits of the run without a crash: start, await points, failed attempts, finish.
    pub commits: usize,
    /// How many times the workflow was run, the plain run included.
    pub runs: usize,
    /// The effects of the run without a crash.
    pub effects: Vec<Effect>,
    /// The state at each commit but the last, as text.
    pub states: Vec<String>,
}

impl<W> CrashTest<W>
where
    W: Workflow<Input: DeserializeOwned, Output: fmt::Debug>,
{
    /// `factory` puts the workflow's resources, as they are at the beginning of a run, into the given [`Resources`].
    pub fn new(factory: impl Fn(&EffectLog, &mut Resources) + Send + Sync + 'static) -> Self {
        Self {
            factory: Box::new(factory),
            events: Mailbox::default(),
            unsendable: None,
            at_most_once: Vec::new(),
            commits_max: 10_000,
            same_output: |one, other| format!("{one:?}") == format!("{other:?}"),
        }
    }

    /// An event that has been sent. Events of one name arrive in the order they are given here.
    pub fn event<T: Serialize + DeserializeOwned + 'static>(mut self, name: &str, value: &T) -> Self {
        match encode_event(value) {
            Ok(payload) => self.events.put(name, payload),
            Err(source) => self.unsendable = Some(Error::Event { name: name.to_owned(), source }),
        }
        self
    }

    /// The operation at this await point is an `at_most_once` step: a crash there gives `Interrupted`, by design, and is not
    /// compared.
    pub fn at_most_once(mut self, point: &str) -> Self {
        self.at_most_once.push(point.to_owned());
        self
    }

    /// The most commits the workflow may make, 10,000 unless set: one that makes more is taken for endless.
    pub fn commits_max(mut self, commits_max: usize) -> Self {
        self.commits_max = commits_max;
        self
    }

    /// How outputs are compared. Unless set, by their `Debug` text; set it for outputs that hold random numbers or hash maps.
    pub fn compare_output(mut self, same: fn(&W::Output, &W::Output) -> bool) -> Self {
        self.same_output = same;
        self
    }

    /// Runs it everywhere.
    ///
    /// # Panics
    ///
    /// On the first difference: at which commit, what was expected, what happened, and the state it went on from.
    pub async fn run(self, input: Input<W>) -> Report<W::Output> {
        match self.check(input).await {
            Ok(report) => report,
            Err(error) => panic!("{error}"),
        }
    }

    /// As [`run`](Self::run), but gives the first difference back.
    pub async fn check(mut self, input: Input<W>) -> Result<Report<W::Output>, Error> {
        if let Some(error) = self.unsendable.take() {
            return Err(error);
        }
        let start = self.start(input)?;
        let subject = Of::<W>(PhantomData);
        let check = Check {
            subject: &subject,
            factory: &*self.factory,
            events: &self.events,
            at_most_once: &self.at_most_once,
            commits_max: self.commits_max,
            same_output: self.same_output,
        };
        check.run(&start).await
    }

    fn start(&self, input: Input<W>) -> Result<Vec<u8>, Error> {
        let (resources, _) = world(&*self.factory);
        let resources = W::resources(&resources).map_err(Error::Resources)?;
        let run = Run::<W>::start(execution_id(), INSTANCE, resources, input);
        run.and_then(|run| run.blob())
            .map_err(|error| Error::Run { when: "at the start".into(), source: Box::new(error) })
    }
}

impl<W: Workflow> fmt::Debug for CrashTest<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrashTest")
            .field("workflow", &W::NAME)
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

fn world(factory: &Factory) -> (Resources, EffectLog) {
    let (mut resources, log) = (Resources::new(), EffectLog::new());
    factory(&log, &mut resources);
    (resources, log)
}

/// Any will do: each run is a world of its own.
const INSTANCE: [u8; 16] = *b"durable-test run";

fn execution_id() -> ExecutionId {
    ExecutionId::new("crash-test").expect("a valid id")
}
