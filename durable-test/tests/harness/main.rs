//! The crash test on the workflows that durable-core's tests expand by hand: what survives passes, what does not is found.

#![allow(unreachable_pub, dead_code)] // A test binary has no outside, and does not use all of what it borrows.

// Generated code names the facade, whose root is this crate's.
extern crate durable_core as durable;

#[path = "../../../durable-core/tests/machine/countdown.rs"]
mod countdown;
#[path = "../../../durable-core/tests/machine/hand.rs"]
mod hand;
#[path = "../../../durable-core/tests/machine/shop.rs"]
mod shop;
#[macro_use]
#[path = "../../../durable-core/tests/machine/single.rs"]
mod single;

mod awkward;
mod compiled;
mod expansion;
mod hostile;
mod virtual_time;

use awkward::{forgetful, moody, telling, waiting};
use countdown::launch;
use durable_core::Resources;
use durable_test::{CrashTest, EffectLog, Error};
use hand::place_order;
use shop::{Approval, Order, Shop};
use single::{Bench, Picky, once, unsavable};

fn shop(log: &EffectLog, resources: &mut Resources) {
    let log = log.clone();
    resources.insert(Shop::new(move |effect| log.record(effect)));
}

fn bench(log: &EffectLog, resources: &mut Resources) {
    let log = log.clone();
    resources.insert(Bench::new(move |effect| log.record(effect)));
}

fn awkward(log: &EffectLog, resources: &mut Resources) {
    resources.insert(awkward::Bench::new(log.clone()));
}

fn order() -> Order {
    Order::of(&["a", "bbb", "cc"], 10)
}

fn approval() -> Approval {
    Approval { by: "eve".into() }
}

#[tokio::test]
async fn an_order_survives_a_crash_everywhere() {
    let report = CrashTest::<place_order>::new(shop)
        .event("gateway", &approval())
        .run(place_order::input(order()))
        .await;
    assert_eq!(report.output.unwrap(), "p10-7 ada [11, 13] 3 eve");
    assert_eq!(report.commits, 8 + 2, "C5: S + 2");
    assert_eq!(report.runs, 2 + 2 * 8 + 1, "plain, whole, before and after each commit, before the finish");
    assert_eq!(report.effects.len(), 6);
    assert_eq!(report.states.len(), 9);
    assert!(report.states[0].starts_with("Start { order: "), "{}", report.states[0]);
    assert!(report.states[2].starts_with("Reserve { order: "), "{}", report.states[2]);
    assert!(report.states[2].ends_with("ids: [11], item_at: 1 }"), "{}", report.states[2]);
}

#[tokio::test]
async fn children_survive_a_crash_everywhere() {
    let report = CrashTest::<launch>::new(shop).run(launch::input(3)).await;
    assert_eq!(report.output, "counted 3 from 3");
    assert_eq!(report.states[2], "Countdown { from: 3 }\nchild 2, `countdown` at Tick");
}

#[tokio::test]
async fn a_step_that_fails_at_first_survives_a_crash_everywhere() {
    let flaky = |log: &EffectLog, resources: &mut Resources| {
        let log = log.clone();
        resources.insert(Shop::new(move |effect| log.record(effect)).failing(2));
    };
    let test = CrashTest::<place_order>::new(flaky).event("gateway", &approval());
    let report = test.run(place_order::input(order())).await;
    assert_eq!(report.commits, 8 + 2 + 2, "C5: one more for each failed attempt");
}

#[tokio::test]
async fn an_at_most_once_step_is_not_compared_where_it_is_interrupted() {
    let error = CrashTest::<once>::new(bench).check(once::input(5)).await.unwrap_err();
    assert!(error.is_difference(), "{error}");
    let report = CrashTest::<once>::new(bench).at_most_once("Once").run(once::input(5)).await;
    assert_eq!(report.output, Ok(5));
    assert_eq!(report.runs, 3, "plain, whole, and before its only await point");
}

