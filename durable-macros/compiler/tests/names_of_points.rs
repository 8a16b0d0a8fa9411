//! Names of await points and of what they save do not depend on where they stand (L9).

use durable_compiler::expand_workflow;
use proc_macro2::TokenStream;
use std::collections::BTreeMap;

/// The variants of the state, each with its fields, as text.
fn states(body: &str) -> BTreeMap<String, String> {
    let source = format!("async fn order(shop: &Shop, lines: Vec<u64>, n: u64) -> u64 {{ {body} }}");
    let expanded = expand_workflow(TokenStream::new(), source.parse().expect("tokens"));
    let file: syn::File = syn::parse2(expanded).expect("items");
    let is_state = |item: syn::Item| match item {
        syn::Item::Enum(item) if item.ident == "OrderState" => Some(item),
        _ => None,
    };
    let state = file.items.into_iter().find_map(is_state).expect("a state");
    let text = |variant: &syn::Variant| quote::ToTokens::to_token_stream(&variant.fields).to_string();
    state.variants.iter().map(|variant| (variant.ident.to_string(), text(variant))).collect()
}

const WHOLE: &str = "
    let mut sum: u64 = reserve(shop, n).await;
    for line in &lines { sum += price(shop, line).await; }
    let doubled: u64 = async { sum * 2 }.await;
    let n = format!(\"{doubled}\");
    { let n: u64 = charge(shop).await; notify(shop, n).await; }
    let total: u64 = tax(shop).await + fee(shop).await;
    ship(shop, n).await + total
";

#[test]
fn an_await_that_is_added_or_removed_leaves_the_others_as_they_are() {
    let before = states(WHOLE);
    assert_eq!(before.len(), 9, "{before:?}");
    for place in ["for line", "let doubled", "let n = format", "{ let n: u64", "let total", "ship(shop, n)"] {
        let mut after = states(&WHOLE.replacen(place, &format!("audit(shop).await; {place}"), 1));
        assert!(after.remove("Audit").is_some(), "before {place}: {after:?}");
        assert_eq!(after, before, "before {place}");
    }
}

#[test]
fn an_await_that_moves_keeps_its_name() {
    let added = |place: &str| states(&WHOLE.replacen(place, &format!("audit(shop).await; {place}"), 1));
    let (early, late) = (added("for line"), added("ship(shop, n)"));
    assert_eq!(early.keys().collect::<Vec<_>>(), late.keys().collect::<Vec<_>>());
    assert_ne!(early["Audit"], late["Audit"], "what is alive there is another thing");
}
