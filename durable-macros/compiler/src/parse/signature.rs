//! What a workflow's signature cannot be.

use crate::{
    diagnostic::{Code, Diagnostics},
    graph::plain_name,
    owner::Owner,
    source,
};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{
    FnArg, GenericParam, Pat, Receiver, ReceiverKind, ReturnType, Safety, Signature, Type, WherePredicate,
    parse_quote,
    visit::{self, Visit},
};

/// Reports all of it. Whether items can be made for the function nevertheless.
pub(super) fn check(sig: &Signature, owner: Option<&Owner>, diagnostics: &Diagnostics) -> bool {
    let check = Check { diagnostics };
    check.qualifiers(sig);
    let mut expandable = true;
    if owner.is_none() && sig.receiver().is_none() && mentions_self(sig.to_token_stream()) {
        check.outside_of_block(&sig.ident);
        return false;
    }
    for input in &sig.inputs {
        expandable &= match input {
            FnArg::Receiver(receiver) => check.receiver(receiver, owner),
            FnArg::Typed(typed) => check.parameter(&typed.pat, &typed.ty),
        };
    }
    expandable &= check.bounds(sig);
    if let ReturnType::Type(_, ty) = &sig.output {
        expandable &= check.output(ty);
    }
    expandable
}

/// What a receiver by reference refers to, as it is written.
fn borrowed_self(receiver: &Receiver) -> Option<Type> {
    match &receiver.kind {
        ReceiverKind::Reference(..) => Some(parse_quote!(Self)),
        ReceiverKind::Typed(_, ty) => match &**ty {
            Type::Reference(reference) => Some((*reference.elem).clone()),
            _ => None,
        },
        _ => None,
    }
}

struct Check<'a> {
    diagnostics: &'a Diagnostics,
}

impl Check<'_> {
    fn refuse(&self, tokens: &(impl ToTokens + ?Sized), message: impl std::fmt::Display, help: &str) {
        self.diagnostics.error_at_with_help(Code::Signature, tokens, message, help);
    }

    fn qualifiers(&self, sig: &Signature) {
        if sig.asyncness.is_none() {
            self.diagnostics.error_with_help(
                Code::NotAsync,
                sig.fn_token.span,
                format!("the workflow `{}` is not `async`, so it has no await points to save", sig.ident),
                format!("write `async fn {}`", sig.ident),
            );
        }
        if let Some(constness) = &sig.constness {
            self.refuse(constness, "a workflow cannot be `const`", "remove `const`");
        }
        if let Safety::Unsafe(unsafety) = &sig.safety {
            self.refuse(unsafety, "a workflow cannot be `unsafe`", "remove `unsafe`");
        }
        if let Some(abi) = &sig.abi {
            self.refuse(abi, "a workflow cannot be `extern`", "remove the ABI");
        }
    }

    fn outside_of_block(&self, tokens: &impl ToTokens) {
        self.refuse(
            tokens,
            "a method is a workflow only if its `impl` block says so: the types of a workflow cannot stand inside of an `impl`",
            "write `#[workflows]` before the `impl` block, and keep `#[workflow]` here",
        );
    }

    fn receiver(&self, receiver: &Receiver, owner: Option<&Owner>) -> bool {
        if owner.is_none() {
            self.outside_of_block(receiver);
            return false;
        }
        let exclusive = match &receiver.kind {
            ReceiverKind::Reference(_, _, mutability) => mutability.is_some(),
            ReceiverKind::Typed(_, ty) => {
                matches!(&**ty, Type::Reference(reference) if reference.mutability.is_some())
            }
            _ => false,
        };
        if exclusive {
            self.diagnostics.error_at_with_help(
                Code::MutParameter,
                receiver,
                "the workflow takes `self` by `&mut`, and what it changes there would not be saved",
                "take `&self`, which the worker supplies, and put the change behind a method of it",
            );
            return false;
        }
        let shared = borrowed_self(receiver).is_some_and(|ty| is_self_type(&ty, owner));
        if !shared {
            self.refuse(
                receiver,
                "a workflow takes its object as `&self`: the worker supplies it, and it is not saved",
                "take `&self`, and what shall be saved as a parameter by value",
            );
        }
        shared
    }

    fn parameter(&self, pat: &Pat, ty: &Type) -> bool {
        let name = match pat {
            Pat::Ident(pat) => format!("`{}`", plain_name(&pat.ident)),
            other => format!("`{}`", quote!(#other)),
        };
        let Type::Reference(reference) = ungrouped(ty) else {
            if let Some(found) = borrowed(ty) {
                self.refuse(
                    &found,
                    format!("the input {name} is saved, so it cannot borrow"),
                    "take an owned value: `String` for `&str`, `Vec<T>` for `&[T]`, a `T` for a `&T`",
                );
                return false;
            }
            return true;
        };
        if reference.mutability.is_some() {
            self.diagnostics.error_at_with_help(
                Code::MutParameter,
                ty,
                format!("the workflow takes {name} by `&mut`, and what it changes there would not be saved"),
                format!(
                    "take it by value, as an input, which is saved: `mut {}: {}`; or by `&`, as a resource, which the worker supplies",
                    name.trim_matches('`'),
                    source::text(reference.elem.to_token_stream())
                ),
            );
            return false;
        }
        let owned = |owned_type: String| {
            self.refuse(
                ty,
                format!("{name} is taken by reference, so it would be a resource, which the worker supplies by its type: it has one of each"),
                &format!("take it by value, as an input: `{}: {owned_type}`; or give the resource a type of its own", name.trim_matches('`')),
            );
            true
        };
        match ungrouped(&reference.elem) {
            Type::Slice(slice) => owned(format!("Vec<{}>", source::text(slice.elem.to_token_stream()))),
            Type::Path(path) if path.path.is_ident("str") => owned("String".to_owned()),
            elem => match borrowed(elem) {
                Some(found) => {
                    self.refuse(
                        &found,
                        format!(
                            "the resource {name} borrows, and workflows outlive what it could borrow from"
                        ),
                        "give the resource what it needs owned or shared, such as in an `Arc`",
                    );
                    false
                }
                None => true,
            },
        }
    }

    fn bounds(&self, sig: &Signature) -> bool {
        let mut fine = true;
        let types = sig.generics.params.iter().filter(|param| !matches!(param, GenericParam::Lifetime(_)));
        let predicates = sig.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
        let predicates = predicates.filter(|predicate| matches!(predicate, WherePredicate::Type(_)));
        let mut find = Borrowed::default();
        types.for_each(|param| find.visit_generic_param(param));
        predicates.for_each(|predicate| find.visit_where_predicate(predicate));
        if let Some(found) = find.found {
            self.refuse(
                &found,
                "the type parameters of a workflow live longer than any borrow, so their bounds cannot name a lifetime",
                "write `for<'a>` if it holds for every lifetime, or `'static`",
            );
            fine = false;
        }
        fine
    }

    fn output(&self, ty: &Type) -> bool {
        if let Type::ImplTrait(_) = ty {
            self.refuse(
                ty,
                "a workflow cannot return `impl Trait`: its output is saved, so its type must have a name",
                "name the type",
            );
            return false;
        }
        if let Type::Never(_) = ty {
            self.refuse(
                ty,
                "a workflow cannot return `!`: that is no type of a value yet",
                "return `std::convert::Infallible`, or nothing",
            );
            return false;
        }
        if let Some(found) = borrowed(ty) {
            self.refuse(
                &found,
                "the output of a workflow is saved, so it cannot borrow",
                "return an owned value: `String` for `&str`, `Vec<T>` for `&[T]`, a `T` for a `&T`",
            );
            return false;
        }
        true
    }
}

fn is_self_type(ty: &Type, owner: Option<&Owner>) -> bool {
    *ty == parse_quote!(Self) || owner.is_some_and(|owner| owner.ty == *ty)
}

/// A type that came whole from a macro, or stands in parentheses, is that type.
pub(crate) fn ungrouped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungrouped(&group.elem),
        Type::Paren(paren) => ungrouped(&paren.elem),
        ty => ty,
    }
}

