//! The arms of a `match` over all variants of the state.
//!
//! Await points often have the same fields. What is to be written for these is written once, as a macro by example: rustc takes
//! such a macro apart much faster than it takes the same tokens from us.

use super::{Compiled, drive::witness_ident, private, state::field_ident};
use crate::{graph::BindingId, layout::PointLayout};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use std::collections::BTreeMap;

/// As many fields, of all variants that have the same, are written out for each of them.
const READ_IN_FULL: usize = 24;

/// The fields of an await point.
struct Fields {
    /// Their locals, where they have types.
    locals: Vec<Option<BindingId>>,
    idents: Vec<Ident>,
    /// The tuple of what reads and shows them.
    readers: TokenStream,
}

/// Await points with equal ones have the same fields.
type Key<'a> = (&'a [Option<BindingId>], &'a [Ident]);

impl Fields {
    fn of(compiled: &Compiled<'_>, layout: &PointLayout) -> Self {
        let private = private(compiled.function);
        let readers = layout.fields.iter().map(|field| match field.ty {
            Some(_) => {
                let witness = witness_ident(field.binding);
                quote!(&#witness)
            }
            None => quote!(#private::InferredField),
        });
        Self {
            locals: layout.fields.iter().map(|field| field.ty.as_ref().map(|_| field.binding)).collect(),
            idents: layout.fields.iter().map(|field| field_ident(compiled, field)).collect(),
            readers: super::tuple(readers.collect()),
        }
    }

    fn key(&self) -> Key<'_> {
        (&self.locals, &self.idents)
    }
}

/// The fields that several await points have.
struct Shared<'a> {
    fields: &'a Fields,
    /// The local that is their tuple of readers.
    readers: Ident,
    /// The macro of their arms.
    arm: Ident,
}

/// One variant, or all that have its fields: then its name and number are the macro's.
pub(super) struct Variant<'a> {
    pub(super) name: TokenStream,
    pub(super) at: TokenStream,
    pub(super) readers: TokenStream,
    pub(super) idents: &'a [Ident],
    /// Names of ours for the fields in a pattern: a field may be called like anything.
    pub(super) bound: Vec<Ident>,
}

impl<'a> Variant<'a> {
    fn new(fields: &'a Fields, readers: TokenStream, name: TokenStream, at: TokenStream) -> Self {
        let bound = (0..fields.idents.len()).map(|at| super::made(&format!("field_{at}"))).collect();
        Self { name, at, readers, idents: &fields.idents, bound }
    }

    /// What is bound, as a tuple like that of the readers.
    pub(super) fn tuple(&self) -> TokenStream {
        super::tuple(self.bound.iter().map(Ident::to_token_stream).collect())
    }
}

/// All variants of a state.
pub(super) struct Variants<'a> {
    names: Vec<&'a Ident>,
    /// Of each variant.
    fields: Vec<Fields>,
}

impl<'a> Variants<'a> {
    pub(super) fn of(compiled: &'a Compiled<'_>) -> Self {
        let fields = compiled.layout.points.iter().map(|layout| Fields::of(compiled, layout)).collect();
        Self { names: compiled.graph.points.iter().map(|point| &point.name).collect(), fields }
    }

    pub(super) fn names(&self) -> &[&'a Ident] {
        &self.names
    }

    /// What each variant's arm is to be, and what has to stand before the `match`.
    pub(super) fn arms(&self, arm: impl Fn(Variant<'_>) -> TokenStream) -> (TokenStream, Vec<TokenStream>) {
        let shared = self.shared();
        let before = shared.values().map(|Shared { fields, readers, arm: name }| {
            let tuple = &fields.readers;
            let arm = arm(Variant::new(fields, quote!(#readers), quote!($variant), quote!($at)));
            quote! {
                let #readers = #tuple;
                macro_rules! #name { ($variant:ident $at:literal) => { #arm } }
            }
        });
        let variants = self.fields.iter().zip(&self.names).enumerate();
        let arms = variants.map(|(at, (fields, name))| match shared.get(&fields.key()) {
            Some(shared) => {
                let arm = &shared.arm;
                quote!(#arm!(#name #at))
            }
            None => arm(Variant::new(fields, fields.readers.clone(), quote!(#name), quote!(#at))),
        });
        (before.collect(), arms.collect())
    }

    fn shared(&self) -> BTreeMap<Key<'_>, Shared<'_>> {
        let mut users: BTreeMap<_, Vec<&Fields>> = BTreeMap::new();
        self.fields.iter().for_each(|fields| users.entry(fields.key()).or_default().push(fields));
        let shared = users.into_iter().filter(|(_, users)| {
            // Few arms are easier to read in full.
            users.len() > 1 && users.len() * users[0].idents.len() > READ_IN_FULL
        });
        let shared = shared.enumerate().map(|(at, (key, users))| {
            let (readers, arm) =
                (super::made(&format!("fields_{at}")), super::made(&format!("variant_{at}")));
            (key, Shared { fields: users[0], readers, arm })
        });
        shared.collect()
    }
}
