//! The `impl` block around a workflow that is a method: what `Self` is, and what becomes of `self`.
//!
//! The plain copy and the drive function of a method stand in an `impl` of the same type, so that `Self` means there what it means
//! in the user's code. `self` is the resource of that type. The plain copy is a method and keeps it; the drive function has no
//! receiver, as it also runs without resources, to describe what is saved. So its `self` goes by another name.

use crate::{
    desugar::Desugared,
    diagnostic::{Code, Diagnostics},
    macros,
};
use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::{
    Attribute, Block, Expr, ExprLit, ExprPath, Generics, Lit, Signature, Type, parse_quote,
    visit::Visit,
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
pub fn rename_self(block: &mut Block) {
    RenameSelf.visit_block_mut(block);
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
        let parsed = macros::operands(mac).filter(|_| macros::known(mac) == Some(macros::Known::Exprs));
        let Some(mut operands) = parsed else {
            mac.tokens = renamed(std::mem::take(&mut mac.tokens));
            return;
        };
        // The name of a format's argument, `name = value`, is none of a local.
        let is_given = |operand: &Expr| matches!(operand, Expr::Assign(argument) if is_self(&argument.left));
        let given = operands.iter().any(is_given);
        for operand in &mut operands {
            match operand {
                Expr::Assign(argument) if is_self(&argument.left) => self.visit_expr_mut(&mut argument.right),
                operand => self.visit_expr_mut(operand),
            }
        }
        if let Some(text) = macros::format_operand(mac).and_then(|at| operands.get(at))
            && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = text
            && captures_self(&text.value())
            && !given
        {
            let ident = self_ident(text.span());
            operands.push(parse_quote!(self = #ident));
        }
        *mac = macros::with_operands(mac, &operands);
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

/// In tokens that nobody has parsed: the word, unless a path begins with it.
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
        other => other.clone(),
    };
    tokens.iter().enumerate().map(rename).collect()
}

fn is_self(expr: &Expr) -> bool {
    matches!(expr, Expr::Path(path) if path.path.is_ident("self"))
}

/// Whether a text, if it is that of a format, captures `self`.
fn captures_self(text: &str) -> bool {
    text.match_indices("{self").any(|(at, opened)| {
        let escaped = text[..at].chars().rev().take_while(|c| *c == '{').count() % 2 == 1;
        !escaped && text[at + opened.len()..].starts_with(['}', ':'])
    })
}

/// Refuses `"{self}"` where it may be a format's text or not: in a macro that the compiler does not know.
pub fn check_texts(desugared: &Desugared, diagnostics: &Diagnostics) {
    Texts { diagnostics }.visit_block(&desugared.body);
}

struct Texts<'a> {
    diagnostics: &'a Diagnostics,
}

impl Texts<'_> {
    fn check(&self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.check(group.stream()),
                TokenTree::Literal(literal) => {
                    if let Lit::Str(text) = Lit::new(literal)
                        && captures_self(&text.value())
                    {
                        self.diagnostics.error_at_with_help(
                            Code::Position,
                            &text,
                            "only the macro knows whether this `{self}` means `self`, which has another name in the code that resumes",
                            "write `{}`, and `self` as an argument after the text",
                        );
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Texts<'_> {
    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        match macros::operands(mac) {
            Some(operands) => operands.iter().for_each(|operand| self.visit_expr(operand)),
            None => self.check(mac.tokens.clone()),
        }
    }

    fn visit_item(&mut self, item: &'ast syn::Item) {
        if let syn::Item::Macro(item) = item {
            self.visit_macro(&item.mac);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(mut expr: Block) -> Block {
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
            println!("{self} {{self}} {self:?} {x} {selfish}", self.a, "{self}", y = format!("{self}"));
            println!("{self}", self = self.e);
            log!("{self}", self.b, self::c());
            vec!["{self}", self.d];
            self::helper(|| async { self.go(Self::C, this.self_like) })
        }));
        let expected: Expr = parse_quote!({
            impl X {
                fn f(&self) -> u8 {
                    self.0
                }
            }
            println!(
                "{self} {{self}} {self:?} {x} {selfish}",
                __durable_self.a,
                "{self}",
                y = format!("{self}", self = __durable_self),
                self = __durable_self
            );
            println!("{self}", self = __durable_self.e);
            log!("{self}", __durable_self.b, self::c());
            vec!["{self}", __durable_self.d];
            self::helper(|| async { __durable_self.go(Self::C, this.self_like) })
        });
        let texts = [quote!(#found), quote!(#expected)]
            .map(|tokens| tokens.to_string().replace(" ,", ",").replace(",)", ")"));
        assert_eq!(texts[0], texts[1]);
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
