//! Stage 3: the body becomes a [`Graph`].
//!
//! Code without awaits stays as it is, whole. Code with awaits is opened: statements before an await end a block, the await
//! begins the next one, and the branches of an `if`, `match` or loop that contain awaits become sequences that end in jumps.
//! An expression with several awaits is spilled: what is evaluated before its last await becomes temporaries, and the last
//! await stays in its place.

mod control;
mod declare;
mod expr;
mod iterate;
mod lend;
mod made;
mod operand;
mod owned;
mod written;

pub(crate) use expr::{is_compound, is_lazy};
pub(crate) use lend::LITERALS;

use crate::{
    desugar::{self, Desugared},
    diagnostic::Diagnostics,
    facts::{self, Facts},
    graph::{
        Binding, BindingId, BindingKind, Block, BlockId, Effect, End, Graph, Jump, JumpKey, Op, PointInfo,
        Seq, SeqId, plain_name,
    },
    parse::Function,
    types,
};
use proc_macro2::Span;
use quote::format_ident;
use std::collections::BTreeSet;
use syn::{Expr, Ident, Stmt, Token, Type, parse_quote, punctuated::Punctuated};

/// Lowers the body.
pub fn lower(function: &Function, desugared: &Desugared, diagnostics: &Diagnostics) -> Graph {
    let mut lower = Lower {
        graph: Graph::default(),
        diagnostics,
        cur: None,
        scope: Vec::new(),
        loops: Vec::new(),
        reached: BTreeSet::new(),
        local_types: types::declared_names(&desugared.items),
        keyword: None,
        unit_output: matches!(&function.output, Type::Tuple(tuple) if tuple.elems.is_empty()),
        krate: function.options.krate.clone(),
    };
    lower.start(function);
    lower.stmts(&desugared.body.stmts, &Dest::Return);
    lower.graph
}

/// Where the value of an expression goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dest {
    /// Nowhere.
    Discard,
    /// Into a temporary.
    Value(BindingId),
    /// It is the workflow's result.
    Return,
}

struct Lower<'a> {
    graph: Graph,
    diagnostics: &'a Diagnostics,
    /// Where the next statement goes; `None` where control never comes.
    cur: Option<SeqId>,
    /// What each name means here, innermost last.
    scope: Vec<(String, BindingId)>,
    /// The opened loops and labelled blocks around, innermost last.
    loops: Vec<LoopFrame>,
    /// Blocks that something jumps to.
    reached: BTreeSet<BlockId>,
    /// Types that only the body can name.
    local_types: types::DeclaredNames,
    /// What the next condition belongs to, if not to an `if`.
    keyword: Option<&'static str>,
    /// The workflow returns `()`.
    unit_output: bool,
    /// The path of the `durable` crate.
    krate: syn::Path,
}

struct LoopFrame {
    label: Option<String>,
    is_loop: bool,
    exit: BlockId,
    /// Where `continue` goes; labelled blocks have none.
    next: Option<BlockId>,
    /// Takes the value of a `break`.
    value: Option<BindingId>,
}

