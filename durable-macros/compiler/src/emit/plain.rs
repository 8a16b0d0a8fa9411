//! The plain copy: the user's function with each awaited operand wrapped, and nothing else changed.
//!
//! `in_memory()` runs it, and rustc's type errors, borrow errors and lints speak of it.

use crate::{
    desugar::{Desugared, StripAt},
    graph::plain_name,
    lower::method,
    macros,
    parse::Function,
};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{
    Block, Ident, parse_quote,
    visit_mut::{self, VisitMut},
};

/// The name of the plain copy.
pub(super) fn plain_ident(function: &Function) -> Ident {
    match &function.owner {
        None => super::made("plain"),
        // One of several in the `impl`s of its type.
        Some(_) => super::made(&format!("plain_{}", plain_name(function.ident()))),
    }
}

/// The plain copy.
pub(super) fn emit_plain(function: &Function, desugared: &Desugared) -> TokenStream {
    let mut sig = function.plain_signature();
    sig.ident = plain_ident(function);
    // An error of its own was reported; without this, rustc would repeat it for each await.
    sig.asyncness.get_or_insert_default();
    let lints = super::lints(&function.item.attrs);
    let body = plain_body(&desugared.body);
    // The macro adds bounds of its own to those that are written.
    let two_places = function.is_generic().then(|| quote!(#[allow(clippy::multiple_bound_locations)]));
    let plain = quote! {
        #(#lints)*
        #two_places
        #[inline]
        #sig #body
    };
    match &function.owner {
        None => plain,
        Some(owner) => owner.around(plain),
    }
}

fn plain_body(body: &Block) -> TokenStream {
    let mut body = body.clone();
    StripAt.visit_block_mut(&mut body);
    Wrap.visit_block_mut(&mut body);
    body.to_token_stream()
}

/// Wraps each awaited operand; closures, `async` blocks and items are their own functions.
struct Wrap;

impl VisitMut for Wrap {
    fn visit_expr_await_mut(&mut self, awaited: &mut syn::ExprAwait) {
        visit_mut::visit_expr_await_mut(self, awaited);
        // A doc comment of the await point: rustc knows none on an expression.
        awaited.attrs.retain(|attr| !attr.path().is_ident("doc"));
        let base = (*awaited.base).clone();
        *awaited.base = method(base, "__durable_await", awaited, parse_quote!(__durable::InMemory));
    }

    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        macros::edit_awaiting_operands(mac, |operand| self.visit_expr_mut(operand));
    }

    fn visit_expr_closure_mut(&mut self, _: &mut syn::ExprClosure) {}
    fn visit_expr_async_mut(&mut self, _: &mut syn::ExprAsync) {}
    fn visit_item_mut(&mut self, _: &mut syn::Item) {}
}
