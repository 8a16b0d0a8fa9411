//! Locals that an inner name hides and that the code in there hands on all the same.
//!
//! A name in a macro by example means what it meant where the macro was written. So one that is written before the inner name
//! is bound reaches the local that it hides, and nothing has to be moved aside: the user's conditions and guards read it as they
//! did.

use super::{
    block::Blocks,
    names::{Names, reach_ident},
};
use crate::graph::{BindingId, Bindings, Effect};
use proc_macro2::TokenStream;
use quote::quote;

impl Blocks<'_> {
    /// The macros that reach these locals from where their names are hidden. They stand where the names still mean them.
    pub(super) fn reaching<'i>(
        &self,
        ids: impl IntoIterator<Item = &'i BindingId>,
        names: &Names,
    ) -> TokenStream {
        let graph = self.graph();
        let ids: Bindings = ids
            .into_iter()
            .copied()
            .filter(|id| !names.is_parked(graph, *id) && !names.is_reached(*id) && !names.is_untouched(*id))
            .collect();
        let reach = |id| {
            let (reach, ident) = (reach_ident(graph, id), names.ident(graph, id));
            quote!(macro_rules! #reach { () => { #ident } })
        };
        ids.into_iter().map(reach).collect()
    }

    /// What jumps out of untouched code carry from scopes whose own names hide it.
    pub(super) fn hidden_by_scopes(&self, effect: &Effect) -> Bindings {
        let graph = self.graph();
        let jumps = effect.jumps.iter().filter(|jump| !jump.bound.is_empty());
        let hidden = jumps.flat_map(|jump| {
            let carried = self.layout().carried[jump.target.0].iter().copied();
            carried.filter(|id| jump.bound.contains(&graph.name(*id)))
        });
        hidden.collect()
    }
}
