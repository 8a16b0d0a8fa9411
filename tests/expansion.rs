//! What `#[workflow]` generates, as snapshots: a change of it shows in review.

use durable_test::{expanded, expanded_graph, expanded_state};

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
