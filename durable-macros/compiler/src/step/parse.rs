//! Reads the function under `#[step]`. Its body stays tokens: a step never looks into it.

use super::boxed::Boxed;
use proc_macro2::{Group, TokenStream, TokenTree};
use syn::{
    Attribute, Error, Ident, Pat, PatIdent, ReturnType, Signature, Token, Type, Visibility, braced,
    parse::{Parse, ParseStream, Parser},
};

/// A free function, an inherent method, or a method of a trait or its impl.
pub(super) struct StepFn {
    pub(super) attrs: Vec<Attribute>,
    pub(super) vis: Visibility,
    pub(super) defaultness: Option<Token![default]>,
    pub(super) sig: Signature,
    pub(super) body: Option<Body>,
    /// The boxed future that it gives, if it is no `async fn`.
    pub(super) boxed: Option<Boxed>,
    /// What awaiting it gives.
    pub(super) output: ReturnType,
}

/// The block.
pub(super) struct Body(pub(super) TokenStream);

impl StepFn {
    pub(super) fn parse(item: TokenStream) -> syn::Result<Self> {
        let place = item.clone();
        Self::parse_item.parse2(item).map_err(|error| match syn::parse2::<syn::Item>(place.clone()) {
            Ok(syn::Item::Fn(_)) | Err(_) => error,
            Ok(_) => Error::new_spanned(place, "`#[step]` stands on an `async fn`"),
        })
    }

    fn parse_item(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let defaultness = match input.peek(Token![default]) {
            true => Some(input.parse()?),
            false => None,
        };
        let sig: Signature = input.parse()?;
        let boxed = Boxed::of(&sig.output).filter(|_| sig.asyncness.is_none());
        let output = match &boxed {
            Some(boxed) => ReturnType::Type(Default::default(), Box::new(boxed.output.clone())),
            None => sig.output.clone(),
        };
        if input.parse::<Option<Token![;]>>()?.is_some() {
            return Ok(Self { attrs, vis, defaultness, sig, body: None, boxed, output });
        }
        // As it is, the block keeps the spans of both its braces: of a mistake at its end rustc then speaks only once.
        let whole = input.fork().parse::<Group>();
        let content;
        let brace = braced!(content in input);
        // Inner attributes are legal in a function's own block only, not in the block that the body becomes.
        let inner = content.call(Attribute::parse_inner)?;
        let statements = TokenStream::parse(&content)?;
        let mut block = TokenStream::new();
        match whole {
            Ok(whole) if inner.is_empty() => block.extend([TokenTree::Group(whole)]),
            _ => brace.surround(&mut block, |within| within.extend(statements)),
        }
        for mut attr in inner {
            attr.style = syn::AttrStyle::Outer;
            attrs.push(attr);
        }
        Ok(Self { attrs, vis, defaultness, sig, body: Some(Body(block)), boxed, output })
    }
}

/// The identifier of a parameter that is just a name, `mut` or not.
pub(super) fn simple_name(pat: &Pat) -> Option<&Ident> {
    match pat {
        Pat::Ident(PatIdent { by_ref: None, subpat: None, ident, .. }) => Some(ident),
        _ => None,
    }
}

/// How a method takes `self`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Receiver {
    Value,
    Shared,
    Exclusive,
}

impl Receiver {
    pub(super) fn of(sig: &Signature) -> Option<Self> {
        let by_type = |ty: &Type| match ty {
            Type::Reference(reference) if reference.mutability.is_some() => Self::Exclusive,
            Type::Reference(_) => Self::Shared,
            _ => Self::Value,
        };
        Some(match &sig.receiver()?.kind {
            syn::ReceiverKind::Value => Self::Value,
            syn::ReceiverKind::Reference(_, _, Some(_)) => Self::Exclusive,
            syn::ReceiverKind::Reference(_, _, None) => Self::Shared,
            syn::ReceiverKind::Typed(_, ty) => by_type(ty),
            _ => Self::Value,
        })
    }
}
