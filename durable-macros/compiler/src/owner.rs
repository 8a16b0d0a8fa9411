//! The `impl` block around a workflow that is a method: what `Self` is, and what becomes of `self`.
//!
//! The plain copy and the drive function of a method stand in an `impl` of the same type, so that `Self` means there what it means
//! in the user's code. `self` is the resource of that type. The plain copy is a method and keeps it; the drive function has no
//! receiver, as it also runs without resources, to describe what is saved. So its `self` goes by another name.

use proc_macro2::{Group, Ident, Literal, Span, TokenStream, TokenTree};
use quote::quote;
use syn::{
    Attribute, Expr, ExprPath, Generics, Lit, Signature, Type, parse_quote,
    visit_mut::{self, VisitMut},
};

/// An `impl` block.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The type.
    pub ty: Type,
    /// The parameters of the block.
    pub generics: Generics,
    /// The attributes of the block that count for what stands beside it: `#[cfg]` and lints.
    pub attrs: Vec<Attribute>,
}

impl Owner {
    /// Writes the type for `Self` in what will also stand outside of the block: the signature, and the types of locals.
    pub fn name_self(&self, sig: &mut Signature, body: &mut syn::Block) {
        let mut name = NameSelf { ty: &self.ty };
        name.visit_signature_mut(sig);
        Annotations(name).visit_block_mut(body);
    }

    /// Another `impl` of the same type around a function of ours.
    pub fn around(&self, function: TokenStream) -> TokenStream {
        let (generics, _, bounds) = self.generics.split_for_impl();
        let (ty, lints) = (&self.ty, self.attrs.iter().filter(|attr| !attr.path().is_ident("cfg")));
        quote! {
            #(#lints)*
            impl #generics #ty #bounds {
                #[doc(hidden)]
                #function
            }
        }
    }
}

struct NameSelf<'a> {
    ty: &'a Type,
}

impl VisitMut for NameSelf<'_> {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        visit_mut::visit_type_mut(self, ty);
        if let Type::Path(path) = ty
            && path.qself.is_none()
            && path.path.segments.first().is_some_and(|first| first.ident == "Self")
        {
            let owner = self.ty;
            let rest: Vec<_> = path.path.segments.iter().skip(1).collect();
            *ty = match rest.is_empty() {
                true => owner.clone(),
                false => parse_quote!(<#owner>::#(#rest)::*),
            };
        }
    }

    fn visit_expr_path_mut(&mut self, path: &mut ExprPath) {
        if path.qself.is_none() && path.path.segments.first().is_some_and(|first| first.ident == "Self") {
            let (owner, rest) = (self.ty, path.path.segments.iter().skip(1));
            *path = parse_quote!(<#owner>::#(#rest)::*);
        }
    }

    fn visit_receiver_mut(&mut self, _: &mut syn::Receiver) {}
}

/// Only the annotations of locals.
struct Annotations<'a>(NameSelf<'a>);

impl VisitMut for Annotations<'_> {
    fn visit_pat_type_mut(&mut self, typed: &mut syn::PatType) {
        self.0.visit_type_mut(&mut typed.ty);
    }
    fn visit_item_mut(&mut self, _: &mut syn::Item) {}
}

/// The name of `self` in the drive function. It is where the user's `self` was, so that it is found wherever that would be.
pub fn self_ident(span: Span) -> Ident {
    Ident::new(SELF, span)
}

const SELF: &str = "__durable_self";

/// Writes that name for `self` in code of the drive function.
pub fn rename_self(expr: &mut Expr) {
    RenameSelf.visit_expr_mut(expr);
}

struct RenameSelf;

impl VisitMut for RenameSelf {
    fn visit_expr_path_mut(&mut self, path: &mut ExprPath) {
        if path.qself.is_none() && path.path.is_ident("self") {
            let ident = &mut path.path.segments[0].ident;
            *ident = self_ident(ident.span());
        }
    }

    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        mac.tokens = renamed(std::mem::take(&mut mac.tokens));
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Verbatim(tokens) => *tokens = renamed(std::mem::take(tokens)),
            expr => visit_mut::visit_expr_mut(self, expr),
        }
    }

    // Items have a `self` of their own, unless they are macros.
    fn visit_item_mut(&mut self, item: &mut syn::Item) {
        if let syn::Item::Macro(item) = item {
            self.visit_macro_mut(&mut item.mac);
        }
    }
}

/// In tokens that nobody has parsed: the word, unless a path begins with it, and `{self}` in texts.
fn renamed(tokens: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is_punct =
        |at: usize, c: char| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == c);
    let rename = |(at, token): (usize, &TokenTree)| match token {
        TokenTree::Ident(ident) if ident == "self" && !(is_punct(at + 1, ':') && is_punct(at + 2, ':')) => {
            TokenTree::Ident(self_ident(ident.span()))
        }
        TokenTree::Group(group) => {
            let mut inner = Group::new(group.delimiter(), renamed(group.stream()));
            inner.set_span(group.span());
            TokenTree::Group(inner)
        }
        TokenTree::Literal(literal) => TokenTree::Literal(renamed_text(literal)),
        other => other.clone(),
    };
    tokens.iter().enumerate().map(rename).collect()
}

fn renamed_text(literal: &Literal) -> Literal {
    let Lit::Str(text) = Lit::new(literal.clone()) else { return literal.clone() };
    let value = text.value();
    let (mut changed, mut rest) = (String::new(), value.as_str());
    while let Some(at) = rest.find("{self") {
        let (before, after) = (&rest[..at], &rest[at + "{self".len()..]);
        let opened = before.chars().rev().take_while(|c| *c == '{').count() % 2 == 0;
        changed += before;
        changed += if opened && after.starts_with(['}', ':']) { "{__durable_self" } else { "{self" };
        rest = after;
    }
    changed += rest;
    if changed == value {
        return literal.clone();
    }
    let mut literal = Literal::string(&changed);
    literal.set_span(text.span());
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(mut expr: Expr) -> Expr {
        rename_self(&mut expr);
        expr
    }

    #[test]
    fn self_is_renamed_in_code_and_macros_but_not_in_items_and_paths() {
        let found = after(parse_quote!({
            impl X {
                fn f(&self) -> u8 {
                    self.0
                }
            }
            log!(target: "a", "{self} {{self}} {self:?} {x}", self.a, self::b());
            self::helper(|| async { self.go(Self::C, this.self_like) })
        }));
        let expected: Expr = parse_quote!({
            impl X {
                fn f(&self) -> u8 {
                    self.0
                }
            }
            log!(target: "a", "{__durable_self} {{self}} {__durable_self:?} {x}", __durable_self.a, self::b());
            self::helper(|| async { __durable_self.go(Self::C, this.self_like) })
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn the_type_stands_for_self_outside_of_the_block() {
        let owner = Owner { ty: parse_quote!(Shop<u8>), generics: Generics::default(), attrs: Vec::new() };
        let mut sig: Signature = parse_quote!(fn f(&self, other: Vec<Self>, n: [u8; Self::N]) -> Self);
        let mut body = parse_quote!({
            let x: Option<Self> = Some(Self::new());
        });
        owner.name_self(&mut sig, &mut body);
        let expected: Signature =
            parse_quote!(fn f(&self, other: Vec<Shop<u8>>, n: [u8; <Shop<u8>>::N]) -> Shop<u8>);
        assert_eq!(sig, expected);
        assert_eq!(
            body,
            parse_quote!({
                let x: Option<Shop<u8>> = Some(Self::new());
            })
        );
    }
}
