//! Locals of which a part is moved away while the rest of them is carried on: a block passes locals on whole.
//!
//! Whether a part that is used by value is moved or copied, only its type says. So the type checker is asked, where the answer
//! matters: the error is at the part, and says what to do.

use super::{block::Blocks, names::Names};
use crate::{
    facts,
    graph::{BindingId, BindingKind, Effect, End, Op, SeqId, plain_name},
    place,
};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote_spanned};
use syn::{
    Expr, Pat, PatIdent, Stmt,
    spanned::Spanned,
    visit::{self, Visit},
};

impl Blocks<'_> {
    /// The question for each part that an op uses by value.
    pub(super) fn asked_of_op(&self, op: &Op, seq: SeqId, at: usize, names: &Names) -> TokenStream {
        let (effect, found) = match op {
            Op::Stmt { stmt, effect, .. } => (effect, parts_of(|find| find.visit_stmt(stmt))),
            Op::LetElse { expr, effect, .. } => (effect, parts_of(|find| find.visit_expr(expr))),
            Op::Enter | Op::Leave { .. } => return TokenStream::new(),
        };
        self.asked(&found, effect, names, |root| self.carried_from(seq, at + 1, root))
    }

    /// The same of what a condition or a scrutinee uses.
    pub(super) fn asked_of_expr(
        &self,
        expr: &Expr,
        effect: &Effect,
        branches: &[SeqId],
        names: &Names,
    ) -> TokenStream {
        let found = parts_of(|find| find.visit_expr(expr));
        self.asked(&found, effect, names, |root| branches.iter().any(|seq| self.carried_from(*seq, 0, root)))
    }

    /// The question for each name that a pattern takes out of a part by value.
    pub(super) fn asked_of_pattern(
        &self,
        pat: &Pat,
        scrutinee: &Expr,
        effect: &Effect,
        carried: impl Fn(BindingId) -> bool,
    ) -> TokenStream {
        let whole = matches!((pat, scrutinee), (Pat::Ident(_), Expr::Path(_)));
        let Some(root) = place::root(scrutinee).filter(|_| !whole && place::is_field_path(scrutinee)) else {
            return TokenStream::new();
        };
        let root = effect.uses.iter().copied().find(|id| self.is_owner(*id, &root));
        if !root.is_some_and(carried) {
            return TokenStream::new();
        }
        facts::pattern_names(pat)
            .iter()
            .filter(|name| !name.by_ref && !name.copied)
            .map(|name| ask(&name.ident))
            .collect()
    }

    fn asked(
        &self,
        parts: &[Expr],
        effect: &Effect,
        names: &Names,
        carried: impl Fn(BindingId) -> bool,
    ) -> TokenStream {
        let graph = self.graph();
        let mut tokens = TokenStream::new();
        for part in parts {
            let Some(name) = place::root(part) else { continue };
            let root = effect.uses.iter().copied().find(|id| self.is_owner(*id, &name));
            if root.is_some_and(|root| !names.is_parked(graph, root) && carried(root)) {
                tokens.extend(ask(part));
            }
        }
        tokens
    }

    /// A local of this name that owns its parts.
    fn is_owner(&self, id: BindingId, name: &str) -> bool {
        let graph = self.graph();
        let owns = matches!(graph.binding(id).kind, BindingKind::Input | BindingKind::Local);
        owns && graph.name(id) == name
    }

    /// Whether a local goes on into another block from here, with no part of it assigned before.
    pub(super) fn carried_from(&self, seq: SeqId, from: usize, root: BindingId) -> bool {
        let graph = self.graph();
        let carried = |block: usize| self.layout().carried[block].contains(&root);
        let jumps = |effect: &Effect| effect.jumps.iter().any(|jump| carried(jump.target.0));
        let name = graph.name(root);
        let seq = graph.seq(seq);
        for op in &seq.ops[from..] {
            let (effect, facts) = match op {
                Op::Stmt { stmt, effect, .. } => (effect, facts::of_stmt(stmt)),
                Op::LetElse { expr, effect, .. } => (effect, facts::of_expr(expr)),
                Op::Enter | Op::Leave { .. } => continue,
            };
            if effect.assigns.contains(&root) || facts.changes.contains(&name) {
                return false;
            }
            let aside = matches!(op, Op::LetElse { otherwise, .. } if self.carried_from(*otherwise, 0, root));
            if aside || jumps(effect) {
                return true;
            }
        }
        match &seq.end {
            Some(End::Goto(block)) => carried(block.0),
            Some(End::If { effect, then, otherwise, .. }) => {
                jumps(effect)
                    || [*then, *otherwise].into_iter().any(|branch| self.carried_from(branch, 0, root))
            }
            Some(End::Match { effect, arms, .. }) => {
                jumps(effect) || arms.iter().any(|arm| self.carried_from(arm.body, 0, root))
            }
            Some(End::Item { then, otherwise, .. }) => {
                [*then, *otherwise].into_iter().any(|branch| self.carried_from(branch, 0, root))
            }
            Some(End::Return { .. } | End::Diverge) | None => false,
        }
    }
}

