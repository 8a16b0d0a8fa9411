//! Locals where they are declared, and where one that was declared before is assigned for the first time.

use super::{block::Blocks, names::Names, open_types::tie};
use crate::{
    graph::{BindingId, Bindings, BlockId, Effect},
    walk::assignments,
};
use proc_macro2::TokenStream;
use quote::quote;
use syn::Stmt;

impl Blocks<'_> {
    /// `let`, whatever it hides.
    pub(super) fn local(
        &self,
        local: &syn::Local,
        effect: &Effect,
        defs: &[BindingId],
        after: &Bindings,
        names: &mut Names,
    ) -> TokenStream {
        let stmt = self.rewritten(&Stmt::Local(local.clone()), effect, names);
        let reaching = self.hide(defs, effect, after, names);
        if local.init.is_none() {
            // A `let x;` that is assigned only in later blocks is declared there; here rustc could not infer its type. If one
            // is alive although nothing was assigned to it, that is a mistake, of which the plain copy tells.
            let here = defs.iter().any(|id| self.is_assigned_in_block_of(*id) || after.contains(id));
            return if here { quote!(#reaching #stmt) } else { reaching };
        }
        let tied: TokenStream = defs.iter().map(|id| self.tied(*id, names)).collect();
        quote!(#reaching #stmt #tied)
    }

    /// From here on these are declared. What they hide and is needed later is reached, as is what jumps carry.
    pub(super) fn hide(
        &self,
        defs: &[BindingId],
        effect: &Effect,
        after: &Bindings,
        names: &mut Names,
    ) -> TokenStream {
        let graph = self.graph();
        let hidden = defs.iter().filter_map(|id| names.hidden_by(graph, *id));
        let hidden: Bindings = hidden.filter(|id| after.contains(id)).collect();
        let reaching = self.reaching(hidden.union(&self.hidden_by_scopes(effect)), names);
        hidden.iter().for_each(|id| names.reach(graph, *id));
        defs.iter().for_each(|id| names.declare(graph, *id));
        reaching
    }

    /// `let x;` of an earlier block whose first assignment comes in this one.
    pub(super) fn deferred(&self, id: BlockId, names: &Names) -> TokenStream {
        let graph = self.graph();
        let (mut assigned, mut declared) = (Bindings::new(), Bindings::new());
        assignments(graph, graph.blocks[id.0].root, &mut assigned, &mut declared);
        let carried = &self.compiled.layout.carried[id.0];
        assigned
            .into_iter()
            .filter(|id| !declared.contains(id) && !carried.contains(id) && graph.is_carried(*id))
            // One that is hidden here is declared where it is visible again.
            .filter(|id| !names.is_parked(graph, *id))
            .map(|id| self.declared_again(id, names))
            .collect()
    }

    pub(super) fn declared_again(&self, id: BindingId, names: &Names) -> TokenStream {
        let ident = names.ident(self.graph(), id);
        let tied = self.tied(id, names);
        match &self.graph().binding(id).annotation {
            Some(ty) => quote!(let mut #ident: #ty;),
            None => quote!(let mut #ident; #tied),
        }
    }

    /// The type of a variable is tied to those of the same local in other blocks.
    pub(super) fn tied(&self, id: BindingId, names: &Names) -> TokenStream {
        match self.open_types.contains(&id) {
            true => tie(id, &names.ident(self.graph(), id)),
            false => quote!(),
        }
    }

    /// Whether a deferred local is assigned in the block that declares it.
    fn is_assigned_in_block_of(&self, id: BindingId) -> bool {
        let graph = self.graph();
        graph.blocks.iter().any(|block| {
            let (mut assigned, mut declared) = (Bindings::new(), Bindings::new());
            assignments(graph, block.root, &mut assigned, &mut declared);
            declared.contains(&id) && assigned.contains(&id)
        })
    }
}