#[tokio::test]
async fn at_most_once_names_an_await_point_that_is_reached() {
    let error = CrashTest::<once>::new(bench).at_most_once("Twice").check(once::input(5)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no await point `Twice` was reached, which `at_most_once` names; reached: Once"
    );
}

#[tokio::test]
async fn an_output_that_a_crash_changes_is_found() {
    let error = CrashTest::<forgetful>::new(awkward).check(forgetful::input(5)).await.unwrap_err();
    let text = error.to_string();
    let expected = "workflow `forgetful` does not survive a crash just before commit 2, \
                    where it goes on at await point `Record` of `forgetful`\n\n\
                    output without a crash:\n  6\noutput with the crash:\n  7\n\n\
                    the state it went on from:\n  Record { n: 5 }";
    assert_eq!(text, expected);
    assert!(error.is_difference());
}

#[tokio::test]
async fn an_effect_that_a_crash_changes_is_found() {
    let error = CrashTest::<moody>::new(awkward).check(moody::input(5)).await.unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("workflow `moody` does not survive a crash just before commit 2"), "{text}");
    let (whole, crashed) = text.split_once("effects with the crash:").unwrap();
    assert!(whole.contains("effects without a crash:\n     1  call 1 (key"), "{text}");
    assert!(crashed.contains("1  call 1 (key") && crashed.contains("\n >   2  call 2 (key"), "{text}");
}

#[tokio::test]
async fn an_effect_that_is_another_in_a_plain_run_is_found() {
    let error = CrashTest::<telling>::new(awkward).check(telling::input(5)).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with(
            "workflow `telling` does something else through its snapshots than as a plain function"
        ),
        "{text}"
    );
    assert!(
        text.contains("effects as a plain function:\n >   1  key 00000000-0000-0000-0000-000000000000"),
        "{text}"
    );
}

#[tokio::test]
async fn an_event_that_was_not_given_is_asked_for() {
    let error = CrashTest::<place_order>::new(shop).check(place_order::input(order())).await.unwrap_err();
    let expected = "the workflow waits for event `gateway`, and none is left: \
                    add `.event(\"gateway\", &value)` to the crash test";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn an_event_of_another_type_is_an_error_that_names_it() {
    let test = CrashTest::<place_order>::new(shop).event("gateway", &7u64);
    let error = test.check(place_order::input(order())).await.unwrap_err();
    assert!(
        error.to_string().contains("event `gateway`: it was sent with a value of another shape"),
        "{error}"
    );
}

#[tokio::test]
async fn a_missing_resource_is_an_error_that_names_it() {
    let error = CrashTest::<once>::new(|_, _| {}).check(once::input(5)).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Resources(_)), "{text}");
    assert!(text.contains("Bench"), "{text}");
}

#[tokio::test]
async fn an_endless_workflow_is_stopped() {
    let error = CrashTest::<launch>::new(shop).commits_max(5).check(launch::input(9)).await.unwrap_err();
    assert!(matches!(error, Error::Endless { commits_max: 5 }), "{error}");
}

#[tokio::test]
async fn a_workflow_that_fails_says_where() {
    let error = CrashTest::<unsavable>::new(bench).check(unsavable::input(Picky(12))).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("after commit 0, the workflow cannot go on: the execution was set aside"),
        "{text}"
    );
}

#[tokio::test]
#[should_panic(expected = "does not survive a crash just after commit 1")]
async fn run_panics_with_the_difference() {
    CrashTest::<once>::new(bench).run(once::input(5)).await;
}

#[tokio::test]
async fn outputs_are_compared_as_the_user_says() {
    let report =
        CrashTest::<forgetful>::new(awkward).compare_output(|_, _| true).run(forgetful::input(5)).await;
    assert_eq!(report.output, 6);
}

/// Operations may wait for tokio's timers: the runtime is the test's.
#[tokio::test(start_paused = true)]
async fn operations_run_on_the_runtime_of_the_test() {
    let report = CrashTest::<waiting>::new(awkward).run(waiting::input(3600)).await;
    assert_eq!(report.output, 3600);
}
