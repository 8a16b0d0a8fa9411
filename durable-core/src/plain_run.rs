//! What answers `sleep` and `event` in a plain run.

use crate::BoxFuture;
use std::{cell::RefCell, future::poll_fn, pin::pin, sync::Arc, time::Duration};

/// The surroundings of a plain run: a clock and a mailbox. The test kit has one; without any, `sleep` returns at once and
/// `event` panics with a clear message.
pub trait PlainHost: Send + Sync {
    /// Ends when the time has passed.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
    /// The next event of this name, as [`encode_event`](crate::event::encode_event) gives it.
    fn receive(&self, name: &str) -> BoxFuture<'static, Vec<u8>>;
}

thread_local! {
    static HOST: RefCell<Option<Arc<dyn PlainHost>>> = const { RefCell::new(None) };
}

/// Runs a future with these surroundings.
pub async fn with_host<F: Future>(host: Arc<dyn PlainHost>, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let before = HOST.replace(Some(host.clone()));
        let _restore = Restore(before);
        future.as_mut().poll(cx)
    })
    .await
}

/// Puts the former surroundings back, also when the poll panics.
struct Restore(Option<Arc<dyn PlainHost>>);

impl Drop for Restore {
    fn drop(&mut self) {
        HOST.set(self.0.take());
    }
}

pub(crate) async fn sleep(duration: Duration) {
    let host = HOST.with_borrow(Clone::clone);
    if let Some(host) = host {
        host.sleep(duration).await;
    }
}

pub(crate) async fn receive(name: &str) -> Vec<u8> {
    match HOST.with_borrow(Clone::clone) {
        Some(host) => host.receive(name).await,
        None => panic!(
            "event `{name}` is awaited in a plain run without a mailbox: run the workflow with durable-test, which has one"
        ),
    }
}
