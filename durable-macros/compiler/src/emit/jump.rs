//! Ways out of a block: to another one, from its end or from the middle of untouched code.

use super::{Compiled, drive::block_variant, made, names::Names, tuple};
use crate::{
    enclosing::Enclosing,
    graph::{BlockId, Jump},
    macros,
};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{
    Expr, parse_quote,
    visit_mut::{self, VisitMut},
};

/// `*next = Some(BLOCK(PAYLOAD))`, and away: of type `!`, so it stands at any depth of untouched code.
pub(super) fn goto(compiled: &Compiled<'_>, block: BlockId, names: &Names) -> TokenStream {
    let (cx, next) = (made("cx"), made("next"));
    let variant = block_variant(compiled, block);
    let carried = compiled.layout.carried[block.0].iter();
    let payload =
        tuple(carried.map(|id| names.value(compiled.graph, *id)).map(|value| quote!(#value)).collect());
    // What cannot go along, rustc finds here: on the way to an await point, at its `.await`.
    let span = compiled.graph.blocks[block.0].point.map(|point| compiled.graph.points[point].span);
    let span = span.unwrap_or_else(Span::call_site);
    quote_spanned!(span=> *#next = Some(__DurableBlock::#variant(#payload)); match #cx.goto().await {})
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
