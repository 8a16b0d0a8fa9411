//! Parking: timers and events, through blobs.

use crate::{
    driver::{arrival, block_on, resources, resume, start},
    hand::place_order,
    ledger::Ledger,
    shop::{Order, Shop},
};
use durable_core::{Arrived, Moved, Resources, RunError, Wait, event::encode_event};
use std::time::Duration;

fn shop() -> Resources {
    let ledger = Ledger::default();
    resources(|resources| resources.insert(Shop::new(ledger.recorder())))
}

/// Runs until it parks.
fn to_park(resources: &Resources, blob: Option<(&[u8], Arrived)>) -> (Vec<u8>, Wait) {
    let mut run = match blob {
        None => start(resources, place_order::input(Order::of(&["a"], 10))),
        Some((blob, arrived)) => resume::<place_order>(resources, blob, arrived),
    };
    loop {
        match block_on(run.next()).unwrap() {
            Moved::Parked { blob, wait } => return (blob, wait),
            Moved::Saved(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_event_parks_and_its_value_arrives() {
    let shop = shop();
    let (blob, wait) = to_park(&shop, None);
    assert_eq!(wait, Wait::Event("gateway".into()));
    let (_, wait) = to_park(&shop, Some((&blob, arrival(&wait))));
    assert_eq!(wait, Wait::Timer(Duration::from_secs(30 * 24 * 3600)), "it went on to the sleep");
}

#[test]
fn a_resume_without_what_it_waits_for_parks_again_at_the_same_blob() {
    let shop = shop();
    let (at_event, _) = to_park(&shop, None);
    for arrived in [Arrived::Nothing, Arrived::Timer] {
        let (again, _) = to_park(&shop, Some((&at_event, arrived)));
        assert_eq!(again, at_event);
    }
    let (at_timer, _) = to_park(&shop, Some((&at_event, arrival(&Wait::Event("gateway".into())))));
    let (again, _) = to_park(&shop, Some((&at_timer, Arrived::Nothing)));
    assert_eq!(again, at_timer);
}

#[test]
fn an_event_of_another_type_sets_the_execution_aside_and_names_both() {
    let shop = shop();
    let (blob, _) = to_park(&shop, None);
    let mut run = resume::<place_order>(&shop, &blob, Arrived::Event(encode_event(&7u64).unwrap()));
    let error = block_on(run.next()).unwrap_err();
    let RunError::SetAside(reason) = &error else { panic!("{error}") };
    assert!(reason.starts_with("event `gateway`: it was sent with a value of another shape"), "{reason}");
    assert!(reason.contains("Approval"), "{reason}");
    assert_eq!(run.blob().unwrap(), blob, "nothing is lost");
}

#[test]
fn a_truncated_event_sets_the_execution_aside() {
    let shop = shop();
    let (blob, _) = to_park(&shop, None);
    let Arrived::Event(whole) = arrival(&Wait::Event("gateway".into())) else { panic!() };
    for length in 0..whole.len() {
        let mut run = resume::<place_order>(&shop, &blob, Arrived::Event(whole[..length].to_vec()));
        let error = block_on(run.next()).unwrap_err();
        assert!(matches!(error, RunError::SetAside(_)), "{length}: {error}");
    }
}

#[test]
fn a_fired_timer_counts_for_one_sleep_only() {
    let shop = shop();
    let (at_event, wait) = to_park(&shop, None);
    let (at_timer, _) = to_park(&shop, Some((&at_event, arrival(&wait))));
    let mut run = resume::<place_order>(&shop, &at_timer, Arrived::Timer);
    assert!(matches!(block_on(run.next()).unwrap(), Moved::Saved(_)), "it stands at Ship");
    assert!(matches!(block_on(run.next()).unwrap(), Moved::Finished(Ok(_))));
}
