//! Wake-ups within a process: nobody polls for what this store wrote itself.

use super::{
    failure::{Checked, check, check_eq},
    scenario::{Scenario, id},
    subject::Subject,
};
use durable_core::{
    BoxFuture,
    store::{Admission, QueueId, StartRequest, Started, Status, StoreError, Teller, WorkerId},
};
use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Waker},
    time::Duration,
};

/// A worker that takes nothing and counts how often it was told to look.
#[derive(Default)]
struct Listener {
    told: AtomicU64,
}

impl Admission for Listener {
    fn reserve(&self, _queue: QueueId) -> Option<WorkerId> {
        None
    }

    fn start(
        &self,
        _request: StartRequest,
        _teller: Teller,
    ) -> BoxFuture<'static, Result<Started, StoreError>> {
        Box::pin(std::future::pending())
    }

    fn decline(&self) {}

    fn work_ready(&self) {
        self.told.fetch_add(1, Ordering::SeqCst);
    }
}

impl Listener {
    fn check_told(&self, of_what: &str) -> Checked {
        check!(
            self.told.swap(0, Ordering::SeqCst) > 0,
            "the worker of this process was not told of {of_what}"
        );
        Ok(())
    }
}

pub(super) async fn workers_hear_of_what_became_due(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let listener = Arc::new(Listener::default());
    let admission: Arc<dyn Admission> = listener.clone();
    s.store.local().add_worker(&admission);

    let hold = s.started("a").await?;
    listener.check_told("a start")?;
    s.release(&hold).await?;
    listener.check_told("a release")?;
    let mut hold = s.claim_one().await?;
    hold.park(&s, None, Some("x")).await?;
    listener.told.store(0, Ordering::SeqCst);
    s.check_accepted("a", "e1", "x").await?;
    listener.check_told("an event")?;
    let mut hold = s.claim_one().await?;
    hold.park(&s, Some(Duration::ZERO), None).await?;
    listener.check_told("a park that is due")?;
    let mut hold = s.claim_one().await?;
    listener.told.store(0, Ordering::SeqCst);
    hold.park(&s, Some(Duration::from_secs(1)), None).await?;
    listener.check_told("a park with a deadline, which may be before the one it sleeps until")?;
    s.subject.advance(Duration::from_secs(1)).await?;
    let mut hold = s.claim_one().await?;
    let mail = hold.claimed.mail;
    hold.park_having_read(&s, None, Some("y"), mail).await?;
    listener.told.store(0, Ordering::SeqCst);
    s.store.cancel(&id("a")?).await?;
    listener.check_told("a request")?;
    s.claim_one().await?;
    s.store.leave(s.worker).await?;
    listener.check_told("what a leaving worker gave back")
}

pub(super) async fn workers_hear_of_a_takeover(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let victim = s.store.join("victim").await?;
    s.start("a").await?;
    s.claim_one_as(victim).await?;
    let listener = Arc::new(Listener::default());
    let admission: Arc<dyn Admission> = listener.clone();
    s.store.local().add_worker(&admission);
    check_eq!(s.give_up(victim, s.worker).await?, 1, "taken over");
    listener.check_told("a takeover")
}

pub(super) async fn waiters_hear_of_the_end_and_not_before(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    for (name, status) in [("a", Status::Succeeded), ("b", Status::Failed), ("c", Status::SetAside)] {
        let mut hold = s.started(name).await?;
        let mut end = pin!(s.store.local().wait_finished(&hold.claimed.id));
        hold.run(&s).await?;
        let early = end.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
        check!(!early, "a waiter was told of the end of an execution that still runs");
        hold.finish(&s, status).await?;
        let told = end.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
        check!(told, "a waiter was not told that the execution is {status}");
    }
    Ok(())
}

pub(super) async fn whoever_drives_an_execution_hears_of_a_request_and_not_before(
    subject: Subject,
) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    s.started("b").await?;
    let mut request = pin!(s.store.local().wait_requested(&hold.claimed.id));
    hold.run(&s).await?;
    s.store.cancel(&id("b")?).await?;
    let early = request.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
    check!(!early, "an execution was told of a request to another one");
    s.store.cancel(&id("a")?).await?;
    let told = request.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
    check!(told, "an execution that runs was not told that it is to be cancelled");
    Ok(())
}
