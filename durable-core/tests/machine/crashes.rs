//! A crash just before and just after every commit: same result, and no effect repeats but the one in flight.

use crate::{
    countdown::launch,
    driver::{Crash, Driven, drive, resources},
    hand::place_order,
    ledger::{Effect, Ledger},
    shop::{Nope, Order, Shop},
};
use durable_core::{Input, Workflow};

fn run<W: Workflow>(input: Input<W>, failures: u32, crash: Crash) -> (Driven<W::Output>, Vec<Effect>) {
    let ledger = Ledger::default();
    let resources = resources(|resources| resources.insert(Shop::new(ledger.recorder()).failing(failures)));
    let driven = drive::<W>(&resources, input, crash);
    (driven, ledger.effects())
}

fn order() -> Order {
    Order::of(&["a", "bbb", "cc"], 10)
}

/// Crashes everywhere and compares with the run that never crashed.
fn crash_everywhere<W: Workflow<Output: PartialEq + std::fmt::Debug>>(input: impl Fn() -> Input<W>) -> usize {
    let (whole, expected) = run(input(), 0, Crash::Never);
    let output = whole.output.unwrap();
    let mut repeated = 0;
    // The finish is the last commit; after it there is no crash.
    for commit in 1..=whole.blobs.len() + 1 {
        let (after, effects) = run(input(), 0, Crash::After(commit));
        assert_eq!(after.output.unwrap(), output, "crash after commit {commit}");
        let same = |effect: &Effect| (effect.name.clone(), effect.key.clone());
        assert_eq!(
            effects.iter().map(same).collect::<Vec<_>>(),
            expected.iter().map(same).collect::<Vec<_>>(),
            "a crash after commit {commit} repeats nothing"
        );
        assert_eq!(after.blobs, whole.blobs, "and commits the same states");

        let (before, mut effects) = run(input(), 0, Crash::Before(commit));
        assert_eq!(before.output.unwrap(), output, "crash before commit {commit}");
        assert!(
            effects.len() <= expected.len() + 1,
            "more than the operation in flight was repeated: {effects:#?}"
        );
        repeated += effects.len() - expected.len();
        effects.dedup_by_key(|effect| (effect.name.clone(), effect.key.clone()));
        assert_eq!(
            effects.iter().map(same).collect::<Vec<_>>(),
            expected.iter().map(same).collect::<Vec<_>>(),
            "a crash before commit {commit} repeats the operation in flight, under the same key"
        );
    }
    assert_eq!(repeated, expected.len(), "each effect was in flight at one of the crashes");
    whole.blobs.len()
}

#[test]
fn an_order_survives_a_crash_at_every_commit() {
    // C5: three items, longest, charge, event, sleep, ship; start and finish make no blob.
    assert_eq!(crash_everywhere(|| place_order::input(order())), 8);
}

#[test]
fn a_parent_and_its_recursive_children_survive_a_crash_at_every_commit() {
    // The parent's three await points; two for each level of the first child but the last, which has one; one of the second.
    assert_eq!(crash_everywhere(|| launch::input(3)), 3 + 2 * 3 + 1 + 1);
}

#[test]
fn gives_what_the_plain_run_gives() {
    let (driven, _) = run(launch::input(3), 0, Crash::Never);
    let shop = Shop::new(|_| {});
    let plain = crate::driver::block_on(crate::countdown::launch(&shop, 3).in_memory());
    assert_eq!(driven.output.unwrap(), plain);
}

#[test]
fn an_early_return_hidden_in_a_macro_ends_the_workflow() {
    let (driven, effects) = run(place_order::input(Order::of(&["a", "b"], 5_000)), 0, Crash::Never);
    assert_eq!(driven.output.unwrap(), Err(Nope::Stock));
    assert_eq!(effects.len(), 1);
}

#[test]
fn a_loop_over_nothing_goes_straight_on() {
    let (driven, effects) = run(place_order::input(Order::of(&[], 1)), 0, Crash::Never);
    assert_eq!(driven.output.unwrap().unwrap(), "p1-7 ada [] 0 gateway's eve");
    let names: Vec<_> = effects.into_iter().map(|effect| effect.name).collect();
    assert_eq!(names, ["longest", "charge", "ship 0"]);
}

#[test]
fn a_step_that_fails_twice_survives_a_crash_at_every_commit() {
    let input = || place_order::input(order());
    let (whole, expected) = run(input(), 2, Crash::Never);
    let output = whole.output.unwrap();
    assert_eq!(whole.blobs.len(), 8 + 2, "C5: one commit more for each failed attempt");
    for commit in 1..=whole.blobs.len() {
        let (after, effects) = run(input(), 2, Crash::After(commit));
        assert_eq!(after.output.unwrap(), output);
        let keys = |effects: &[Effect]| effects.iter().map(|effect| effect.key.clone()).collect::<Vec<_>>();
        assert_eq!(keys(&effects), keys(&expected), "commit {commit}");
    }
}
