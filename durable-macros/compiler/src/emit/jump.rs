//! Ways out of a block: to another one, from its end or from the middle of untouched code.

use super::{Compiled, drive::block_variant, frame::slot, made, names::Names};
use crate::{
    enclosing::Enclosing,
    graph::{BlockId, Jump},
    macros, walk,
};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{
    Expr, Lifetime, parse_quote,
    visit_mut::{self, VisitMut},
};

/// Gives back what the next block and those after it need, names the next block, and away: of type `!`, so it stands at any depth
/// of untouched code.
pub(super) fn goto(compiled: &Compiled<'_>, block: BlockId, names: &Names) -> TokenStream {
    let graph = compiled.graph;
    let (frame, leave) = (made("frame"), leave_label());
    let block = walk::forward(graph, block);
    let next = block_variant(compiled, block);
    // What cannot go along, rustc finds here: on the way to an await point, at its `.await`.
    let span = graph.blocks[block.0].point.map(|point| graph.points[point].span);
    let span = span.unwrap_or_else(Span::call_site);
    let carried = &compiled.layout.carried[block.0];
    let given = carried.iter().filter(|id| !names.is_untouched(**id)).map(|id| {
        let (slot, value) = (slot(compiled, *id), names.value(graph, *id));
        quote_spanned!(span=> #frame.#slot.put(#value);)
    });
    let dropped = names.untouched().filter(|id| graph.is_carried(*id) && !carried.contains(id)).map(|id| {
        let slot = slot(compiled, id);
        quote!(#frame.#slot.clear();)
    });
    quote_spanned!(span=> #(#dropped)* #(#given)* #frame.choose(__DurableBlock::#next); break #leave;)
}

/// The label of a block's code: to leave it is to go to the next block.
pub(super) fn leave_label() -> Lifetime {
    Lifetime::new("'__durable_leave", Span::mixed_site())
}

/// Rewrites the `break`s and `continue`s whose loops were opened.
pub(super) struct Jumps<'a> {
    pub(super) compiled: &'a Compiled<'a>,
    pub(super) names: &'a Names,
    pub(super) jumps: &'a [Jump],
    /// What was entered inside the code.
    pub(super) inside: Enclosing,
}

impl Jumps<'_> {
    fn target(&self, is_break: bool, label: Option<&syn::Lifetime>) -> Option<&Jump> {
        if self.inside.holds(label) {
            return None;
        }
        let label = label.map(|label| label.ident.to_string());
        self.jumps.iter().find(|jump| jump.key.is_break == is_break && jump.key.label == label)
    }

    fn inside(&mut self, label: Option<&syn::Label>, is_loop: bool, body: impl FnOnce(&mut Self)) {
        self.inside.enter(label, is_loop);
        body(self);
        self.inside.leave();
    }
}

impl VisitMut for Jumps<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Break(jump) => {
                if let Some(value) = &mut jump.expr {
                    self.visit_expr_mut(value);
                }
                if let Some(target) = self.target(true, jump.label.as_ref()) {
                    let goto = goto(self.compiled, target.target, self.names);
                    let value = match (target.value, &jump.expr) {
                        (Some(id), value) => {
                            let ident = &self.compiled.graph.binding(id).ident;
                            let value = value.as_ref().map_or(quote!(()), |value| quote!(#value));
                            quote!(let #ident = #value;)
                        }
                        // Nothing takes the value, but it is evaluated.
                        (None, Some(value)) => quote!(let _ = #value;),
                        (None, None) => quote!(),
                    };
                    *expr = parse_quote!({ #value #goto });
                }
            }
            Expr::Continue(jump) => {
                if let Some(target) = self.target(false, jump.label.as_ref()) {
                    let goto = goto(self.compiled, target.target, self.names);
                    *expr = parse_quote!({ #goto });
                }
            }
            Expr::Loop(repeat) => {
                let label = repeat.label.clone();
                self.inside(label.as_ref(), true, |this| visit_mut::visit_expr_loop_mut(this, repeat));
            }
            Expr::While(repeat) => {
                let label = repeat.label.clone();
                self.inside(label.as_ref(), true, |this| visit_mut::visit_expr_while_mut(this, repeat));
            }
            Expr::ForLoop(repeat) => {
                self.visit_expr_mut(&mut repeat.expr);
                let label = repeat.label.clone();
                self.inside(label.as_ref(), true, |this| this.visit_block_mut(&mut repeat.body));
            }
            Expr::Block(block) if block.label.is_some() => {
                let label = block.label.clone();
                self.inside(label.as_ref(), false, |this| this.visit_block_mut(&mut block.block));
            }
            Expr::Closure(_) | Expr::Async(_) => {}
            other => visit_mut::visit_expr_mut(self, other),
        }
    }

    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        let Some(before) = macros::operands(mac) else { return };
        let mut operands = before.clone();
        for operand in &mut operands {
            match operand {
                // A format's `name = value`.
                Expr::Assign(named) => self.visit_expr_mut(&mut named.right),
                operand => self.visit_expr_mut(operand),
            }
        }
        // One without such jumps keeps its tokens as they are.
        if operands != before {
            *mac = macros::with_operands(mac, &operands);
        }
    }

    fn visit_item_mut(&mut self, _: &mut syn::Item) {}
}
