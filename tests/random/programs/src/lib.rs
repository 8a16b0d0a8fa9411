//! The world of random workflows, and the plain functions they call.

use durable::{Input, Workflow};
use durable_test::{CrashTest, EffectLog};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{env, fmt::Debug, pin::Pin};
use tokio::runtime::{Builder, Runtime};

/// Services that record every call.
pub struct World {
    log: EffectLog,
}

impl World {
    /// Gives the number back.
    pub async fn ask(&self, n: u64) -> u64 {
        tokio::task::yield_now().await;
        self.log.record(format!("ask {n}"));
        n
    }

    /// Fails for odd numbers.
    pub async fn even(&self, n: u64) -> Result<u64, String> {
        self.log.record(format!("even {n}"));
        even_now(n)
    }

    /// `None` for zero.
    pub async fn some(&self, n: u64) -> Option<u64> {
        self.log.record(format!("some {n}"));
        (n > 0).then_some(n)
    }

    /// Says whether the number is greater than ten.
    pub async fn big(&self, n: u64) -> bool {
        self.log.record(format!("big {n}"));
        n > 10
    }

    /// Text of a number.
    pub async fn text(&self, n: u64) -> String {
        self.log.record(format!("text {n}"));
        format!("<{n}>")
    }

    /// Records.
    pub async fn note(&self, text: impl Into<String>) {
        let text = text.into();
        self.log.record(format!("note {text}"));
    }

    /// Gives anything back.
    pub async fn give<T: Debug>(&self, value: T) -> T {
        self.log.record(format!("give {value:?}"));
        value
    }

    /// The same, unless the number says no.
    pub async fn attempt<T: Debug>(&self, value: T, n: u64) -> Result<T, String> {
        self.log.record(format!("attempt {value:?} {n}"));
        if n % 7 == 5 { Err(format!("not {n}")) } else { Ok(value) }
    }

    /// Looks at anything.
    pub async fn peek<T: Debug>(&self, value: &T) -> u64 {
        self.log.record(format!("peek {value:?}"));
        weight(value)
    }

    /// Changes a number.
    pub async fn stir(&self, value: &mut u64, n: u64) -> u64 {
        self.log.record(format!("stir {value} {n}"));
        bump(value, n)
    }
}

/// As [`World::ask`], as a function.
pub async fn relay(world: &World, n: u64) -> u64 {
    world.ask(n).await
}

/// A struct of several fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Parts {
    /// A copy.
    pub n: u64,
    /// One that moves.
    pub text: String,
    /// Another.
    pub items: Vec<u64>,
}

/// An enum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Kind {
    /// A tuple.
    Card(u64, String),
    /// A struct.
    Cash {
        /// A copy.
        n: u64,
    },
    /// A unit.
    Free,
}

/// Fails for odd numbers.
pub fn even_now(n: u64) -> Result<u64, String> {
    if n.is_multiple_of(2) { Ok(n) } else { Err(format!("{n} is odd")) }
}

/// Keeps numbers small.
pub fn cap(n: u64) -> u64 {
    n % 97
}

/// Tells its operands apart.
pub fn three(a: u64, b: u64, c: u64) -> u64 {
    cap(a.wrapping_mul(7).wrapping_add(b.wrapping_mul(3)).wrapping_add(c))
}

/// Changes what it is given.
pub fn bump(n: &mut u64, by: u64) -> u64 {
    *n = cap(n.wrapping_add(by));
    *n
}

/// A number that tells values of any type apart.
pub fn weight(value: &impl Debug) -> u64 {
    format!("{value:?}").bytes().fold(7, |sum, byte| (sum * 31 + u64::from(byte)) % 97)
}

/// Lends the one that weighs more.
pub fn longest<'a, T: Debug>(one: &'a T, other: &'a T) -> &'a T {
    if weight(other) > weight(one) { other } else { one }
}

/// The same as [`weight`], with a number.
pub fn heavy(value: &impl Debug, n: u64) -> u64 {
    cap(weight(value).wrapping_mul(3).wrapping_add(n))
}

/// The value.
pub fn same<T>(value: T) -> T {
    value
}

/// A check that is under way.
pub type Checked = Pin<Box<dyn Future<Output = Result<(), String>>>>;

/// A program of the long run: its seed, and what begins its check.
pub type Program = (u64, fn() -> Checked);

/// Runs a workflow plainly and with a crash at every commit, with several inputs: results and effects must be equal.
pub async fn check<W>(input: fn(u64, u64, Vec<u64>, String) -> Input<W>) -> Result<(), String>
where
    W: Workflow<Input: DeserializeOwned, Output: Debug>,
{
    let inputs: [(u64, u64, &[u64], &str); 4] =
        [(3, 7, &[4, 1], "hey"), (0, 12, &[], ""), (9, 2, &[6, 0, 11], "so"), (40, 15, &[5], "hey so")];
    for (a, x, v, t) in inputs {
        let test = CrashTest::<W>::new(|log, resources| resources.insert(World { log: log.clone() }));
        let report = test.check(input(a, x, v.to_vec(), t.to_owned())).await;
        report.map_err(|error| format!("with {:?}: {error}", (a, x, v, t)))?;
    }
    Ok(())
}

/// A test of `cargo test`: panics if the check fails.
pub fn passes(check: Checked) {
    runtime().block_on(check).unwrap_or_else(|why| panic!("{why}"));
}

/// A chunk of the long run: says on standard output where it is. The process ends where a program panics; it is begun again
/// with the seeds that are over as its arguments.
pub fn run_programs(programs: &[Program]) {
    let over: Vec<u64> = env::args().skip(1).filter_map(|seed| seed.parse().ok()).collect();
    let runtime = runtime();
    for (seed, check) in programs.iter().filter(|(seed, _)| !over.contains(seed)) {
        println!("begins {seed}");
        match runtime.block_on(check()) {
            Ok(()) => println!("passed {seed}"),
            Err(why) => println!("{why}\ndiffers {seed}"),
        }
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}
