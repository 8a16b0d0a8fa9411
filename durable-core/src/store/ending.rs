//! How a worker tells the clients of its own process that an execution ended, without a look at the store.

use super::{Outcome, Status};
use std::{
    fmt,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// What a client that starts an execution straight into a worker of its process keeps, to hear how it ends.
#[derive(Clone)]
pub struct Ending(Arc<Mutex<State>>);

/// The other half: what the worker keeps while it has the execution in hand. Dropped, it sends whoever waits to the store.
#[derive(Debug)]
pub struct Teller(Ending);

enum State {
    /// The worker has it in hand; these wait.
    Open(Vec<Waker>),
    Ended(Outcome),
    /// It went out of the worker's hands.
    Lost,
}

/// Both halves for one execution.
pub fn ending() -> (Teller, Ending) {
    let ending = Ending(Arc::new(Mutex::new(State::Open(Vec::new()))));
    (Teller(ending.clone()), ending)
}

impl Ending {
    /// Waits until the execution has ended, and gives how; `None`: the worker does not have it any more, so the store must be
    /// looked at.
    pub async fn wait(&self) -> Option<Outcome> {
        poll_fn(|task| self.poll(task)).await
    }

    fn poll(&self, task: &Context<'_>) -> Poll<Option<Outcome>> {
        match &mut *self.lock() {
            State::Open(wakers) => {
                if !wakers.iter().any(|waker| waker.will_wake(task.waker())) {
                    wakers.push(task.waker().clone());
                }
                Poll::Pending
            }
            State::Ended(outcome) => Poll::Ready(Some(outcome.clone())),
            State::Lost => Poll::Ready(None),
        }
    }

    /// Only the first word counts.
    fn end(&self, end: State) {
        let mut state = self.lock();
        let State::Open(wakers) = &mut *state else { return };
        let wakers = std::mem::take(wakers);
        *state = end;
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// No user code runs under this lock, so a panic elsewhere leaves it whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Teller {
    /// The execution ended like this, and that is durable. What can be redriven has not ended for ever: then whoever asks, now
    /// or later, is sent to the store.
    pub fn tell(self, outcome: Outcome) {
        if matches!(outcome.status, Status::Succeeded | Status::Cancelled) {
            self.0.end(State::Ended(outcome));
        }
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.0.end(State::Lost);
    }
}

impl fmt::Debug for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &*self.lock() {
            State::Open(_) => "Ending(open)",
            State::Ended(_) => "Ending(ended)",
            State::Lost => "Ending(lost)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;

    fn now<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn everyone_who_waits_hears_how_it_ended_before_and_after() {
        let (teller, ending) = ending();
        let other = ending.clone();
        let mut early = pin!(ending.wait());
        assert!(now(early.as_mut()).is_pending());
        teller.tell(Outcome { status: Status::Succeeded, output: Some(vec![7]), error: None });
        for heard in [now(early), now(pin!(other.wait()))] {
            let Poll::Ready(Some(outcome)) = heard else { panic!("the waiter was not told") };
            assert_eq!((outcome.status, outcome.output), (Status::Succeeded, Some(vec![7])));
        }
    }

    #[test]
    fn what_can_be_redriven_is_looked_up() {
        let (teller, ending) = ending();
        teller.tell(Outcome { status: Status::SetAside, output: None, error: Some("too large".into()) });
        assert!(matches!(now(pin!(ending.wait())), Poll::Ready(None)));
    }

    #[test]
    fn a_worker_that_loses_the_execution_sends_the_waiter_to_the_store() {
        let (teller, ending) = ending();
        let mut end = pin!(ending.wait());
        assert!(now(end.as_mut()).is_pending());
        drop(teller);
        assert!(matches!(now(end), Poll::Ready(None)));
    }
}
