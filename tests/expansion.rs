//! What `#[workflow]` generates, as snapshots: a change of it shows in review.

use durable_test::{expanded, expanded_graph, expanded_state};

/// Doubles what it is told.
///
/// After asking.
#[durable::workflow]
async fn doubled(n: u64) -> u64 {
    let doubled = async { n * 2 }.await;
    doubled.max(n)
}

#[test]
fn the_state_of_place_order_reads_like_something_a_person_wrote() {
    insta::assert_snapshot!(expanded_state("examples/place_order.rs", "place_order"));
}

#[test]
fn the_state_of_a_workflow_with_shadowed_locals() {
    insta::assert_snapshot!(expanded_state("tests/programs/scopes.rs", "shadows"));
}

#[test]
fn the_whole_expansion_of_a_loop() {
    insta::assert_snapshot!(expanded("tests/programs/loops.rs", "tail_loop"));
}

#[test]
fn the_graph_of_place_order_shows_its_ways() {
    insta::assert_snapshot!(expanded_graph("examples/place_order.rs", "place_order"));
}

#[test]
fn the_graph_of_nested_loops_with_labels() {
    insta::assert_snapshot!(expanded_graph("tests/programs/loops.rs", "nested"));
}

#[test]
fn the_graph_of_a_method() {
    insta::assert_snapshot!(expanded_graph("tests/programs/methods.rs", "Shop::sell"));
}

#[tokio::test]
async fn the_documentation_of_a_workflow_is_on_its_state_too() {
    insta::assert_snapshot!(expanded_state("tests/expansion.rs", "doubled"));
    assert_eq!(doubled(2).in_memory().await, 4);
}

#[test]
fn the_state_of_a_method() {
    insta::assert_snapshot!(expanded_state("tests/programs/methods.rs", "Shop::sell"));
}

#[test]
fn the_state_of_a_generic_workflow_has_the_parameters_its_fields_name() {
    insta::assert_snapshot!(expanded_state("tests/programs/generics.rs", "process"));
}

#[test]
fn the_state_of_a_generic_workflow_mentions_the_parameters_of_bounds() {
    insta::assert_snapshot!(expanded_state("tests/programs/generics.rs", "collect"));
}

#[test]
fn the_whole_expansion_of_a_generic_method() {
    insta::assert_snapshot!(expanded("tests/programs/methods.rs", "tell"));
}