impl Lower<'_> {
    /// The `Start` block, with the parameters in scope.
    fn start(&mut self, function: &Function) {
        let mut patterns = Vec::new();
        for param in &function.params {
            let kind = if param.resource { BindingKind::Resource } else { BindingKind::Input };
            let id = self.bind(Binding {
                ident: param.ident.clone(),
                mutable: param.mutable,
                ty: Some(param.ty.clone()),
                annotation: None,
                kind,
            });
            if let Some(pattern) = &param.pattern {
                let ty = &param.ty;
                let ty: Type = if param.resource { parse_quote!(&#ty) } else { ty.clone() };
                patterns.push((pattern.clone(), param.ident.clone(), ty));
            }
            self.scope.push((plain_name(&param.ident), id));
        }
        let block = self.new_block(None);
        self.graph.points.push(PointInfo {
            name: Ident::new("Start", Span::call_site()),
            was: Vec::new(),
            callee: String::new(),
            operation: String::new(),
            doc: desugar::doc_text(&function.item.attrs),
            span: function.item.sig.ident.span(),
            block,
        });
        self.graph.blocks[block.0].point = Some(0);
        self.graph.order.push(block);
        self.cur = Some(self.graph.blocks[block.0].root);
        for (pattern, ident, ty) in patterns {
            self.stmt(&parse_quote!(let #pattern: #ty = #ident;));
        }
    }

    /// Statements of a block, the last of which may be its value.
    fn stmts(&mut self, stmts: &[Stmt], dest: &Dest) {
        let Some((last, before)) = stmts.split_last() else { return self.unit(dest) };
        for stmt in before {
            self.stmt(stmt);
        }
        match last {
            Stmt::Expr(tail, None) => self.into(tail, dest),
            Stmt::Macro(mac) if mac.semi_token.is_none() => {
                let tail = Expr::Macro(syn::ExprMacro { attrs: mac.attrs.clone(), mac: mac.mac.clone() });
                self.into(&tail, dest);
            }
            stmt => {
                self.stmt(stmt);
                self.unit(dest);
            }
        }
    }

    /// One statement.
    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Local(local) => self.local(local),
            Stmt::Expr(expr, semi) if facts::has_await(expr) => match expr::opens(expr) {
                true => self.into(expr, &Dest::Discard),
                false => {
                    let residual = self.expr(expr, expr::Mode::InPlace);
                    // A block-like expression stands without a semicolon.
                    let semi = semi.or(Some(Default::default()));
                    self.push(Stmt::Expr(residual, semi), Vec::new());
                }
            },
            Stmt::Macro(mac) if facts::stmt_has_await(stmt) => {
                let expr = Expr::Macro(syn::ExprMacro { attrs: mac.attrs.clone(), mac: mac.mac.clone() });
                let residual = self.expr(&expr, expr::Mode::InPlace);
                self.push(Stmt::Expr(residual, Some(Default::default())), Vec::new());
            }
            // A tail without a semicolon in the middle of a block is block-like and of type `()`.
            stmt => self.push(stmt.clone(), Vec::new()),
        }
    }

    fn local(&mut self, local: &syn::Local) {
        let Some(init) = &local.init else {
            let facts = Facts::default();
            let effect = self.effect(&facts);
            let defs = self.declare_let(&local.pat, None, false);
            return self.push_op(Op::Stmt { stmt: Stmt::Local(local.clone()), effect, defs });
        };
        let value = if !facts::has_await(&init.expr) {
            (*init.expr).clone()
        } else if expr::opens(&init.expr) {
            let value = self.temp(BindingKind::Value, declare::annotation(&local.pat));
            self.into(&init.expr, &Dest::Value(value));
            self.path(value)
        } else {
            self.expr(&init.expr, expr::Mode::InPlace)
        };
        if self.cur.is_none() {
            return;
        }
        match &init.diverge {
            Some((_, otherwise)) if facts::has_await(otherwise) => {
                let effect = self.effect(&facts::of_expr(&value));
                let (main, inner) = (self.cur, self.new_seq());
                self.cur = Some(inner);
                let depth = self.scope.len();
                self.into(otherwise, &Dest::Discard);
                self.scope.truncate(depth);
                self.end(End::Diverge);
                self.cur = main;
                let defs = self.declare_let(&local.pat, Some(&value), true);
                self.push_op(Op::LetElse {
                    pat: local.pat.clone(),
                    expr: value,
                    effect,
                    defs,
                    otherwise: inner,
                });
            }
            _ => {
                let mut stmt = local.clone();
                if let Some(init) = &mut stmt.init {
                    *init.expr = value.clone();
                }
                let stmt = Stmt::Local(stmt);
                // The names on the right are those before the `let`.
                let mut effect = self.effect(&facts::of_stmt(&stmt));
                let conditional = local.attrs.iter().any(facts::is_conditional);
                if conditional {
                    // Where it is not there, its names mean what they meant before.
                    let names = facts::pattern_names(&local.pat);
                    for outer in names.iter().filter_map(|name| self.lookup(&plain_name(&name.ident))) {
                        effect.uses.insert(outer);
                        effect.exposed.insert(outer);
                    }
                    effect.kills.clear();
                }
                let defs = self.declare_let(&local.pat, Some(&value), init.diverge.is_some());
                if conditional {
                    self.graph.conditional.extend(&defs);
                }
                self.push_op(Op::Stmt { stmt, effect, defs });
            }
        }
    }

    /// An expression whose value goes to `dest`.
    fn into(&mut self, expr: &Expr, dest: &Dest) {
        if self.cur.is_none() {
            return;
        }
        if !facts::has_await(expr) {
            return self.deliver(expr.clone(), dest);
        }
        if expr::opens(expr) {
            return self.control(expr, dest);
        }
        match expr {
            Expr::Paren(paren) => self.into(&paren.expr, dest),
            Expr::Group(group) => self.into(&group.expr, dest),
            Expr::Return(jump) => match &jump.expr {
                Some(value) => self.into(value, &Dest::Return),
                None => self.deliver(expr.clone(), dest),
            },
            Expr::Break(jump) => self.break_with_awaits(jump, dest),
            other => {
                let residual = self.expr(other, expr::Mode::InPlace);
                self.deliver(residual, dest);
            }
        }
    }

    /// Gives a value without further awaits to its destination.
    fn deliver(&mut self, expr: Expr, dest: &Dest) {
        if self.cur.is_none() {
            return;
        }
        if facts::diverges(&expr) {
            self.push(Stmt::Expr(expr, Some(Default::default())), Vec::new());
            return self.end(End::Diverge);
        }
        match *dest {
            Dest::Discard if matches!(&expr, Expr::Tuple(unit) if unit.elems.is_empty()) => {}
            Dest::Discard => self.push(Stmt::Expr(expr, Some(Default::default())), Vec::new()),
            Dest::Value(value) => {
                let ident = self.graph.binding(value).ident.clone();
                let stmt = made::let_mut(&ident, self.graph.binding(value).annotation.as_ref(), expr);
                self.push(stmt, vec![value]);
            }
            Dest::Return => {
                let effect = self.effect(&facts::of_expr(&expr));
                self.end(End::Return { value: expr, effect });
            }
        }
    }

    /// The value of a block without a tail: `()`, unless its last statement never comes back, which only rustc may know. So
    /// the last statement goes into the value: `{ bail!(..); }` is of any type.
    fn unit(&mut self, dest: &Dest) {
        let Some(cur) = self.cur else { return };
        if *dest == Dest::Discard || (*dest == Dest::Return && self.unit_output) {
            return self.deliver(parse_quote!(()), dest);
        }
        let ops = &mut self.graph.seqs[cur.0].ops;
        let wraps = matches!(
            ops.last(),
            Some(Op::Stmt { stmt: Stmt::Expr(..) | Stmt::Macro(_), defs, .. }) if defs.is_empty()
        );
        if !wraps {
            return self.deliver(parse_quote!(()), dest);
        }
        let Some(Op::Stmt { stmt, .. }) = ops.pop() else { return };
        self.deliver(made::block(stmt), dest);
    }

    // ------------------------------------------------------------------ sequences and blocks

    fn new_seq(&mut self) -> SeqId {
        self.graph.seqs.push(Seq::default());
        SeqId(self.graph.seqs.len() - 1)
    }

    fn new_block(&mut self, point: Option<usize>) -> BlockId {
        let root = self.new_seq();
        self.graph.blocks.push(Block { point, root, scope: self.scope.clone() });
        BlockId(self.graph.blocks.len() - 1)
    }

    fn end(&mut self, end: End) {
        if let Some(cur) = self.cur.take() {
            self.graph.seqs[cur.0].end = Some(end);
        }
    }

    fn goto(&mut self, block: BlockId) {
        if self.cur.is_some() {
            self.reached.insert(block);
            self.end(End::Goto(block));
        }
    }

    /// Goes on at a block, if anything leads there.
    fn enter(&mut self, block: BlockId) {
        self.cur = self.reached.contains(&block).then_some(self.graph.blocks[block.0].root);
        if self.cur.is_some() {
            self.graph.order.push(block);
        }
    }

    fn push(&mut self, stmt: Stmt, defs: Vec<BindingId>) {
        let facts = facts::of_stmt(&stmt);
        let effect = self.effect(&facts);
        let diverges = matches!(&stmt, Stmt::Expr(expr, _) if facts::diverges(expr))
            || matches!(&stmt, Stmt::Macro(mac) if crate::macros::diverges(&mac.mac)
                && !mac.attrs.iter().any(facts::is_conditional));
        self.push_op(Op::Stmt { stmt, effect, defs });
        if diverges {
            self.end(End::Diverge);
        }
    }

    fn push_op(&mut self, op: Op) {
        if let Some(cur) = self.cur {
            self.graph.seqs[cur.0].ops.push(op);
        }
    }

    /// Names to bindings, jumps to blocks.
    fn effect(&mut self, facts: &Facts) -> Effect {
        let ids =
            |names: &facts::Names| names.iter().filter_map(|name| self.lookup(name)).collect::<BTreeSet<_>>();
        let mut effect = Effect {
            uses: ids(&facts.uses),
            exposed: ids(&facts.exposed),
            kills: ids(&facts.kills),
            assigns: ids(&facts.assigns),
            jumps: Vec::new(),
        };
        for facts::WayOut { key, bound, assigned } in &facts.jumps {
            if let Some((target, value)) = self.jump_target(key) {
                let (key, bound, assigned) = (key.clone(), bound.clone(), ids(assigned));
                effect.jumps.push(Jump { key, target, value, bound, assigned });
            }
        }
        self.reached.extend(effect.jumps.iter().map(|jump| jump.target));
        effect
    }

    fn jump_target(&self, key: &JumpKey) -> Option<(BlockId, Option<BindingId>)> {
        let frame = self.loops.iter().rev().find(|frame| match &key.label {
            Some(label) => frame.label.as_ref() == Some(label),
            None => frame.is_loop,
        })?;
        if key.is_break { Some((frame.exit, frame.value)) } else { frame.next.map(|next| (next, None)) }
    }

    // ------------------------------------------------------------------ bindings and scopes

    fn bind(&mut self, binding: Binding) -> BindingId {
        self.graph.bindings.push(binding);
        BindingId(self.graph.bindings.len() - 1)
    }

    fn lookup(&self, name: &str) -> Option<BindingId> {
        if let Some(number) = name.strip_prefix(TEMP_PREFIX) {
            // A name that only looks like one of ours is nobody's.
            let id = number.parse().ok().map(BindingId)?;
            return self.graph.bindings.get(id.0).is_some_and(|known| known.ident == name).then_some(id);
        }
        self.scope.iter().rev().find(|(known, _)| known == name).map(|(_, id)| *id)
    }

    /// A temporary: carried like any local, but no name of the user's.
    fn temp(&mut self, kind: BindingKind, annotation: Option<Type>) -> BindingId {
        let number = self.graph.bindings.len();
        let ident = format_ident!("{TEMP_PREFIX}{number}", span = Span::mixed_site());
        let ty = annotation.as_ref().and_then(|ty| self.nameable(ty));
        self.bind(Binding { ident, mutable: true, ty, annotation, kind })
    }

    fn path(&self, id: BindingId) -> Expr {
        let ident = &self.graph.binding(id).ident;
        Expr::Path(syn::ExprPath { attrs: Vec::new(), qself: None, path: ident.clone().into() })
    }

    fn nameable(&self, ty: &Type) -> Option<Type> {
        types::nameable(ty, &self.local_types).then(|| ty.clone())
    }

    /// Code in a scope of its own; afterwards the names mean what they meant before.
    fn scoped(&mut self, body: impl FnOnce(&mut Self)) {
        let depth = self.scope.len();
        self.push_op(Op::Enter);
        body(self);
        let inner = self.scope.split_off(depth);
        let visible: Vec<_> = inner
            .iter()
            .filter_map(|(name, _)| self.lookup(name).map(|outer| (name.clone(), outer)))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        self.push_op(Op::Leave { visible });
    }
}

/// Temporaries are found by their number, not by scope.
const TEMP_PREFIX: &str = "__durable_value_";

/// `OPERAND.__durable_await(&mut __durable_frame.at).await`
///
/// It begins and ends with the user's own tokens, so that what rustc says of it, it says in the same words and place as of the
/// plain copy, and so only once.
fn at_expr(operand: Expr, awaited: &syn::ExprAwait) -> Expr {
    let frame = Ident::new("__durable_frame", Span::mixed_site());
    let base = method(operand, "__durable_await", awaited, parse_quote!(&mut #frame.at));
    Expr::Await(syn::ExprAwait { attrs: Vec::new(), base: Box::new(base), ..awaited.clone() })
}

/// A method call on what is awaited, where the `.await` stands.
pub(crate) fn method(
    receiver: Expr,
    name: &str,
    awaited: &syn::ExprAwait,
    args: Punctuated<Expr, Token![,]>,
) -> Expr {
    Expr::MethodCall(syn::ExprMethodCall {
        attrs: Vec::new(),
        receiver: Box::new(receiver),
        dot_token: awaited.dot_token,
        method: Ident::new(name, awaited.await_token.span),
        turbofish: None,
        paren_token: syn::token::Paren(awaited.await_token.span),
        args,
    })
}
