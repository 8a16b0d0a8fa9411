//! The start of an execution, straight into a worker of this process where one has room (K2).

use crate::{error::ClientError, trouble::Backoff};
use durable_core::{
    BoxFuture, ExecutionId,
    store::{Admission, Release, StartRequest, Started, Store, StoreError, WorkerId},
};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::runtime::Handle;

/// Attempts of a client's own, before it reports a store that is busy or out of reach.
pub(crate) const ATTEMPTS: u32 = 5;

/// 128 random bits of the operating system.
pub(crate) fn random_bits() -> Result<[u8; 16], ClientError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|error| ClientError::Randomness(error.to_string()))?;
    Ok(bits)
}

/// Starts, and repeats while the store is in passing trouble: the id and the instance make it one start. With a watch for its
/// end if it went straight into a worker of this process.
pub(crate) async fn start(
    store: &Arc<dyn Store>,
    request: StartRequest,
) -> Result<(Started, Option<Watch>), StoreError> {
    let reserved = Handle::try_current().ok().and_then(|runtime| {
        let (worker, id) = store.local().reserve(request.queue)?;
        Some((runtime, Reserved { worker: Some(worker), id }))
    });
    let Some((runtime, reserved)) = reserved else { return Ok((repeat(store, request).await?, None)) };
    // Before the start, so that no end is missed.
    let watch = Watch::begin(store, &request.id);
    let starting = Box::pin(start_claimed(Arc::clone(store), request, reserved));
    let started = EvenIfDropped { starting: Some(starting), runtime }.await?;
    Ok((started, Some(watch)))
}

/// A start that goes on as a task of its own if its caller gives up in the middle: an execution that is claimed already must
/// still reach its worker.
struct EvenIfDropped {
    starting: Option<BoxFuture<'static, Result<Started, StoreError>>>,
    runtime: Handle,
}

impl Future for EvenIfDropped {
    type Output = Result<Started, StoreError>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        // Taken out meanwhile: after a panic there is nothing to go on with.
        let Some(mut starting) = self.starting.take() else { return Poll::Pending };
        let poll = starting.as_mut().poll(task);
        if poll.is_pending() {
            self.starting = Some(starting);
        }
        poll
    }
}

impl Drop for EvenIfDropped {
    fn drop(&mut self) {
        if let Some(starting) = self.starting.take() {
            self.runtime.spawn(starting);
        }
    }
}

/// Notices whether an execution ends.
pub(crate) struct Watch {
    store: Arc<dyn Store>,
    id: ExecutionId,
    pub(crate) number: u64,
}

impl Watch {
    fn begin(store: &Arc<dyn Store>, id: &ExecutionId) -> Self {
        Self { store: Arc::clone(store), id: id.clone(), number: store.local().watch(id) }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.store.local().unwatch(&self.id, self.number);
    }
}

async fn start_claimed(
    store: Arc<dyn Store>,
    request: StartRequest,
    mut reserved: Reserved,
) -> Result<Started, StoreError> {
    match store.start(StartRequest { claim_for: Some(reserved.id), ..request.clone() }).await {
        Ok(Started::New(Some(claimed))) => {
            reserved.admit(*claimed);
            Ok(Started::New(None))
        }
        Err(error) if error.is_transient() => {
            let instance = request.instance;
            let id = request.id.clone();
            drop(reserved);
            let started = repeat(&store, request).await?;
            // The first attempt may have happened: then the execution is claimed, and nobody drives it.
            if let Started::Existing { .. } = started
                && let Some(record) = store.execution(&id).await?
                && record.instance == instance
            {
                store.release(vec![Release { row: record.row, fence: 1 }]).await?;
            }
            Ok(started)
        }
        answer => answer,
    }
}

async fn repeat(store: &Arc<dyn Store>, request: StartRequest) -> Result<Started, StoreError> {
    let mut backoff = Backoff::default();
    for _ in 1..ATTEMPTS {
        match store.start(request.clone()).await {
            Err(error) if error.is_transient() => tokio::time::sleep(backoff.next()).await,
            answer => return answer,
        }
    }
    store.start(request).await
}

/// A place in a worker; given back unless it is used.
struct Reserved {
    worker: Option<Arc<dyn Admission>>,
    id: WorkerId,
}

impl Reserved {
    fn admit(&mut self, claimed: durable_core::store::Claimed) {
        if let Some(worker) = self.worker.take() {
            worker.admit(claimed);
        }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if let Some(worker) = self.worker.take() {
            worker.decline();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn a_start_whose_caller_gives_up_goes_on() {
        let (store_answers, answer) = oneshot::channel::<()>();
        let (tell, told) = oneshot::channel();
        let starting = Box::pin(async move {
            answer.await.unwrap();
            tell.send(()).unwrap();
            Ok(Started::New(None))
        });
        let mut start = EvenIfDropped { starting: Some(starting), runtime: Handle::current() };
        assert!(Pin::new(&mut start).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(start);
        store_answers.send(()).unwrap();
        told.await.unwrap();
    }
}
