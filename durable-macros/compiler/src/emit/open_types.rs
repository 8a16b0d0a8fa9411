//! Locals whose type only an assignment in another block fixes.
//!
//! `let mut found = None; search().await; found = Some(1);` saves no `found` at the await, as nobody reads what it was. So no
//! payload ties the two blocks' variables together, and rustc could not tell the type of the first. A function pointer that
//! never exists does: `let make = None::<fn() -> _>`, and in both blocks `if let Some(make) = make { found = make(); }`.

use super::{drive::reached, made};
use crate::{
    emit::Compiled,
    graph::{BindingId, Bindings, Graph, Op},
    macros,
    walk::assignments,
};
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Expr, Stmt};

/// The locals that begin as a value without a type of its own and are assigned in blocks that do not carry them. Values made
/// of nothing borrow nothing, so that the tie ties no lifetimes.
pub(super) fn open_types(compiled: &Compiled<'_>) -> Bindings {
    let graph = compiled.graph;
    let (mut begun, mut assigned_elsewhere) = (Bindings::new(), Bindings::new());
    for block in reached(compiled) {
        let (mut assigned, mut declared) = (Bindings::new(), Bindings::new());
        assignments(graph, graph.blocks[block.0].root, &mut assigned, &mut declared);
        begun.extend(declared.iter().filter(|id| begins_open(graph, **id)));
        let carried = &compiled.layout.carried[block.0];
        assigned_elsewhere
            .extend(assigned.into_iter().filter(|id| !declared.contains(id) && !carried.contains(id)));
    }
    begun.intersection(&assigned_elsewhere).copied().collect()
}

/// What ties the types of a local's variables together.
pub(super) fn open_type_ident(id: BindingId) -> Ident {
    made(&format!("type_{}", id.0))
}

/// Ties a variable's type to that of the others.
pub(super) fn tie(id: BindingId, ident: &Ident) -> TokenStream {
    let (of, make) = (open_type_ident(id), made("make"));
    quote!(if let __durable::Some(#make) = #of { #ident = #make(); })
}

fn begins_open(graph: &Graph, id: BindingId) -> bool {
    let binding = graph.binding(id);
    binding.mutable
        && binding.annotation.is_none()
        && graph.seqs.iter().flat_map(|seq| &seq.ops).any(|op| {
            let Op::Stmt { stmt: Stmt::Local(local), defs, .. } = op else { return false };
            defs[..] == [id] && local.init.as_ref().is_some_and(|init| is_open(&init.expr))
        })
}

/// `None`, `Vec::new()`, `vec![]`: values of nothing.
fn is_open(expr: &Expr) -> bool {
    match expr {
        Expr::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == "None"),
        Expr::Call(call) => call.args.is_empty() && matches!(&*call.func, Expr::Path(_)),
        Expr::Array(array) => array.elems.is_empty(),
        Expr::Macro(mac) => macros::last_segment(&mac.mac) == "vec" && mac.mac.tokens.is_empty(),
        Expr::Paren(paren) => is_open(&paren.expr),
        _ => false,
    }
}
