//! The resource of the test workflows: it does what a step's name says, and remembers every run.

use durable_core::attempt;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use tokio::sync::{Notify, Semaphore};

/// Cheap to clone: all clones are one lab.
#[derive(Clone, Default)]
pub(crate) struct Lab(Arc<Inner>);

/// Panics when it is dropped while it is live.
struct Bomb(bool);

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(!self.0, "an operation panics as it is dropped");
    }
}

#[derive(Default)]
struct Inner {
    /// Step name, attempt number, idempotency key.
    runs: Mutex<Vec<(String, u32, String)>>,
    ran: Notify,
    gates: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Lab {
    /// Runs a step: `err:..` fails, `panic:..` panics, `gate:..` waits for [`Lab::open`], `fail2:..` fails its first two
    /// attempts, `broken:..` fails until [`Lab::open`], `bomb:..` is a gate that panics if it is dropped before it has ended; anything else returns its name.
    pub(crate) fn step(&self, name: &str) -> impl Future<Output = Result<String, String>> + Send {
        let bomb = Bomb(name.starts_with("bomb:"));
        async move {
            let mut bomb = bomb;
            let answer = self.run(name).await;
            bomb.0 = false;
            answer
        }
    }

    async fn run(&self, name: &str) -> Result<String, String> {
        let attempt = attempt();
        self.0.runs.lock().unwrap().push((name.to_owned(), attempt.number, attempt.key.to_string()));
        self.0.ran.notify_waiters();
        match name.split_once(':').map(|(verb, _)| verb) {
            Some("err") => Err(format!("{name} failed")),
            Some("panic") => panic!("{name} panicked"),
            Some("broken") if self.gate(name).available_permits() == 0 => Err(format!("{name} failed")),
            Some("fail2") if attempt.number <= 2 => Err(format!("{name} failed")),
            Some("gate" | "bomb") => {
                // Stays open once opened.
                drop(self.gate(name).acquire().await);
                Ok(name.to_owned())
            }
            _ => Ok(name.to_owned()),
        }
    }

    /// Lets everything through a gate.
    pub(crate) fn open(&self, name: &str) {
        self.gate(name).add_permits(1);
    }

    /// How often a step ran.
    pub(crate) fn runs(&self, name: &str) -> usize {
        self.0.runs.lock().unwrap().iter().filter(|(run, ..)| run == name).count()
    }

    /// The attempt numbers of a step's runs.
    pub(crate) fn attempts(&self, name: &str) -> Vec<u32> {
        self.0
            .runs
            .lock()
            .unwrap()
            .iter()
            .filter(|(run, ..)| run == name)
            .map(|(_, number, _)| *number)
            .collect()
    }

    /// The idempotency keys of a step's runs.
    pub(crate) fn keys(&self, name: &str) -> Vec<String> {
        self.0
            .runs
            .lock()
            .unwrap()
            .iter()
            .filter(|(run, ..)| run == name)
            .map(|(.., key)| key.clone())
            .collect()
    }

    /// Ends when a step has run this often.
    pub(crate) async fn ran(&self, name: &str, times: usize) {
        loop {
            let ran = self.0.ran.notified();
            if self.runs(name) >= times {
                return;
            }
            ran.await;
        }
    }

    fn gate(&self, name: &str) -> Arc<Semaphore> {
        self.0
            .gates
            .lock()
            .unwrap()
            .entry(name.to_owned())
            .or_insert_with(|| Arc::new(Semaphore::new(0)))
            .clone()
    }
}
