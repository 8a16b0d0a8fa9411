//! The memory store against the conformance suite, and what only the memory store promises.

use durable_core::{
    memory::{ManualClock, MemoryStore},
    store::Store,
};
use durable_test::conformance::{self, Subject, Verdict};
use std::{collections::HashSet, sync::Arc};

const EVENT_QUOTA: u64 = 16;
const PAYLOAD_BYTES_MAX: u64 = 64 * 1024;

fn fresh_store() -> Subject {
    let clock = Arc::new(ManualClock::new(1_700_000_000_000));
    let limits =
        durable_core::memory::Limits { event_quota: EVENT_QUOTA, payload_bytes_max: PAYLOAD_BYTES_MAX };
    let store = MemoryStore::with_limits(clock.clone(), limits);
    let killer = store.clone();
    Subject::new(Arc::new(store))
        .can_advance(move |by| {
            clock.advance(by);
            Box::pin(async {})
        })
        .can_kill(move |worker| {
            killer.kill(worker);
            Box::pin(async {})
        })
        .event_quota(EVENT_QUOTA)
        .payload_bytes_max(PAYLOAD_BYTES_MAX)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    runtime.block_on(future)
}

#[test]
fn memory_store_conforms() {
    block_on(durable_test::store_conformance(|| async { fresh_store() }));
}

#[test]
fn memory_store_skips_no_case() {
    block_on(async {
        for case in conformance::cases() {
            let verdict = case.run(fresh_store()).await;
            assert!(!matches!(verdict, Verdict::Skipped { .. }), "{case}: {verdict}");
        }
    });
}

#[test]
fn default_limits_are_those_of_the_protocol() {
    block_on(async {
        let subject = Subject::new(Arc::new(MemoryStore::new(Arc::new(ManualClock::new(0)))))
            .event_quota(10_000)
            .payload_bytes_max(16 << 20);
        for case in conformance::cases().iter().filter(|case| case.name.contains("oversized_event")) {
            assert_eq!(case.run(subject.clone()).await, Verdict::Passed, "{case}");
        }
        let subject =
            Subject::new(Arc::new(MemoryStore::new(Arc::new(ManualClock::new(0))))).event_quota(10_000);
        for case in conformance::cases().iter().filter(|case| case.name.contains("quota")) {
            assert_eq!(case.run(subject.clone()).await, Verdict::Passed, "{case}");
        }
    });
}

#[test]
fn case_without_its_capability_is_skipped_and_says_which() {
    block_on(async {
        let plain = || Subject::new(Arc::new(MemoryStore::new(Arc::new(ManualClock::new(0)))));
        let mut missing = HashSet::new();
        for case in conformance::cases() {
            match case.run(plain()).await {
                Verdict::Passed => {}
                Verdict::Skipped { needs } => {
                    missing.insert(needs);
                }
                Verdict::Failed { reason } => panic!("{case}: {reason}"),
            }
        }
        assert_eq!(missing, HashSet::from(["can_advance", "can_kill", "event_quota", "payload_bytes_max"]));
    });
}

#[test]
fn case_names_are_unique_and_carry_a_clause() {
    let names: HashSet<_> = conformance::cases().iter().map(|case| case.name).collect();
    assert_eq!(names.len(), conformance::cases().len());
    assert!(conformance::cases().iter().all(|case| !case.clause.is_empty()));
}

#[test]
fn clones_are_the_same_store_and_futures_are_ready_at_once() {
    use std::task::{Context, Poll, Waker};
    let store = MemoryStore::new(Arc::new(ManualClock::new(5)));
    let clone = store.clone();
    let mut join = clone.join("worker");
    let Poll::Ready(Ok(worker)) = join.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("joining a memory store was not ready at once");
    };
    let mut beat = store.beat(worker, std::time::Duration::ZERO);
    assert!(matches!(beat.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok(_))));
}