/// The first reference or lifetime of a type, if it is not `'static`.
pub(crate) fn borrowed(ty: &Type) -> Option<TokenStream> {
    let mut find = Borrowed::default();
    find.visit_type(ty);
    find.found
}

#[derive(Default)]
struct Borrowed {
    found: Option<TokenStream>,
    /// Declared by a `for<'a>` around.
    declared: Vec<syn::Ident>,
}

impl Borrowed {
    fn declaring(&mut self, lifetimes: Option<&syn::BoundLifetimes>, body: impl FnOnce(&mut Self)) {
        let depth = self.declared.len();
        for param in lifetimes.iter().flat_map(|lifetimes| &lifetimes.lifetimes) {
            if let GenericParam::Lifetime(param) = param {
                self.declared.push(param.lifetime.ident.clone());
            }
        }
        body(self);
        self.declared.truncate(depth);
    }
}

impl<'ast> Visit<'ast> for Borrowed {
    fn visit_type_reference(&mut self, reference: &'ast syn::TypeReference) {
        if reference.lifetime.is_none() {
            self.found.get_or_insert_with(|| reference.to_token_stream());
        }
        visit::visit_type_reference(self, reference);
    }

    fn visit_lifetime(&mut self, lifetime: &'ast syn::Lifetime) {
        if lifetime.ident != "static" && !self.declared.contains(&lifetime.ident) {
            self.found.get_or_insert_with(|| lifetime.to_token_stream());
        }
    }

    fn visit_trait_bound(&mut self, bound: &'ast syn::TraitBound) {
        self.declaring(bound.lifetimes.as_ref(), |this| visit::visit_trait_bound(this, bound));
    }

    fn visit_predicate_type(&mut self, predicate: &'ast syn::PredicateType) {
        self.declaring(predicate.lifetimes.as_ref(), |this| visit::visit_predicate_type(this, predicate));
    }

    // What a function takes and gives is for every lifetime.
    fn visit_type_fn_ptr(&mut self, _: &'ast syn::TypeFnPtr) {}
    fn visit_parenthesized_generic_arguments(&mut self, _: &'ast syn::ParenthesizedGenericArguments) {}
    fn visit_bound_lifetimes(&mut self, _: &'ast syn::BoundLifetimes) {}
}

/// Whether `Self` stands in the tokens.
fn mentions_self(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        proc_macro2::TokenTree::Ident(ident) => ident == "Self",
        proc_macro2::TokenTree::Group(group) => mentions_self(group.stream()),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lives_shorter_than_the_process_is_a_borrow() {
        let is = |ty: Type| borrowed(&ty).is_some();
        assert!(is(parse_quote!(Vec<&str>)));
        assert!(is(parse_quote!(Cow<'_, str>)));
        assert!(is(parse_quote!(Shop<'a>)));
        assert!(!is(parse_quote!(Cow<'static, str>)));
        assert!(!is(parse_quote!(dyn for<'a> Hook<'a> + Send)));
        assert!(!is(parse_quote!((fn(&u8) -> &u8, Box<dyn Fn(&u8)>))));
    }
}
