//! The user's scopes: what they declare is dropped where they end, and what they hid is visible again.

use super::{block::Blocks, names::Names};
use crate::graph::{BindingId, BindingKind, Bindings, Graph, Op};
use proc_macro2::TokenStream;
use quote::quote;
use syn::Expr;

/// A scope of the user's, as far as it stands in one sequence.
#[derive(Default)]
pub(super) struct Scope {
    pub(super) tokens: TokenStream,
    /// Declared in it.
    pub(super) defs: Vec<BindingId>,
    /// Of outer scopes, bound again where an inner one ended.
    pub(super) rebound: Bindings,
}

impl Blocks<'_> {
    /// A scope of the user's ends: what it declared is dropped, as it would be in the user's code. Temporaries that are needed
    /// later leave it, and the locals it hid are visible again.
    pub(super) fn leave(
        &self,
        assigned_later: &Bindings,
        scope: Scope,
        visible: &[(String, BindingId)],
        after: &Bindings,
        names: &mut Names,
        outer: &mut Scope,
    ) {
        let graph = self.graph();
        let mut leaving: Vec<(BindingId, Expr)> = Vec::new();
        for id in &scope.defs {
            if after.contains(id) && is_temporary(graph, *id) {
                leaving.push((*id, names.value(graph, *id)));
            }
        }
        // Bound again by an inner scope, inside of what is closed now: they are the same variables outside.
        let (mut rebound, undeclared): (Vec<_>, Vec<_>) =
            scope.rebound.iter().copied().partition(|id| after.contains(id));
        leaving.extend(rebound.iter().map(|id| (*id, names.value(graph, *id))));
        let mut late = Vec::new();
        for (name, id) in visible {
            names.show(name, *id);
            // Hidden since the block began, by a local that it carries.
            if names.is_parked(graph, *id) {
                late.push(*id);
            }
        }
        // A borrow of what leaves cannot leave with it: it is taken again outside.
        leaving.retain(|(id, _)| {
            let borrow = graph.borrow_of(*id).map(|borrow| graph.borrow(borrow));
            !borrow.is_some_and(|borrow| borrow.bases.iter().any(|base| rebound.contains(base)))
        });
        let (bound, given): (Vec<_>, Vec<_>) =
            leaving.into_iter().map(|(id, given)| (self.binding(names, id), given)).unzip();
        let inner = &scope.tokens;
        outer.tokens.extend(match bound.is_empty() {
            true => quote!({ #inner }),
            false => quote!(let (#(#bound,)*) = { #inner (#(#given,)*) };),
        });
        // A borrow of what moves is taken again below.
        let moves = |id: &BindingId| rebound.contains(id) || late.contains(id);
        for id in &late {
            let borrow = graph.borrow_of(*id).map(|borrow| graph.borrow(borrow));
            match borrow.is_some_and(|borrow| borrow.bases.iter().any(moves)) {
                true => names.unpark(graph, *id),
                false => outer.tokens.extend(self.shown_again(*id, after, names)),
            }
        }
        for id in undeclared.into_iter().chain(late.iter().copied().filter(|id| !after.contains(id))) {
            if assigned_later.contains(&id) {
                outer.tokens.extend(self.declared_again(id, names));
            }
        }
        rebound.extend(late);
        outer.tokens.extend(self.retake_from(&rebound, &[], after, names));
        outer.rebound.extend(rebound);
        outer.defs.extend(scope.defs);
    }

    /// A local whose name is its own again.
    fn shown_again(&self, id: BindingId, alive: &Bindings, names: &mut Names) -> TokenStream {
        let graph = self.graph();
        if !names.is_parked(graph, id) {
            return quote!();
        }
        let parked = names.ident(graph, id);
        names.unpark(graph, id);
        if !alive.contains(&id) {
            return quote!();
        }
        let own = self.binding(names, id);
        quote!(let #own = #parked;)
    }
}

pub(super) fn defs_of(op: &Op) -> &[BindingId] {
    match op {
        Op::Stmt { defs, .. } | Op::LetElse { defs, .. } => defs,
        Op::Enter | Op::Leave { .. } => &[],
    }
}

/// Temporaries stand in no scope of the user's.
fn is_temporary(graph: &Graph, id: BindingId) -> bool {
    matches!(graph.binding(id).kind, BindingKind::Result | BindingKind::Operand(_) | BindingKind::Value)
}
