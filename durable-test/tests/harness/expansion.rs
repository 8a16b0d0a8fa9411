//! The expansion of a function in a source file, as text.

use durable_test::{
    Error, expanded, expanded_graph, expanded_state, try_expanded, try_expanded_graph, try_expanded_state,
};

const ORDERS: &str = "tests/harness/fixtures/orders.rs";

#[test]
fn a_workflow_is_found_by_name_and_formatted() {
    let code = expanded(ORDERS, "place_order");
    assert!(code.contains("pub enum PlaceOrderState {"), "{code}");
    assert!(!code.contains("#[workflow]"), "{code}");
    assert_eq!(code, expanded(ORDERS, "place_order"), "the same every time");
}

#[test]
fn the_state_alone_is_one_enum() {
    let state = expanded_state(ORDERS, "place_order");
    assert!(state.contains("pub enum PlaceOrderState {"), "{state}");
    let file = syn::parse_file(&state).unwrap();
    assert!(matches!(file.items[..], [syn::Item::Enum(_)]));
}

#[test]
fn functions_in_modules_and_methods_are_found_by_name_or_path() {
    assert_eq!(expanded(ORDERS, "refund"), expanded(ORDERS, "nested::refund"));
    assert_eq!(expanded(ORDERS, "charge"), expanded(ORDERS, "Shop::charge"));
    assert!(matches!(try_expanded(ORDERS, "fund"), Err(Error::NoWorkflow { .. })), "not by half a name");
}

#[test]
fn a_missing_function_is_an_error_that_lists_those_there_are() {
    let error = try_expanded(ORDERS, "not_ours").unwrap_err().to_string();
    assert!(error.starts_with("no workflow `not_ours` in "), "{error}");
    assert!(error.ends_with("workflows there: place_order, Shop::charge, twice, nested::refund"), "{error}");
}

#[test]
fn a_missing_file_is_an_error_with_the_path_that_was_tried() {
    let error = try_expanded("tests/nowhere.rs", "place_order").unwrap_err().to_string();
    let tried = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/nowhere.rs");
    assert!(error.starts_with(&format!("cannot read {tried}: ")), "{error}");
}

#[test]
fn a_file_that_is_not_rust_is_an_error_with_its_place() {
    let error = try_expanded("tests/harness/fixtures/broken.rs.txt", "place_order").unwrap_err();
    assert!(matches!(error, Error::Parse { line: 3, .. }), "{error}");
}

#[test]
fn a_step_has_no_state() {
    let error = try_expanded_state(ORDERS, "charge").unwrap_err();
    assert_eq!(error.to_string(), "`charge` has no state enum: it is a step, not a workflow");
}

#[test]
fn a_workflow_with_an_error_has_no_state_and_says_the_error() {
    let error = try_expanded_state(ORDERS, "twice").unwrap_err();
    assert!(matches!(error, Error::NoState { .. }), "{error}");
    assert!(error.to_string().contains("DUR005"), "{error}");
    assert!(expanded(ORDERS, "twice").contains("compile_error!"), "the whole expansion shows it in place");
}

#[test]
fn the_state_has_a_variant_for_each_await_point() {
    let state = syn::parse_file(&expanded_state(ORDERS, "place_order")).unwrap();
    let [syn::Item::Enum(state)] = &state.items[..] else { panic!("one enum") };
    let variants: Vec<_> = state.variants.iter().map(|variant| variant.ident.to_string()).collect();
    assert_eq!(variants, ["Start", "Charge", "Ship"]);
}

#[test]
fn the_graph_alone_is_a_flowchart() {
    let graph = expanded_graph(ORDERS, "place_order");
    assert!(graph.starts_with("flowchart TD\n    Start([\"place_order<br/>Takes an order.\"])\n"), "{graph}");
    assert!(graph.contains("Charge[\"Charge<br/>shop.charge(#amp;order)\"]"), "{graph}");
    assert_eq!(graph, expanded_graph(ORDERS, "place_order"), "the same every time");
}

#[test]
fn a_step_and_a_workflow_with_an_error_have_no_graph_and_say_why() {
    let error = try_expanded_graph(ORDERS, "charge").unwrap_err();
    assert_eq!(error.to_string(), "`charge` has no graph: it is a step, not a workflow");
    let error = try_expanded_graph(ORDERS, "twice").unwrap_err().to_string();
    assert!(error.contains("DUR005") && !error.contains("fn twice"), "the errors alone: {error}");
}
