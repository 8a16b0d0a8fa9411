//! How a sequence ends: in a jump, a result, or a branch.

use super::{block::Blocks, jump::goto, names::Names};
use crate::{
    desugar::{self, StripAt},
    graph::{Arm, BindingId, Bindings, End, Retake, SeqId},
};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, Pat, visit_mut::VisitMut};

impl Blocks<'_> {
    /// The end of a sequence. What a branch's pattern hides and the branch hands on stays where it is, and is reached.
    pub(super) fn end(&self, end: &End, names: &Names) -> TokenStream {
        let graph = self.graph();
        match end {
            End::Goto(block) => goto(self.compiled, *block, names),
            End::Return { value, effect } => {
                let reaching = self.reaching(&self.hidden_by_scopes(effect), names);
                let value = self.rewritten_expr(value, effect, names);
                quote!(#reaching return #value;)
            }
            End::Diverge => quote!(),
            End::If { cond, effect, defs, then, otherwise } => {
                let asked = self.asked_of_expr(cond, effect, &[*then, *otherwise], names);
                let asked_inside = match cond {
                    Expr::Let(binding) => {
                        self.asked_of_pattern(&binding.pat, &binding.expr, effect, |root| {
                            self.carried_from(*then, 0, root)
                        })
                    }
                    _ => quote!(),
                };
                let hidden = self.hidden_in(defs, *then, names);
                let reaching = self.reaching(hidden.union(&self.hidden_by_scopes(effect)), names);
                let cond = self.rewritten_expr(cond, effect, names);
                let then = self.branch(*then, defs, &hidden, names);
                let otherwise = self.branch(*otherwise, &[], &Bindings::new(), names);
                quote!(#asked #reaching if #cond { #asked_inside #then } else { #otherwise })
            }
            End::Item { borrow, defs, then, otherwise } => {
                let borrow = graph.borrow(*borrow);
                let Retake::Item { pat, place, cursor, exclusive } = &borrow.retake else { return quote!() };
                let hidden = self.hidden_in(defs, *then, names);
                let reaching = self.reaching(&hidden, names);
                let item = self.item(borrow, place, *cursor, *exclusive, names);
                let then = self.branch(*then, defs, &hidden, names);
                let otherwise = self.branch(*otherwise, &[], &Bindings::new(), names);
                quote!(#reaching if let __durable::Some(#pat) = #item { #then } else { #otherwise })
            }
            End::Match { scrutinee, effect, arms } => {
                let bodies: Vec<_> = arms.iter().map(|arm| arm.body).collect();
                let asked = self.asked_of_expr(scrutinee, effect, &bodies, names);
                let mut reached = self.hidden_by_scopes(effect);
                let mut tokens = TokenStream::new();
                for arm in arms {
                    let mut hidden = self.hidden_in(&arm.defs, arm.body, names);
                    hidden.extend(self.hidden_in_guard(arm, names));
                    let body = self.branch(arm.body, &arm.defs, &hidden, names);
                    let pat = self.rewritten_pat(arm, &hidden, names);
                    reached.extend(hidden);
                    let asked = self.asked_of_pattern(&arm.pat, scrutinee, effect, |root| {
                        self.carried_from(arm.body, 0, root)
                    });
                    let attrs = arm.attrs.iter().filter(|attr| !desugar::is_at(attr));
                    tokens.extend(quote!(#(#attrs)* #pat => { #asked #body }));
                }
                let reaching = self.reaching(&reached, names);
                let scrutinee = self.rewritten_expr(scrutinee, effect, names);
                quote!(#asked #reaching match #scrutinee { #tokens })
            }
        }
    }

    /// A branch whose pattern declares, and hides what is reached.
    fn branch(&self, seq: SeqId, defs: &[BindingId], hidden: &Bindings, names: &Names) -> TokenStream {
        self.seq(seq, &mut self.names_inside(defs, hidden, names))
    }

    fn names_inside(&self, defs: &[BindingId], hidden: &Bindings, names: &Names) -> Names {
        let mut names = names.clone();
        hidden.iter().for_each(|id| names.reach(self.graph(), *id));
        defs.iter().for_each(|id| names.declare(self.graph(), *id));
        names
    }

    /// A pattern with its guard, whose jumps out of the block are written as what they are here.
    fn rewritten_pat(&self, arm: &Arm, hidden: &Bindings, names: &Names) -> Pat {
        let mut pat = arm.pat.clone();
        StripAt.visit_pat_mut(&mut pat);
        let names = self.names_inside(&arm.defs, hidden, names);
        self.rewrite_jumps(&arm.effect, &names, |jumps| jumps.visit_pat_mut(&mut pat));
        pat
    }

    /// What jumps out of a guard carry although its pattern hides it, or a scope in it.
    fn hidden_in_guard(&self, arm: &Arm, names: &Names) -> Bindings {
        let graph = self.graph();
        let hidden: Bindings = arm.defs.iter().filter_map(|id| names.hidden_by(graph, *id)).collect();
        let carried = arm.effect.jumps.iter().flat_map(|jump| &self.layout().carried[jump.target.0]);
        let by_pattern = carried.copied().filter(|id| hidden.contains(id));
        by_pattern.chain(self.hidden_by_scopes(&arm.effect)).collect()
    }

    /// What a branch's pattern hides although the branch needs it.
    fn hidden_in(&self, defs: &[BindingId], body: SeqId, names: &Names) -> Bindings {
        let graph = self.graph();
        let alive = self.compiled.liveness.before_seq(graph, body);
        let hidden = defs.iter().filter_map(|id| names.hidden_by(graph, *id));
        hidden.filter(|id| alive.contains(id)).collect()
    }
}
