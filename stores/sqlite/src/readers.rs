//! The reader threads: a connection each, and calls that come one at a time.

use crate::{builder::Options, error::classify, error::leaves_connection_usable, open, shared::Shared};
use durable_core::store::StoreError;
use rusqlite::Connection;
use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, atomic::Ordering},
};
use tokio::sync::oneshot;

/// Reads are short; two threads keep a long list from holding up a result.
pub(crate) const READERS: usize = 2;

type Call = Box<dyn FnOnce(&mut Reader) + Send>;

/// Calls that wait for a reader.
#[derive(Default)]
pub(crate) struct Calls {
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Default)]
struct State {
    calls: VecDeque<Call>,
    closed: bool,
}

impl Calls {
    /// Queues a read. If the store closes before it ran, the receiver learns it.
    pub(crate) fn push<T, F>(&self, read: F) -> oneshot::Receiver<Result<T, StoreError>>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (reply, receiver) = oneshot::channel();
        let call: Call = Box::new(move |reader| {
            if !reply.is_closed() {
                let _ = reply.send(reader.read(read));
            }
        });
        let mut state = self.lock();
        if !state.closed {
            state.calls.push_back(call);
            drop(state);
            self.more.notify_one();
        }
        receiver
    }

    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let dropped = std::mem::take(&mut state.calls);
        drop(state);
        drop(dropped);
        self.more.notify_all();
    }

    fn next(&self) -> Option<Call> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(call) = state.calls.pop_front() {
                return Some(call);
            }
            state = self.more.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One reader thread.
pub(crate) struct Reader {
    options: Options,
    shared: Arc<Shared>,
    conn: Option<Connection>,
}

impl Reader {
    pub(crate) fn new(options: Options, shared: Arc<Shared>) -> Self {
        Self { options, shared, conn: None }
    }

    /// Runs until the calls are closed.
    pub(crate) fn run(mut self, calls: &Calls) {
        while let Some(call) = calls.next() {
            if catch_unwind(AssertUnwindSafe(|| call(&mut self))).is_err() {
                tracing::error!(store = %self.options.location, "a read panicked; its connection is reopened");
                self.conn = None;
            }
        }
    }

    /// One call is one read transaction (G5).
    fn read<T>(&mut self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        if self.shared.suspect.load(Ordering::Acquire) {
            return Err(StoreError::Io {
                location: self.options.location.clone(),
                reason: "after an I/O error the log must be written back before reads count; try again"
                    .into(),
                outcome_unknown: false,
            });
        }
        let result = self.transaction(read);
        result.map_err(|error| {
            if !leaves_connection_usable(&error) {
                self.conn = None;
            }
            classify(&self.options.location, &error, false)
        })
    }

    fn transaction<T>(
        &mut self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let conn = match &mut self.conn {
            Some(conn) => conn,
            empty => empty.insert(open::reader(&self.options)?),
        };
        let tx = conn.transaction()?;
        let value = read(&tx)?;
        tx.finish()?;
        Ok(value)
    }
}
