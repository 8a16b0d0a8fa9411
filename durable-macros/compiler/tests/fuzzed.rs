//! What fuzzing found, and what it looks for: no panic, and Rust wherever there is no error.

use proc_macro2::TokenStream;

fn expanded(item: &str) -> String {
    let expanded = durable_compiler::expand_workflow(TokenStream::new(), item.parse().unwrap());
    let text = expanded.to_string();
    assert!(syn::parse2::<syn::File>(expanded).is_ok(), "not Rust: {text}");
    text
}

#[test]
fn a_name_that_looks_like_one_of_the_compilers_is_nobodys() {
    let text =
        expanded("async fn f(n: u32) -> u32 { let x = s().await; t(__durable_value_9999, x, n).await }");
    assert!(!text.contains("compile_error"), "{text}");
}

#[test]
fn a_struct_literal_on_the_left_of_and_stays_an_operand() {
    let text = expanded("async fn f(p: P) -> bool { let same = P { x: 1 } == p && s().await; same }");
    assert!(!text.contains("compile_error"), "{text}");
    assert!(text.contains("if (P { x : 1 } == p)"), "in parentheses, where it is a condition: {text}");
}
