//! What the fuzz targets share: bytes to tokens, programs to mutate, and what must hold for any input.

mod edits;
mod flat;
mod orders;
mod programs;
mod read_back;

pub use edits::edited;
pub use flat::stream;
pub use orders::{EarlierOrder, Ledger, Order, blobs, lock_text, orders, points};
pub use programs::mutated;
pub use read_back::{check_point, check_schema, check_texts};

/// Generated code names the facade, whose root is durable-core's.
extern crate durable_core as durable;

use proc_macro2::{TokenStream, TokenTree};

/// Whatever comes in: no panic, no loop without end, no error that is the compiler's own, and what comes out without an error
/// is Rust.
pub fn check(arguments: TokenStream, item: TokenStream) {
    let expanded = durable_compiler::expand_workflow(arguments.clone(), item.clone());
    let blames_itself = |token: &TokenTree| matches!(token, TokenTree::Literal(text) if text.to_string().contains("[DUR099]"));
    assert!(
        !any(expanded.clone(), &blames_itself),
        "a mistake of the compiler's own in `{item}`: {expanded}"
    );
    let is_error = |token: &TokenTree| matches!(token, TokenTree::Ident(ident) if ident == "compile_error");
    if !any(expanded.clone(), &is_error) {
        if let Err(error) = syn::parse2::<syn::File>(expanded.clone()) {
            panic!("the expansion of `{item}` is not Rust: {error}\n{expanded}");
        }
        let picture = durable_compiler::picture(arguments.clone(), item.clone());
        let picture = picture.unwrap_or_else(|error| panic!("`{item}` has no picture: {error}"));
        assert!(picture.to_mermaid().starts_with("flowchart") && picture.to_dot().ends_with("}\n"));
    }
    durable_compiler::expand_step(arguments, item);
}

fn any(tokens: TokenStream, found: &impl Fn(&TokenTree) -> bool) -> bool {
    tokens.into_iter().any(|token| match &token {
        TokenTree::Group(group) => any(group.stream(), found),
        token => found(token),
    })
}
