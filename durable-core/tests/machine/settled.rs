//! What a driver of the machine is told beside each commit: events consumed, frames closed, crashes counted.

use crate::{
    countdown::launch,
    driver::{INSTANCE, arrival, block_on, id, resources},
    hand::place_order,
    ledger::Ledger,
    shop::{Order, Shop},
};
use durable_core::{
    Arrived, Input, NoClock, Wait, Workflow, describe,
    machine::{AwaitPoint, Identity, Machine, Progress, Restored, RestoredFrame, Settled},
};
use std::{future::poll_fn, sync::Arc};

/// Goes on to the next thing that must be done.
fn go<'r, T: Send + 'r>(machine: &mut Machine<'r, T>) -> Progress<T> {
    block_on(poll_fn(|task| machine.poll(task)))
}

fn to_await_point<'r, T: Send + std::fmt::Debug + 'r>(machine: &mut Machine<'r, T>) -> AwaitPoint {
    match go(machine) {
        Progress::AwaitPoint(point) => point,
        other => panic!("{other:?}"),
    }
}

/// An execution as its start left it.
fn started<W: Workflow>(input: Input<W>) -> RestoredFrame {
    restored::<W>("Start", input.into_bytes().unwrap().into(), 0)
}

fn restored<W: Workflow>(point: &str, snapshot: Arc<[u8]>, visit: u64) -> RestoredFrame {
    let description = describe::<W>().unwrap();
    RestoredFrame {
        writer: None,
        number: 0,
        parent: None,
        visit,
        failed: 0,
        workflow: W::NAME.into(),
        point: point.into(),
        fingerprint: description.point_fingerprints[description.point(point).unwrap()],
        snapshot,
        fired: false,
        begun: true,
    }
}

fn machine<'r, W: Workflow>(
    found: W::Resources<'r>,
    root: RestoredFrame,
    crashes: u32,
    delivery: Option<(u64, Vec<u8>)>,
) -> Machine<'r, W::Output> {
    let restored = Restored { frames: vec![root], next_frame: 1, crashes, delivery };
    let identity = Identity { id: id(), instance: INSTANCE, run: 0 };
    Machine::new(identity, Arc::new(NoClock), restored, move |root| Box::pin(root.drive::<W>(found)))
}

#[test]
fn an_event_is_consumed_with_the_next_commit_and_not_before() {
    let resources = resources(|resources| resources.insert(Shop::new(|_| {})));
    let found = place_order::resources(&resources).unwrap();
    let mut first = machine::<place_order>(found, started(place_order::input(Order::of(&[], 1))), 0, None);
    let parked = loop {
        let point = to_await_point(&mut first);
        assert_eq!(first.settle(), Settled::default());
        if point.wait != Wait::Now {
            break point;
        }
        first.committed(point.bytes.into());
    };
    assert_eq!(parked.wait, Wait::Event("gateway".into()));

    let Arrived::Event(payload) = arrival(&parked.wait) else { panic!() };
    let root = restored::<place_order>("EventGateway", parked.bytes.into(), parked.visit);
    let mut second = machine::<place_order>(found, root, 0, Some((17, payload)));
    let point = to_await_point(&mut second);
    assert_eq!(point.description.points[point.point].name, "Sleep");
    assert_eq!(second.settle(), Settled { consumed: vec![17], closed: vec![] }, "E3");
    assert_eq!(second.settle(), Settled::default(), "asked for once for each commit");
}

#[test]
fn children_are_closed_with_their_parents_next_commit() {
    let resources = resources(|resources| resources.insert(Shop::new(|_| {})));
    let found = launch::resources(&resources).unwrap();
    let mut machine = machine::<launch>(found, started(launch::input(1)), 0, None);
    let mut closed = Vec::new();
    loop {
        match go(&mut machine) {
            Progress::AwaitPoint(point) => {
                closed.push((point.frame, machine.settle().closed));
                machine.committed(point.bytes.into());
            }
            Progress::Finished(output) => break assert_eq!(output, "counted 1 from 1"),
            other => panic!("{other:?}"),
        }
    }
    let none = Vec::new;
    // Frames by the counter of the store's row here (F1); the inner child ends first.
    let expected =
        [(0, none()), (1, none()), (1, none()), (2, none()), (0, vec![2, 1]), (3, none()), (0, vec![3])];
    assert_eq!(closed, expected);
    assert_eq!(machine.next_frame(), 4);
}

#[test]
fn crashes_count_as_attempts_until_the_next_await_point() {
    let ledger = Ledger::default();
    let resources = resources(|resources| resources.insert(Shop::new(ledger.recorder())));
    let found = place_order::resources(&resources).unwrap();
    let order = || place_order::input(Order::of(&["a"], 10));
    let point = to_await_point(&mut machine::<place_order>(found, started(order()), 0, None));

    let root = restored::<place_order>("Reserve", point.bytes.into(), point.visit);
    let mut crashed = machine::<place_order>(found, root, 2, None);
    let point = to_await_point(&mut crashed);
    crashed.committed(point.bytes.into());
    to_await_point(&mut crashed);
    assert_eq!(ledger.names(), ["reserve a", "longest"]);
    assert_eq!(ledger.attempts(), [3, 1], "A1");
}

#[test]
fn no_operation_begins_before_its_await_point_is_durable() {
    let ledger = Ledger::default();
    let resources = resources(|resources| resources.insert(Shop::new(ledger.recorder())));
    let found = place_order::resources(&resources).unwrap();
    let mut machine =
        machine::<place_order>(found, started(place_order::input(Order::of(&["a"], 10))), 0, None);
    let point = to_await_point(&mut machine);
    let mut task = std::task::Context::from_waker(std::task::Waker::noop());
    for _ in 0..10 {
        assert!(machine.poll(&mut task).is_pending(), "a spurious wake-up changes nothing");
    }
    assert!(ledger.effects().is_empty(), "C3");
    machine.committed(point.bytes.into());
    to_await_point(&mut machine);
    assert_eq!(ledger.names(), ["reserve a"]);
}
