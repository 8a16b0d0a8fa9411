//! A ledger of effects outside the workflow: what happened, under which idempotency key, in which attempt.

use durable_core::attempt;
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
pub struct Ledger(Arc<Mutex<Vec<Effect>>>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    pub name: String,
    pub key: String,
    pub attempt: u32,
}

impl Ledger {
    pub fn record(&self, name: &str) {
        let attempt = attempt();
        let effect = Effect { name: name.to_owned(), key: attempt.key.to_string(), attempt: attempt.number };
        self.0.lock().unwrap().push(effect);
    }

    pub fn recorder(&self) -> impl Fn(&str) + Send + Sync + 'static + use<> {
        let ledger = self.clone();
        move |name| ledger.record(name)
    }

    pub fn effects(&self) -> Vec<Effect> {
        self.0.lock().unwrap().clone()
    }

    pub fn names(&self) -> Vec<String> {
        self.effects().into_iter().map(|effect| effect.name).collect()
    }

    pub fn attempts(&self) -> Vec<u32> {
        self.effects().into_iter().map(|effect| effect.attempt).collect()
    }
}
