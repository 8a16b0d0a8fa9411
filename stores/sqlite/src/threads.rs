//! The threads of one store: started when it opens, joined when its last handle goes.

use crate::{
    builder::Options,
    keeper::Keeper,
    lock::Locks,
    open,
    queue::Queue,
    readers::{Calls, READERS, Reader},
    shared::Shared,
    writer::Writer,
};
use durable_core::store::StoreError;
use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};
use tokio::sync::oneshot;

/// What a handle refers to. The threads hold its parts, never itself, so that dropping the last handle ends them.
pub(crate) struct Threads {
    pub(crate) options: Options,
    pub(crate) shared: Arc<Shared>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) calls: Arc<Calls>,
    pub(crate) locks: Arc<Locks>,
    handles: Mutex<Vec<JoinHandle<()>>>,
}

impl Threads {
    /// Opens the file on the writer's thread, since that blocks, and starts the others when it is open.
    pub(crate) async fn start(options: Options) -> Result<Self, StoreError> {
        let threads = Self {
            shared: Arc::default(),
            queue: Arc::new(Queue::new(options.busy_timeout)),
            calls: Arc::default(),
            locks: Arc::new(Locks::beside(&options.path)),
            handles: Mutex::default(),
            options,
        };
        let (opened, answer) = oneshot::channel();
        let (options, shared, queue) =
            (threads.options.clone(), threads.shared.clone(), threads.queue.clone());
        threads.spawn("writer", move || match open::first(&options) {
            Ok(conn) => {
                // Whoever asked may have gone; then the queue is closed already, and this thread ends at once.
                let _ = opened.send(Ok(()));
                Writer::new(options, shared, queue, conn).run();
            }
            Err(error) => drop(opened.send(Err(error))),
        })?;
        answer.await.unwrap_or_else(|_| Err(threads.failed("its writer thread ended unexpectedly")))?;
        let (queue, locks) = (threads.queue.clone(), threads.locks.clone());
        let keeper = Keeper::new(threads.options.clone(), threads.shared.clone(), locks);
        threads.spawn("keeper", move || keeper.run(&queue))?;
        for _ in 0..READERS {
            let reader = Reader::new(threads.options.clone(), threads.shared.clone());
            let calls = threads.calls.clone();
            threads.spawn("reader", move || reader.run(&calls))?;
        }
        Ok(threads)
    }

    fn spawn(&self, name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
        let spawned = thread::Builder::new().name(format!("durable-sqlite {name}")).spawn(body);
        let handle = spawned.map_err(|e| self.failed(&format!("its {name} thread did not start: {e}")))?;
        self.handles.lock().unwrap_or_else(PoisonError::into_inner).push(handle);
        Ok(())
    }

    fn failed(&self, reason: &str) -> StoreError {
        StoreError::Open { location: self.options.location.clone(), reason: reason.to_owned() }
    }

    /// The answer to a request whose sender was dropped.
    pub(crate) fn unanswered(&self) -> StoreError {
        let location = self.options.location.clone();
        if self.queue.is_closed() {
            return StoreError::Closed { location };
        }
        let reason = "a thread of the store panicked while it worked on this".to_owned();
        StoreError::Io { location, reason, outcome_unknown: true }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.queue.close();
        self.calls.close();
        let handles = std::mem::take(&mut *self.handles.lock().unwrap_or_else(PoisonError::into_inner));
        for handle in handles {
            // The last handle may go inside a callback on one of these threads; it cannot wait for itself.
            if handle.thread().id() != thread::current().id() {
                let _ = handle.join();
            }
        }
    }
}