/// The question: a part that is used by value must be a copy.
fn ask(part: &(impl ToTokens + Spanned)) -> TokenStream {
    let first = part.to_token_stream().into_iter().next();
    let span = first.map_or_else(proc_macro2::Span::call_site, |token| token.span());
    quote_spanned!(span=> __durable::stays_whole(&#part);)
}

/// Fields of locals that code uses by value, where its tokens leave no doubt of that.
fn parts_of(visit: impl FnOnce(&mut Parts)) -> Vec<Expr> {
    let mut parts = Parts::default();
    visit(&mut parts);
    // A name that the code itself declares may be another local there.
    let Parts { found, own } = parts;
    found.into_iter().filter(|part| place::root(part).is_some_and(|root| !own.contains(&root))).collect()
}

#[derive(Default)]
struct Parts {
    found: Vec<Expr>,
    own: Vec<String>,
}

impl Parts {
    fn value(&mut self, expr: &Expr) {
        match expr {
            Expr::Field(_) if place::is_field_path(expr) => self.found.push(expr.clone()),
            Expr::Paren(paren) => self.value(&paren.expr),
            _ => {}
        }
    }

    fn values<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) {
        exprs.into_iter().for_each(|expr| self.value(expr));
    }
}

impl<'ast> Visit<'ast> for Parts {
    fn visit_local(&mut self, local: &'ast syn::Local) {
        if let Some(init) = &local.init
            && matches!(&local.pat, Pat::Ident(PatIdent { by_ref: None, .. }) | Pat::Type(_))
        {
            self.value(&init.expr);
        }
        if let Some(init) = &local.init {
            self.visit_expr(&init.expr);
        }
    }

    fn visit_expr(&mut self, expr: &'ast Expr) {
        match expr {
            Expr::Call(call) => self.values(&call.args),
            Expr::MethodCall(call) => self.values(&call.args),
            Expr::Struct(literal) => self.values(literal.fields.iter().map(|field| &field.expr)),
            Expr::Tuple(tuple) => self.values(&tuple.elems),
            Expr::Array(array) => self.values(&array.elems),
            Expr::Assign(assign) => self.value(&assign.right),
            // What runs on some way only may leave the block there.
            Expr::If(_) | Expr::Match(_) | Expr::While(_) | Expr::Loop(_) | Expr::ForLoop(_) => return,
            Expr::Closure(_) | Expr::Async(_) => return,
            _ => {}
        }
        visit::visit_expr(self, expr);
    }

    fn visit_pat_ident(&mut self, pat: &'ast PatIdent) {
        self.own.push(plain_name(&pat.ident));
    }

    fn visit_item(&mut self, _: &'ast syn::Item) {}
}

/// The pattern and the value of a plain `let`.
pub(super) fn taken_apart(op: &Op) -> Option<(&Pat, &Expr, &Effect)> {
    match op {
        Op::Stmt { stmt: Stmt::Local(local), effect, .. } => {
            Some((&local.pat, &*local.init.as_ref()?.expr, effect))
        }
        Op::LetElse { pat, expr, effect, .. } => Some((pat, expr, effect)),
        _ => None,
    }
}
