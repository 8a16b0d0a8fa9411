//! A log of effects: what the workflow's operations did to the world outside, and under which idempotency key.

use durable_core::attempt;
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Where operations record what they do, so that a [`CrashTest`](crate::CrashTest) can compare runs. Cheap to clone: all
/// clones are one log.
///
/// ```
/// use durable_test::EffectLog;
///
/// struct Stripe {
///     log: EffectLog,
/// }
///
/// impl Stripe {
///     async fn charge(&self, cents: u64) {
///         self.log.record(format!("charge {cents}"));
///     }
/// }
/// # let _ = Stripe { log: EffectLog::new() }.charge(5);
/// ```
#[derive(Clone, Debug, Default)]
pub struct EffectLog {
    effects: Arc<Mutex<Vec<Effect>>>,
}

/// One effect.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Effect {
    /// What the operation called it.
    pub name: String,
    /// The operation's idempotency key: a repeated operation has the key it had the first time.
    pub key: String,
    /// The attempt: 1 is the first.
    pub attempt: u32,
}

impl EffectLog {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an effect. Call it inside the awaited operation: then the key of [`attempt`] is recorded with it. Give the
    /// same effect the same name in every run: no random numbers, no times.
    pub fn record(&self, name: impl Into<String>) {
        let attempt = attempt();
        let effect = Effect { name: name.into(), key: attempt.key.to_string(), attempt: attempt.number };
        self.effects().push(effect);
    }

    /// All effects so far, in order.
    pub fn snapshot(&self) -> Vec<Effect> {
        self.effects().clone()
    }

    /// How many effects there are so far.
    pub fn len(&self) -> usize {
        self.effects().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.effects().is_empty()
    }

    fn effects(&self) -> MutexGuard<'_, Vec<Effect>> {
        // A panic elsewhere leaves the log whole: it is only ever pushed to.
        self.effects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key.get(..8).unwrap_or(&self.key);
        write!(f, "{} (key {key}, attempt {})", self.name, self.attempt)
    }
}
