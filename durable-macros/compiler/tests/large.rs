//! Large and odd functions through the whole pipeline.

use durable_compiler::expand_workflow;
use proc_macro2::{TokenStream, TokenTree};
use std::fmt::Write as _;

fn expand(source: &str) -> TokenStream {
    let expanded = expand_workflow(TokenStream::new(), source.parse().expect("tokens"));
    assert!(!expanded.to_string().contains("compile_error"), "refused: {source}");
    expanded
}

fn tokens(stream: TokenStream) -> usize {
    stream
        .into_iter()
        .map(|token| match token {
            TokenTree::Group(group) => 1 + tokens(group.stream()),
            _ => 1,
        })
        .sum()
}

fn with_awaits(count: usize) -> String {
    let mut body = String::new();
    for at in 0..count {
        writeln!(body, "#[at(Step{at})] let x = fetch(x, n).await?;").expect("text");
    }
    format!("async fn large(n: u64) -> Result<u64, Error> {{ let x = n; {body} Ok(x) }}")
}

#[test]
fn code_grows_with_the_number_of_awaits_and_no_faster() {
    let [some, many] = [100, 300].map(|count| tokens(expand(&with_awaits(count))));
    assert!(many < some * 31 / 10, "{some} tokens for 100 awaits, {many} for 300");
}

#[test]
fn an_unsafe_block_around_one_await_is_opened() {
    expand(
        "async fn odd(n: u64) -> u64 { let x = unsafe { fetch(n).await } as u8; -(unsafe { other(x).await }) }",
    );
}

#[test]
fn deep_nesting_is_no_trouble() {
    let (mut open, mut close) = (String::new(), String::new());
    for depth in 0..40 {
        write!(open, "if n > {depth} {{ #[at(At{depth})] fetch(n).await; ").expect("text");
        close.push('}');
    }
    expand(&format!("async fn deep(n: u64) {{ {open} {close} }}"));
}
