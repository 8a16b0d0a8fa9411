//! The type and const parameters of a workflow: its own, those of its `impl` block, and those that stand for an `impl Trait`.
//!
//! A generic workflow is a type with the same parameters. What they must be, beyond what the user wrote, is added to where they are
//! declared: they are part of a type that lives as long as the process, and their values move between threads.

use crate::{desugar::camel, graph::plain_name, parse::Function};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use std::collections::BTreeSet;
use syn::{
    FnArg, GenericParam, Generics, Ident, Pat, Signature, Type, WherePredicate, parse_quote,
    parse_quote_spanned,
    visit::{self, Visit},
    visit_mut::{self, VisitMut},
};

/// Every `impl Trait` of a parameter becomes a type parameter, after those that are written.
pub fn name_impl_traits(sig: &mut Signature) {
    struct Name {
        parameter: String,
        taken: BTreeSet<String>,
        made: Vec<GenericParam>,
    }
    impl VisitMut for Name {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            visit_mut::visit_type_mut(self, ty);
            let found = match ty {
                Type::ImplTrait(found) => found,
                Type::Paren(paren) if matches!(*paren.elem, Type::Path(_)) => {
                    *ty = (*paren.elem).clone();
                    return;
                }
                _ => return,
            };
            let base = camel(&format!("impl_{}", self.parameter), Span::call_site());
            let base = base.map_or("Impl".to_owned(), |base| base.to_string());
            let mut names = std::iter::once(base.clone()).chain((2..).map(|n| format!("{base}{n}")));
            let name = names.find(|name| !self.taken.contains(name)).expect("endless");
            let (ident, bounds) = (Ident::new(&name, found.impl_token.span), &found.bounds);
            self.taken.insert(name);
            self.made.push(parse_quote!(#ident: #bounds));
            *ty = parse_quote!(#ident);
        }
        fn visit_type_fn_ptr_mut(&mut self, _: &mut syn::TypeFnPtr) {}
    }
    let taken = parameters_of(&sig.generics).map(|param| plain_name(&param)).collect();
    let mut name = Name { parameter: String::new(), taken, made: Vec::new() };
    for input in &mut sig.inputs {
        if let FnArg::Typed(typed) = input {
            name.parameter = match &*typed.pat {
                Pat::Ident(pat) => plain_name(&pat.ident),
                _ => String::new(),
            };
            name.visit_type_mut(&mut typed.ty);
        }
    }
    sig.generics.params.extend(name.made);
}

/// The names of the type and const parameters.
pub fn parameters_of(generics: &Generics) -> impl Iterator<Item = Ident> {
    generics.params.iter().filter_map(|param| match param {
        GenericParam::Type(param) => Some(param.ident.clone()),
        GenericParam::Const(param) => Some(param.ident.clone()),
        GenericParam::Lifetime(_) => None,
    })
}

impl Function {
    /// Whether there are several of it.
    pub fn is_generic(&self) -> bool {
        let owner = self.owner.as_ref().map(|owner| &owner.generics);
        owner.into_iter().chain([&self.sig.generics]).any(|generics| parameters_of(generics).next().is_some())
    }

    /// Whether a type contains one of its type parameters.
    pub fn mentions_parameter(&self, ty: &Type) -> bool {
        let owner = self.owner.as_ref().map(|owner| &owner.generics);
        let types = owner.into_iter().chain([&self.sig.generics]).flat_map(Generics::type_params);
        let known = types.map(|param| plain_name(&param.ident)).collect();
        let mut found = BTreeSet::new();
        mentioned(&known, &mut found, |find| find.visit_type(ty));
        !found.is_empty()
    }

    /// All of its parameters without lifetimes, those of its `impl` block first, with all bounds.
    pub fn parameters(&self) -> Generics {
        let mut all = Generics::default();
        let owner = self.owner.as_ref().map(|owner| &owner.generics);
        for generics in owner.into_iter().chain([&self.sig.generics]) {
            let generics = without_lifetimes(generics);
            all.params.extend(generics.params);
            if let Some(clause) = generics.where_clause {
                all.make_where_clause().predicates.extend(clause.predicates);
            }
        }
        self.imply(&mut all);
        all
    }

    /// The parameters of the function itself, where those of its `impl` block are known; with all bounds on both.
    pub fn own_parameters(&self) -> Generics {
        let mut own = without_lifetimes(&self.sig.generics);
        self.imply(&mut own);
        own
    }

    /// `::<T, N>` for what is declared with its own parameters.
    pub fn turbofish(&self) -> TokenStream {
        let arguments: Vec<_> = parameters_of(&self.sig.generics).collect();
        match arguments.is_empty() {
            true => quote!(),
            false => quote!(::<#(#arguments),*>),
        }
    }

    /// The signature of the plain copy, but for its name.
    pub fn plain_signature(&self) -> Signature {
        let mut sig = self.sig.clone();
        // Reported; nothing that calls the copy should be wrong as well.
        sig.safety = syn::Safety::Default;
        self.imply(&mut sig.generics);
        sig
    }

    /// Adds the bounds that every type parameter has.
    fn imply(&self, generics: &mut Generics) {
        let krate = &self.options.krate;
        let owner = self.owner.as_ref().map(|owner| &owner.generics);
        let types: Vec<_> =
            owner.into_iter().chain([&self.sig.generics]).flat_map(Generics::type_params).collect();
        if types.is_empty() {
            return;
        }
        let clause = generics.make_where_clause();
        for param in types {
            let ident = &param.ident;
            let named =
                self.stored_name.mentions(ident).then(|| spanned(quote!(+ #krate::Named), ident.span()));
            clause.predicates.push(parse_quote_spanned! {ident.span()=>
                #ident: ::std::marker::Send + ::std::marker::Sync + 'static #named
            });
        }
    }
}

/// Tokens of ours at a place of the user's, which is where rustc then finds what is wrong.
pub(crate) fn spanned(tokens: TokenStream, span: Span) -> TokenStream {
    let at = |mut token: proc_macro2::TokenTree| {
        token.set_span(span);
        token
    };
    tokens.into_iter().map(at).collect()
}

/// The same, for where lifetimes are none of the user's.
fn without_lifetimes(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    generics.params = generics
        .params
        .into_iter()
        .filter(|param| !matches!(param, GenericParam::Lifetime(_)))
        .map(|mut param| {
            match &mut param {
                GenericParam::Type(param) => param.default = None,
                GenericParam::Const(param) => param.default = None,
                GenericParam::Lifetime(_) => {}
            }
            param
        })
        .collect();
    if let Some(clause) = &mut generics.where_clause {
        clause.predicates = std::mem::take(&mut clause.predicates)
            .into_iter()
            .filter(|predicate| matches!(predicate, WherePredicate::Type(_)))
            .collect();
    }
    generics
}

/// The part of `all` that types of these fields need, and which of it no field names.
pub fn needed_by(all: &Generics, fields: &[Type]) -> (Generics, Vec<Ident>) {
    let known: BTreeSet<String> = parameters_of(all).map(|param| plain_name(&param)).collect();
    let mut named = BTreeSet::new();
    fields.iter().for_each(|ty| mentioned(&known, &mut named, |find| find.visit_type(ty)));
    let mut needed = named.clone();
    let predicates: Vec<&WherePredicate> =
        all.where_clause.iter().flat_map(|clause| &clause.predicates).collect();
    // A bound may speak of further parameters, whose bounds speak of others.
    loop {
        let before = needed.len();
        for param in
            all.type_params().filter(|param| needed.contains(&plain_name(&param.ident))).collect::<Vec<_>>()
        {
            let mut found = BTreeSet::new();
            mentioned(&known, &mut found, |find| find.visit_type_param(param));
            needed.extend(found);
        }
        for predicate in &predicates {
            if bounds_needed(predicate, &known, &needed) {
                let mut found = BTreeSet::new();
                mentioned(&known, &mut found, |find| find.visit_where_predicate(predicate));
                needed.extend(found);
            }
        }
        if needed.len() == before {
            break;
        }
    }
    let keep = |param: &GenericParam| match param {
        GenericParam::Type(param) => needed.contains(&plain_name(&param.ident)),
        GenericParam::Const(param) => needed.contains(&plain_name(&param.ident)),
        GenericParam::Lifetime(_) => false,
    };
    let mut generics = Generics {
        params: all.params.iter().filter(|param| keep(param)).cloned().collect(),
        ..Generics::default()
    };
    let kept: Vec<_> = predicates
        .into_iter()
        .filter(|predicate| bounds_needed(predicate, &known, &needed))
        .cloned()
        .collect();
    if !kept.is_empty() {
        generics.make_where_clause().predicates.extend(kept);
    }
    let unnamed = generics.type_params().map(|param| param.ident.clone());
    let unnamed = unnamed.filter(|ident| !named.contains(&plain_name(ident))).collect();
    (generics, unnamed)
}

/// Whether what a predicate bounds is there.
fn bounds_needed(predicate: &WherePredicate, known: &BTreeSet<String>, needed: &BTreeSet<String>) -> bool {
    let WherePredicate::Type(predicate) = predicate else { return false };
    let mut bounded = BTreeSet::new();
    mentioned(known, &mut bounded, |find| find.visit_type(&predicate.bounded_ty));
    !bounded.is_empty() && bounded.is_subset(needed)
}

/// Which of the known parameters some code names.
fn mentioned(known: &BTreeSet<String>, found: &mut BTreeSet<String>, visit: impl FnOnce(&mut Mentioned<'_>)) {
    visit(&mut Mentioned { known, found });
}

struct Mentioned<'a> {
    known: &'a BTreeSet<String>,
    found: &'a mut BTreeSet<String>,
}

impl<'ast> Visit<'ast> for Mentioned<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none()
            && let Some(first) = path.segments.first()
        {
            let name = plain_name(&first.ident);
            if self.known.contains(&name) {
                self.found.insert(name);
            }
        }
        visit::visit_path(self, path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::ToTokens;

    fn text(tokens: impl ToTokens) -> String {
        tokens.to_token_stream().to_string()
    }

    #[test]
    fn each_impl_trait_becomes_a_parameter_named_after_its_own() {
        let mut sig: Signature =
            parse_quote!(fn f<ImplA>(a: &impl Pay, b: (impl Into<u8>, impl Copy), c: &(impl A + B)));
        name_impl_traits(&mut sig);
        let expected: Signature = parse_quote! {
            fn f<ImplA, ImplA2: Pay, ImplB: Into<u8>, ImplB2: Copy, ImplC: A + B>(a: &ImplA2, b: (ImplB, ImplB2), c: &ImplC)
        };
        assert_eq!(text(sig), text(expected));
    }

    #[test]
    fn a_state_has_the_parameters_its_fields_name_and_those_of_their_bounds() {
        let mut all: Generics = parse_quote!(<S: Source<Item = T>, T: Copy, U, const N: usize>);
        all.where_clause = Some(parse_quote!(where U: Copy, Vec<S>: Clone));
        let (generics, unnamed) = needed_by(&all, &[parse_quote!(Vec<S>), parse_quote!([u8; N])]);
        assert_eq!(text(&generics), "< S : Source < Item = T > , T : Copy , const N : usize >");
        assert_eq!(text(generics.where_clause), "where Vec < S > : Clone");
        assert_eq!(unnamed, ["T"]);
        let (generics, unnamed) = needed_by(&all, &[parse_quote!(T)]);
        assert_eq!((text(&generics).as_str(), unnamed.len()), ("< T : Copy >", 0));
    }
}
