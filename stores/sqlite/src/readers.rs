//! The reader threads: a connection each. Short reads that wait together share one read transaction.
//!
//! A read transaction costs three file locks, more than what a short read does in it, and when a thousand executions end
//! together, as many callers ask how.

use crate::{builder::Options, error::classify, error::leaves_connection_usable, open, shared::Shared};
use durable_core::store::StoreError;
use rusqlite::{Connection, Transaction};
use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, atomic::Ordering},
};
use tokio::sync::oneshot;

/// Two threads keep a long list from holding up a result.
pub(crate) const READERS: usize = 2;
/// Short reads in one transaction: it must not hold up a checkpoint (G5).
const BATCH_MAX: usize = 256;

/// How much a call reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// A few rows by key: shares its transaction with others.
    Short,
    /// Any number of rows: nobody shall wait behind it.
    Long,
}

struct Call {
    extent: Extent,
    run: Box<dyn FnOnce(Given<'_>) -> Connected + Send>,
}

/// What a call is run with: a connection in a transaction, or why there is none.
type Given<'a> = Result<&'a Connection, &'a dyn Fn() -> StoreError>;

/// Whether the connection may be used for the next call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Connected {
    Yes,
    No,
}

/// Calls that wait for a reader.
#[derive(Default)]
pub(crate) struct Calls {
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Default)]
struct State {
    calls: VecDeque<Call>,
    /// Readers that sleep and were not told to look.
    asleep: usize,
    /// Readers that were told and have not looked yet.
    told: usize,
    closed: bool,
}

impl Calls {
    /// Queues a read. If the store closes before it ran, the receiver learns it.
    pub(crate) fn push<T, F>(
        &self,
        location: String,
        extent: Extent,
        read: F,
    ) -> oneshot::Receiver<Result<T, StoreError>>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (reply, receiver) = oneshot::channel::<Result<T, StoreError>>();
        let run = Box::new(move |given: Given<'_>| {
            if reply.is_closed() {
                return Connected::Yes;
            }
            let result = match given {
                Ok(conn) => read(conn),
                Err(failure) => {
                    let _ = reply.send(Err(failure()));
                    return Connected::Yes;
                }
            };
            let usable = result.as_ref().err().is_none_or(leaves_connection_usable);
            let _ = reply.send(result.map_err(|error| classify(&location, &error, false)));
            if usable { Connected::Yes } else { Connected::No }
        });
        let mut state = self.lock();
        if !state.closed {
            state.calls.push_back(Call { extent, run });
            // One that was told takes all short calls up to this one.
            if state.told == 0 || extent == Extent::Long {
                self.tell(state);
            }
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

    /// One long call, or the short ones that wait in front.
    fn next(&self) -> Option<VecDeque<Call>> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if !state.calls.is_empty() {
                break;
            }
            state.asleep += 1;
            state = self.more.wait(state).unwrap_or_else(PoisonError::into_inner);
            // Woken without having been told, it was asleep until now.
            match state.told.checked_sub(1) {
                Some(told) => state.told = told,
                None => state.asleep -= 1,
            }
        }
        let short =
            state.calls.iter().take(BATCH_MAX).take_while(|call| call.extent == Extent::Short).count();
        let rest = state.calls.split_off(short.max(1));
        let batch = std::mem::replace(&mut state.calls, rest);
        if !state.calls.is_empty() {
            self.tell(state);
        }
        Some(batch)
    }

    /// Wakes a reader if one sleeps: else this would be a system call for nothing.
    fn tell(&self, mut state: MutexGuard<'_, State>) {
        if state.asleep > 0 {
            state.asleep -= 1;
            state.told += 1;
            drop(state);
            self.more.notify_one();
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
        while let Some(mut batch) = calls.next() {
            while !batch.is_empty() {
                self.guarded(&mut batch);
            }
        }
    }

    /// Answers at least one call. One that panics takes only itself along.
    fn guarded(&mut self, batch: &mut VecDeque<Call>) {
        let before = batch.len();
        if catch_unwind(AssertUnwindSafe(|| self.answer(batch))).is_err() {
            tracing::error!(store = %self.options.location, "a read panicked; its connection is reopened");
            self.conn = None;
            if batch.len() == before {
                batch.pop_front();
            }
        }
    }

    /// Calls in one transaction, until they are all answered or one has spoilt the connection.
    fn answer(&mut self, batch: &mut VecDeque<Call>) {
        if self.shared.suspect.load(Ordering::Acquire) {
            let location = &self.options.location;
            return refuse(batch, &|| StoreError::Io {
                location: location.clone(),
                reason: "after an I/O error the log must be written back before reads count; try again"
                    .into(),
                outcome_unknown: false,
            });
        }
        let mut connected = Connected::Yes;
        match begin(&mut self.conn, &self.options) {
            Ok(tx) => {
                while connected == Connected::Yes
                    && let Some(call) = batch.pop_front()
                {
                    connected = (call.run)(Ok(&tx));
                }
                if tx.finish().is_err() {
                    connected = Connected::No;
                }
            }
            Err(error) => {
                let location = &self.options.location;
                refuse(batch, &|| classify(location, &error, false));
                connected = if leaves_connection_usable(&error) { Connected::Yes } else { Connected::No };
            }
        }
        if connected == Connected::No {
            self.conn = None;
        }
    }
}

fn begin<'c>(conn: &'c mut Option<Connection>, options: &Options) -> rusqlite::Result<Transaction<'c>> {
    let conn = match conn {
        Some(conn) => conn,
        empty => empty.insert(open::reader(options)?),
    };
    conn.transaction()
}

fn refuse(batch: &mut VecDeque<Call>, failure: &dyn Fn() -> StoreError) {
    for call in batch.drain(..) {
        (call.run)(Err(failure));
    }
}
