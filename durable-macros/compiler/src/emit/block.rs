//! The code of one block.
//!
//! An await block is exactly: encode, take borrows again, evaluate, await; then the user's statements. With a borrow taken
//! before the encoding, the encoding would conflict with it.

use super::{
    Compiled,
    drive::block_variant,
    frame::slot,
    jump::{Jumps, leave_label},
    made,
    names::Names,
    scope::{Scope, defs_of},
    whole::taken_apart,
};
use crate::{
    desugar::StripAt,
    enclosing::Enclosing,
    graph::{BindingId, BindingKind, Bindings, BlockId, Effect, Graph, Op, SeqId},
    layout::Layout,
    walk::assigned_in_scope,
};
use proc_macro2::{Delimiter, Group, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Expr, Stmt, visit_mut::VisitMut};

/// Emits blocks.
pub(super) struct Blocks<'a> {
    pub(super) compiled: &'a Compiled<'a>,
    /// Locals whose type only an assignment in another block fixes.
    pub(super) open_types: Bindings,
}

impl<'a> Blocks<'a> {
    pub(super) fn new(compiled: &'a Compiled<'a>, open_types: Bindings) -> Self {
        Self { compiled, open_types }
    }

    /// One arm of the drive loop.
    pub(super) fn emit(&self, id: BlockId) -> TokenStream {
        let graph = self.graph();
        let block = &graph.blocks[id.0];
        let variant = block_variant(self.compiled, id);
        let mut names = Names::at_start(graph, id, self.layout().untouched[id.0].clone());
        let frame = made("frame");
        let carried = self.layout().carried[id.0].iter().copied();
        let taken = carried.filter(|id| !names.is_untouched(*id)).map(|local| {
            let (slot, bound) = (slot(self.compiled, local), self.binding(&names, local));
            // The types of the parameters fix those of everything made of them.
            let ty = (id.0 == 0).then(|| self.input_type(local)).flatten().map(|ty| quote!(: #ty));
            quote!(let #bound #ty = #frame.#slot.take();)
        });
        let taken: TokenStream = taken.collect();
        let hidden_resources = self.hidden_resources(id, &names);
        let saves = block.point.filter(|point| *point != 0).map(|point| quote!(#frame.save(#point);));
        let retakes = self.retakes(id, &mut names);
        let declared = self.deferred(id, &names);
        let body = self.seq(block.root, &mut names);
        let output = super::output(self.compiled.function);
        let leave = leave_label();
        let body = self.as_written(quote! {
            if let __durable::Some(result) = __durable::None::<#output> { return result; }
            // Whole.
            let #frame = #frame;
            #leave: {
                #hidden_resources
                #saves
                #taken
                #retakes
                #declared
                #body
            }
            #frame.at.leave().await
        });
        quote! {
            __DurableBlock::#variant => {
                let #frame = &mut #frame;
                __durable::boxed(#body)
            }
        }
    }

    fn input_type(&self, id: BindingId) -> Option<&syn::Type> {
        let binding = &self.graph().binding(id).ident;
        self.compiled.function.inputs().find(|param| param.ident == *binding).map(|param| &param.ty)
    }

    /// An `async` block that spans the user's function: where rustc looks from a local outwards, it comes to the function's
    /// own bounds before it comes to the loop around the blocks, and says nothing of that.
    fn as_written(&self, body: TokenStream) -> TokenStream {
        let item = &self.compiled.function.item;
        let start = item.sig.asyncness.map_or(item.sig.fn_token.span, |token| token.span);
        let mut block = Group::new(Delimiter::Brace, body);
        block.set_span(item.block.brace_token.span.join());
        quote_spanned!(start=> async #block)
    }

    pub(super) fn layout(&self) -> &'a Layout {
        self.compiled.layout
    }

    pub(super) fn graph(&self) -> &'a Graph {
        self.compiled.graph
    }

    /// A local in a pattern, under its current name.
    pub(super) fn binding(&self, names: &Names, id: BindingId) -> TokenStream {
        let ident = names.ident(self.graph(), id);
        match self.graph().binding(id).mutable {
            true => quote!(mut #ident),
            false => quote!(#ident),
        }
    }

    /// Resources whose name means something else here.
    fn hidden_resources(&self, id: BlockId, names: &Names) -> TokenStream {
        let graph = self.graph();
        let hidden = self
            .compiled
            .liveness
            .at(id)
            .iter()
            .copied()
            .filter(|id| graph.binding(*id).kind == BindingKind::Resource && names.is_parked(graph, *id));
        hidden
            .map(|id| {
                let (own, parked) = (&graph.binding(id).ident, names.ident(graph, id));
                quote!(let #parked = #own;)
            })
            .collect()
    }

    // ------------------------------------------------------------------ sequences

    pub(super) fn seq(&self, id: SeqId, names: &mut Names) -> TokenStream {
        let graph = self.graph();
        let seq = graph.seq(id);
        let after = self.compiled.liveness.after_ops(graph, id);
        // The user's scopes around the current place, innermost last. One that began in an earlier block is not among them
        // until it ends: then all before was in it.
        let mut scopes = vec![Scope::default()];
        for (at, (op, after)) in seq.ops.iter().zip(&after).enumerate() {
            match op {
                Op::Enter => scopes.push(Scope::default()),
                Op::Leave { visible } => {
                    let scope = scopes.pop().unwrap_or_default();
                    if scopes.is_empty() {
                        scopes.push(Scope::default());
                    }
                    let outer = scopes.last_mut().expect("pushed before");
                    let assigned = assigned_in_scope(graph, id, at + 1);
                    self.leave(&assigned, scope, visible, after, names, outer);
                }
                op => {
                    let scope = scopes.last_mut().expect("never empty");
                    scope.tokens.extend(self.asked_of_op(op, id, at, names));
                    let tokens = self.op(op, after, names);
                    scope.tokens.extend(tokens);
                    if let Some((pat, value, effect)) = taken_apart(op) {
                        let carried = |root| self.carried_from(id, at + 1, root);
                        scope.tokens.extend(self.asked_of_pattern(pat, value, effect, carried));
                    }
                    scope.defs.extend(defs_of(op));
                }
            }
        }
        let end = seq.end.as_ref().map(|end| self.end(end, names));
        // What did not end here stands open: the sequence ends in jumps.
        scopes.into_iter().map(|scope| scope.tokens).chain(end).collect()
    }

    fn op(&self, op: &Op, after: &Bindings, names: &mut Names) -> TokenStream {
        let graph = self.graph();
        match op {
            Op::Stmt { stmt: Stmt::Local(local), effect, defs } => {
                self.local(local, effect, defs, after, names)
            }
            Op::Stmt { stmt, effect, defs } => {
                let reaching = self.reaching(&self.hidden_by_scopes(effect), names);
                let stmt = self.rewritten(stmt, effect, names);
                defs.iter().for_each(|id| names.declare(graph, *id));
                quote!(#reaching #stmt)
            }
            Op::LetElse { pat, expr, effect, defs, otherwise } => {
                let value = self.rewritten_expr(expr, effect, names);
                let otherwise = self.seq(*otherwise, &mut names.clone());
                let reaching = self.hide(defs, effect, after, names);
                quote!(#reaching let #pat = #value else { #otherwise };)
            }
            Op::Enter | Op::Leave { .. } => quote!(),
        }
    }

    /// The user's statement, its jumps out of the block written as what they are here.
    pub(super) fn rewritten(&self, stmt: &Stmt, effect: &Effect, names: &Names) -> Stmt {
        let mut stmt = stmt.clone();
        StripAt.visit_stmt_mut(&mut stmt);
        self.rewrite_jumps(effect, names, |jumps| jumps.visit_stmt_mut(&mut stmt));
        stmt
    }

    /// Gives what rewrites the jumps of a piece of code, if it has any.
    pub(super) fn rewrite_jumps(&self, effect: &Effect, names: &Names, rewrite: impl FnOnce(&mut Jumps<'_>)) {
        if effect.jumps.is_empty() {
            return;
        }
        let mut names = names.clone();
        self.hidden_by_scopes(effect).iter().for_each(|id| names.reach(self.graph(), *id));
        let (compiled, jumps) = (self.compiled, &effect.jumps);
        rewrite(&mut Jumps { compiled, names: &names, jumps, inside: Enclosing::default() });
    }

    pub(super) fn rewritten_expr(&self, expr: &Expr, effect: &Effect, names: &Names) -> Expr {
        match self.rewritten(&Stmt::Expr(expr.clone(), None), effect, names) {
            Stmt::Expr(expr, _) => expr,
            _ => expr.clone(),
        }
    }
}
