//! What goes from block to block: a slot for each local that is alive between them.

use super::{
    Compiled,
    drive::reached,
    lists::{self, Lists},
};
use crate::graph::{BindingId, Bindings, Graph};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use std::collections::BTreeMap;

/// The frame of a drive function.
pub(super) struct Frame {
    /// The structs of slots.
    pub(super) items: TokenStream,
    /// What each await point saves.
    pub(super) saved: TokenStream,
    /// All slots, empty.
    pub(super) made: TokenStream,
}

/// Locals of one struct of slots. For each field of a type, rustc looks at all parameters of that type; so a large frame is one of
/// parts.
const PART_LOCALS: usize = 32;

/// The frame of a function.
pub(super) fn emit_frame(compiled: &Compiled<'_>) -> Frame {
    let graph = compiled.graph;
    let witnessed: Bindings =
        compiled.layout.points.iter().flat_map(|point| &point.fields).map(|field| field.binding).collect();
    let mut parts: BTreeMap<usize, Vec<Member>> = BTreeMap::new();
    for id in between(compiled) {
        let made = match witnessed.contains(&id) {
            true => {
                // All of it stands at the binding: that is where its bound is reported.
                let (name, span) = super::witness_of(compiled.function, graph, id);
                let witness = quote_spanned!(span=> __durable::#name());
                quote!(__durable::Slot::saved(#witness))
            }
            false => quote!(__durable::Slot::passed()),
        };
        let (field, param) = (field(graph, id), format_ident!("L{}", id.0));
        let numbers = id.0..id.0 + 1;
        parts.entry(part(graph, id).unwrap_or(0)).or_default().push(Member { field, param, numbers, made });
    }
    let whole = format_ident!("__DurableLocals");
    let (items, made) = match in_parts(graph) {
        false => slots(&whole, &parts.remove(&0).unwrap_or_default(), true),
        true => {
            let mut items = TokenStream::new();
            let members = parts.into_iter().map(|(part, members)| {
                let (item, made) = slots(&format_ident!("__DurableLocals{part}"), &members, true);
                items.extend(item);
                let numbers = part * PART_LOCALS..(part + 1) * PART_LOCALS;
                Member { field: part_field(part), param: format_ident!("P{part}"), numbers, made }
            });
            let members: Vec<_> = members.collect();
            let (item, made) = slots(&whole, &members, false);
            items.extend(item);
            (items, made)
        }
    };
    Frame { items, saved: saved(compiled), made }
}

/// The slot of a local, in the frame.
pub(super) fn slot(compiled: &Compiled<'_>, id: BindingId) -> TokenStream {
    let field = field(compiled.graph, id);
    match part(compiled.graph, id).map(part_field) {
        Some(part) => quote!(locals.#part.#field),
        None => quote!(locals.#field),
    }
}

/// A field of a struct: a slot, or a part with those of these numbers.
struct Member {
    field: Ident,
    param: Ident,
    numbers: std::ops::Range<usize>,
    made: TokenStream,
}

/// A struct of slots, or of parts, and a value of it. Each local has a type parameter: their types are inferred.
fn slots(name: &Ident, members: &[Member], are_slots: bool) -> (TokenStream, TokenStream) {
    let params = members.iter().map(|member| &member.param);
    let params = match members.is_empty() {
        true => quote!(),
        false => quote!(<#(#params),*>),
    };
    let fields = members.iter().map(|Member { field, param, .. }| match are_slots {
        true => quote!(#field: __durable::Slot<#param>),
        false => quote!(#field: #param),
    });
    let bounds =
        members.iter().filter(|_| !are_slots).map(|Member { param, .. }| quote!(#param: __durable::Slots));
    let arms = members.iter().map(|Member { field, numbers, .. }| {
        let [first, last] = [numbers.start, numbers.end - 1].map(Literal::usize_unsuffixed);
        match are_slots {
            true => quote!(#first => &mut self.#field),
            false => quote!(#first..=#last => self.#field.slot(number)),
        }
    });
    let made = members.iter().map(|Member { field, made, .. }| quote!(#field: #made));
    let items = quote! {
        struct #name #params { #(#fields),* }
        impl #params __durable::Slots for #name #params where #(#bounds),* {
            fn slot(&mut self, number: usize) -> &mut dyn __durable::AnySlot {
                match number { #(#arms,)* _ => __durable::no_slot() }
            }
        }
    };
    (items, quote!(#name { #(#made),* }))
}

/// What each await point saves, by number.
fn saved(compiled: &Compiled<'_>) -> TokenStream {
    let points = compiled.layout.points.iter();
    let points = points.map(|layout| layout.fields.iter().map(|field| Number(field.binding.0)).collect());
    let Lists { items, uses } = lists::written("SLOTS", &quote!(usize), &points.collect::<Vec<Vec<_>>>());
    quote! {
        #items
        static __DURABLE_SAVED: &[&[usize]] = &[#(#uses),*];
    }
}

/// Written without its type.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Number(usize);

impl ToTokens for Number {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        Literal::usize_unsuffixed(self.0).to_tokens(tokens);
    }
}

/// What is alive between blocks.
fn between(compiled: &Compiled<'_>) -> Bindings {
    reached(compiled).iter().flat_map(|block| &compiled.layout.carried[block.0]).copied().collect()
}

fn in_parts(graph: &Graph) -> bool {
    graph.bindings.len() > PART_LOCALS
}

fn part(graph: &Graph, id: BindingId) -> Option<usize> {
    in_parts(graph).then_some(id.0 / PART_LOCALS)
}

fn part_field(part: usize) -> Ident {
    format_ident!("part_{part}", span = Span::mixed_site())
}

/// Told apart by their numbers: locals of the same name may be alive at once.
fn field(graph: &Graph, id: BindingId) -> Ident {
    format_ident!("{}_{}", graph.name(id), id.0, span = Span::mixed_site())
}
