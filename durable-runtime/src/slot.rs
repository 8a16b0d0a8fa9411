//! Where an execution waits for the answer to its commit: one slot for its whole life in memory, so that a commit
//! allocates no channel.

use durable_core::store::{CommitError, Committed};
use std::{
    future::poll_fn,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
};

/// The answer to one commit.
pub(crate) type Answer = Result<Committed, CommitError>;

/// At most one commit of an execution is in flight (C2), so one place for one answer is enough.
#[derive(Default)]
pub(crate) struct Slot {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    answer: Option<Answer>,
    waker: Option<Waker>,
}

impl Slot {
    /// Puts the answer in and wakes the execution.
    pub(crate) fn answer(&self, answer: Answer) {
        let waker = {
            let mut state = self.lock();
            state.answer = Some(answer);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Takes the answer once it is there.
    pub(crate) async fn wait(&self) -> Answer {
        poll_fn(|task| {
            let mut state = self.lock();
            if let Some(answer) = state.answer.take() {
                return Poll::Ready(answer);
            }
            state.waker = Some(task.waker().clone());
            Poll::Pending
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that could panic half-way runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
