//! Which identifier each local has at the current place of a block.
//!
//! A user's name is never renamed in the user's code. Where an inner local of the same name hides an outer one that is still
//! needed, the outer one is parked under a name of ours, and bound again when the inner one's scope ends; or it stays where it
//! is, and a macro reaches it.

use crate::{
    graph::{BindingId, BindingKind, Bindings, Block, BlockId, Graph, plain_name},
    layout::hidden_depth,
};
use proc_macro2::Span;
use quote::format_ident;
use std::collections::BTreeMap;
use syn::{
    Expr, Ident, parse_quote,
    visit_mut::{self, VisitMut},
};

/// The names at one place.
#[derive(Debug, Clone)]
pub(super) struct Names {
    current: BTreeMap<BindingId, Ident>,
    visible: BTreeMap<String, BindingId>,
    /// Those that another of the same name hides here, and that are reached through a macro (`reach.rs`).
    reached: Bindings,
    /// What the block's code does not mention. It is no variable there.
    untouched: Bindings,
}

impl Names {
    /// At the start of a block: what its scope says, but for what it does not touch.
    pub(super) fn at_start(graph: &Graph, id: BlockId, untouched: Bindings) -> Self {
        let block: &Block = &graph.blocks[id.0];
        let visible: BTreeMap<_, _> = block.scope.iter().cloned().collect();
        let mut names = Self { current: BTreeMap::new(), visible, reached: Bindings::new(), untouched };
        for (_, binding) in &block.scope {
            let ident = match hidden_depth(graph, id, *binding) {
                0 => graph.binding(*binding).ident.clone(),
                _ => parked_ident(graph, *binding),
            };
            names.current.insert(*binding, ident);
        }
        names
    }

    /// Its identifier here.
    pub(super) fn ident(&self, graph: &Graph, id: BindingId) -> Ident {
        self.current.get(&id).cloned().unwrap_or_else(|| graph.binding(id).ident.clone())
    }

    /// What stands for it in code of ours.
    pub(super) fn value(&self, graph: &Graph, id: BindingId) -> Expr {
        match self.reached.contains(&id) {
            true => {
                let reach = reach_ident(graph, id);
                parse_quote!(#reach!())
            }
            false => {
                let ident = self.ident(graph, id);
                parse_quote!(#ident)
            }
        }
    }

    /// From here on it is hidden, and a macro reaches it, unless it goes by a name of ours.
    pub(super) fn reach(&mut self, graph: &Graph, id: BindingId) {
        if !self.is_parked(graph, id) && !self.is_untouched(id) {
            self.reached.insert(id);
        }
    }

    /// Whether code here can name it.
    pub(super) fn is_reached(&self, id: BindingId) -> bool {
        self.reached.contains(&id)
    }

    /// Whether it goes by another name here than in the user's code.
    pub(super) fn is_parked(&self, graph: &Graph, id: BindingId) -> bool {
        !self.untouched.contains(&id)
            && self.current.get(&id).is_some_and(|ident| *ident == parked_ident(graph, id))
    }

    /// Whether the block's code does not mention it.
    pub(super) fn is_untouched(&self, id: BindingId) -> bool {
        self.untouched.contains(&id)
    }

    /// What is alive and not mentioned.
    pub(super) fn untouched(&self) -> impl Iterator<Item = BindingId> {
        self.untouched.iter().copied()
    }

    /// The local that a declaration hides, if any.
    pub(super) fn hidden_by(&self, graph: &Graph, id: BindingId) -> Option<BindingId> {
        let key = scope_key(graph, id)?;
        self.visible.get(&key).copied().filter(|hidden| *hidden != id && !self.is_untouched(*hidden))
    }

    /// From here on, it is declared.
    pub(super) fn declare(&mut self, graph: &Graph, id: BindingId) {
        self.current.insert(id, graph.binding(id).ident.clone());
        if let Some(key) = scope_key(graph, id) {
            self.visible.insert(key, id);
        }
    }

    /// From here on, it goes by its parked name.
    pub(super) fn park(&mut self, graph: &Graph, id: BindingId) -> Ident {
        let ident = parked_ident(graph, id);
        self.reached.remove(&id);
        self.current.insert(id, ident.clone());
        ident
    }

    /// The user's name means this local again.
    pub(super) fn show(&mut self, key: &str, id: BindingId) {
        self.visible.insert(key.to_owned(), id);
        self.reached.remove(&id);
    }

    /// It goes by the user's name again.
    pub(super) fn unpark(&mut self, graph: &Graph, id: BindingId) {
        self.current.insert(id, graph.binding(id).ident.clone());
    }

    /// A place expression of ours in which locals that their names do not mean here are found all the same.
    pub(super) fn rename(&self, graph: &Graph, expr: &Expr, bases: &[BindingId]) -> Expr {
        struct Rename(BTreeMap<String, Expr>);
        impl VisitMut for Rename {
            fn visit_expr_mut(&mut self, expr: &mut Expr) {
                let name = match expr {
                    Expr::Path(path) => path.path.get_ident().map(plain_name),
                    _ => None,
                };
                match name.and_then(|name| self.0.get(&name)) {
                    Some(value) => *expr = value.clone(),
                    None => visit_mut::visit_expr_mut(self, expr),
                }
            }
        }
        let elsewhere = bases.iter().filter(|id| self.is_parked(graph, **id) || self.is_reached(**id));
        let mut rename = Rename(elsewhere.map(|id| (graph.name(*id), self.value(graph, *id))).collect());
        let mut expr = expr.clone();
        rename.visit_expr_mut(&mut expr);
        expr
    }
}

/// Under which key a local stands in a scope; temporaries stand in none.
fn scope_key(graph: &Graph, id: BindingId) -> Option<String> {
    match graph.binding(id).kind {
        BindingKind::Cursor => Some(format!("for {}", graph.name(id))),
        BindingKind::Result | BindingKind::Operand(_) | BindingKind::Value => None,
        _ => Some(graph.name(id)),
    }
}

/// The macro that reaches a hidden local.
pub(super) fn reach_ident(graph: &Graph, id: BindingId) -> Ident {
    format_ident!("__durable_{}_{}", graph.name(id), id.0, span = Span::mixed_site())
}

fn parked_ident(graph: &Graph, id: BindingId) -> Ident {
    format_ident!("{}_outer_{}", graph.name(id), id.0, span = Span::mixed_site())
}
