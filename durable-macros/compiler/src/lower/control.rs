//! Control flow with awaits in it: branches become sequences, loops become blocks that jump to each other.

use super::{
    Dest, LoopFrame, Lower,
    expr::{self, Mode},
    iterate, made,
    written::{written_for, written_match},
};
use crate::{
    diagnostic::Code,
    facts::{self, has_await},
    graph::{Arm, Binding, BindingId, BindingKind, BlockId, Effect, End, Op, plain_name},
    place, types,
};
use quote::format_ident;
use syn::{Block, Expr, ExprForLoop, Label, Pat, parse_quote, spanned::Spanned};

impl Lower<'_> {
    /// Control flow, its value to `dest`.
    pub(super) fn control(&mut self, expr: &Expr, dest: &Dest) {
        match expr {
            Expr::If(branch) => self.branch(branch, dest),
            Expr::Match(choice) => self.choice(choice, dest),
            Expr::Loop(repeat) => self.repeat(repeat.label.as_ref(), &repeat.body, dest),
            Expr::While(repeat) => self.repeat_while(repeat, dest),
            Expr::ForLoop(repeat) => self.repeat_for(repeat, dest),
            Expr::Block(block) if block.label.is_some() => self.labelled(block, dest),
            Expr::Block(block) => self.scoped(|this| this.stmts(&block.block.stmts, dest)),
            Expr::Binary(lazy) => self.lazy(lazy, dest),
            other => {
                self.diagnostics.error_at_with_help(
                    Code::Position,
                    other,
                    "a workflow cannot be saved in the middle of this `unsafe` block",
                    "await outside of it: `let value = unsafe { .. };` and then the `.await`; `unsafe { call().await }` alone is fine",
                );
            }
        }
    }

    /// `a && b().await` is `if a { b().await } else { false }`.
    fn lazy(&mut self, lazy: &syn::ExprBinary, dest: &Dest) {
        let (left, right) = ((*lazy.left).clone(), (*lazy.right).clone());
        let branch = match lazy.op {
            syn::BinOp::And(_) => made::if_else(left, right, parse_quote!(false)),
            _ => made::if_else(left, parse_quote!(true), right),
        };
        self.branch(&branch, dest);
    }

    fn branch(&mut self, branch: &syn::ExprIf, dest: &Dest) {
        let after = self.new_block(None);
        let otherwise = self.new_block(None);
        self.scoped_branch(|this| {
            this.condition(&branch.cond, otherwise);
            this.stmts(&branch.then_branch.stmts, dest);
            this.goto(after);
        });
        self.enter(otherwise);
        match &branch.else_branch {
            Some((_, body)) => self.into(body, dest),
            None => self.deliver(parse_quote!(()), dest),
        }
        self.goto(after);
        self.enter(after);
    }

    /// A condition: goes on where it holds, with what it binds in scope, and jumps to `otherwise` where it does not.
    fn condition(&mut self, cond: &Expr, otherwise: BlockId) {
        match cond {
            Expr::Binary(chain)
                if matches!(chain.op, syn::BinOp::And(_)) && (has_await(cond) || binds_twice(cond)) =>
            {
                self.condition(&chain.left, otherwise);
                self.condition(&chain.right, otherwise);
            }
            Expr::Paren(paren) if has_await(cond) => self.condition(&paren.expr, otherwise),
            cond => {
                let written = self.written_condition(cond);
                let cond = self.expr(cond, Mode::InPlace);
                if self.cur.is_none() {
                    return;
                }
                let effect = self.effect(&facts::of_expr(&cond));
                let mut defs = Vec::new();
                self.declare_condition(&cond, &mut defs);
                let (then, not) = (self.new_seq(), self.new_seq());
                self.write_down(written);
                self.end(End::If { cond, effect, defs, then, otherwise: not });
                self.cur = Some(not);
                self.goto(otherwise);
                self.cur = Some(then);
            }
        }
    }

    /// The names bound by the `let`s of a condition.
    fn declare_condition(&mut self, cond: &Expr, defs: &mut Vec<BindingId>) {
        match cond {
            Expr::Let(binding) => defs.extend(self.declare_matched(&binding.pat, Some(&binding.expr))),
            Expr::Binary(chain) if matches!(chain.op, syn::BinOp::And(_)) => {
                self.declare_condition(&chain.left, defs);
                self.declare_condition(&chain.right, defs);
            }
            Expr::Paren(paren) => self.declare_condition(&paren.expr, defs),
            _ => {}
        }
    }

    fn choice(&mut self, choice: &syn::ExprMatch, dest: &Dest) {
        self.refuse_guards(&choice.arms);
        let scrutinee = self.expr(&choice.expr, Mode::InPlace);
        if self.cur.is_none() {
            return;
        }
        let after = self.new_block(None);
        let effect = self.effect(&facts::of_expr(&scrutinee));
        let head = self.cur;
        let mut arms = Vec::new();
        for arm in &choice.arms {
            self.scoped_branch(|this| {
                let mut defs = this.declare_matched(&arm.pat, Some(&scrutinee));
                let effect = this.effect(&facts::of_pattern(&arm.pat));
                // What a guard binds, the arm sees; the guard itself may still read what that hides.
                if let Pat::Guard(guard) = &arm.pat {
                    this.declare_condition(&guard.guard, &mut defs);
                }
                let body = this.new_seq();
                this.cur = Some(body);
                this.into(&arm.body, dest);
                this.goto(after);
                arms.push(Arm { attrs: arm.attrs.clone(), pat: arm.pat.clone(), effect, defs, body });
            });
        }
        self.cur = head;
        self.write_down(written_match(choice));
        self.end(End::Match { scrutinee, effect, arms });
        self.enter(after);
    }

    fn labelled(&mut self, block: &syn::ExprBlock, dest: &Dest) {
        let (inner, value, after) = self.exit(dest);
        self.with_frame(block.label.as_ref(), false, after, None, value, |this| {
            this.scoped_branch(|this| {
                this.stmts(&block.block.stmts, &inner);
                this.goto(after);
            });
        });
        self.leave_by(after, value, dest);
    }

    fn repeat(&mut self, label: Option<&Label>, body: &Block, dest: &Dest) {
        let (_, value, after) = self.exit(dest);
        let head = self.new_block(None);
        self.graph.loop_heads.insert(head);
        self.goto(head);
        self.enter(head);
        self.with_frame(label, true, after, Some(head), value, |this| {
            this.scoped_branch(|this| {
                this.stmts(&body.stmts, &Dest::Discard);
                this.goto(head);
            });
        });
        self.leave_by(after, value, dest);
    }

    fn repeat_while(&mut self, repeat: &syn::ExprWhile, dest: &Dest) {
        let (head, after) = (self.new_block(None), self.new_block(None));
        self.goto(head);
        self.enter(head);
        self.with_frame(repeat.label.as_ref(), true, after, Some(head), None, |this| {
            this.scoped_branch(|this| {
                this.keyword = Some("while");
                this.condition(&repeat.cond, after);
                this.stmts(&repeat.body.stmts, &Dest::Discard);
                this.goto(head);
            });
        });
        self.enter(after);
        self.deliver(parse_quote!(()), dest);
    }

    fn repeat_for(&mut self, repeat: &ExprForLoop, dest: &Dest) {
        let collection = self.expr(&repeat.expr, Mode::InPlace);
        if self.cur.is_none() {
            return;
        }
        let depth = self.scope.len();
        let again = self.is_made_again(&collection);
        let collection = if again { self.kept_chain(&collection) } else { self.kept_temporary(collection) };
        let after = self.new_block(None);
        match self.borrowed_collection(&collection) {
            _ if again => {
                let exclusive = iterate::is_exclusive(&collection);
                self.for_borrowed(repeat, collection, exclusive, after);
            }
            Some((place, exclusive)) => self.for_borrowed(repeat, place, exclusive, after),
            None => self.for_owned(repeat, collection, after),
        }
        self.scope.truncate(depth);
        self.enter(after);
        self.deliver(parse_quote!(()), dest);
    }

    /// `for x in &temp()`: the temporary lives as long as the loop, so it is kept like a local.
    fn kept_temporary(&mut self, collection: Expr) -> Expr {
        let Expr::Reference(mut reference) = collection else { return collection };
        if !self.is_stable(&reference.expr) {
            *reference.expr = self.kept_elements(&reference.expr);
        }
        Expr::Reference(reference)
    }

    /// What a loop borrows: of an element the place stays and its index is kept, since a copy of it would be another one.
    fn kept_elements(&mut self, place: &Expr) -> Expr {
        let mut kept = place.clone();
        match &mut kept {
            Expr::Path(_) => {}
            Expr::Paren(paren) => *paren.expr = self.kept_elements(&paren.expr),
            Expr::Field(field) if place::root(place).is_some() => {
                *field.base = self.kept_elements(&field.base);
            }
            Expr::Unary(deref) if matches!(deref.op, syn::UnOp::Deref(_)) => {
                *deref.expr = self.kept_elements(&deref.expr);
            }
            Expr::Index(index) => {
                *index.expr = self.kept_elements(&index.expr);
                *index.index = self.kept_index(&index.index);
            }
            _ => return self.spill(kept, BindingKind::Value),
        }
        kept
    }

    fn kept_index(&mut self, index: &Expr) -> Expr {
        match index {
            Expr::Lit(_) => index.clone(),
            Expr::Range(range) => {
                let mut range = range.clone();
                for bound in [&mut range.start, &mut range.end].into_iter().flatten() {
                    **bound = self.kept_index(bound);
                }
                Expr::Range(range)
            }
            index if self.is_steady(index) => index.clone(),
            index => self.spill(index.clone(), BindingKind::Value),
        }
    }

    /// Over a borrowed collection: an index is saved, and the item is borrowed again.
    fn for_borrowed(&mut self, repeat: &ExprForLoop, place: Expr, exclusive: bool, after: BlockId) {
        let cursor = self.cursor(&repeat.pat, Some(parse_quote!(usize)));
        let ident = self.graph.binding(cursor).ident.clone();
        self.push(parse_quote!(let mut #ident = 0usize;), vec![cursor]);
        let (head, next) = (self.new_block(None), self.new_block(None));
        self.goto(head);
        self.enter(head);
        self.with_frame(repeat.label.as_ref(), true, after, Some(next), None, |this| {
            this.scoped_branch(|this| {
                let (borrow, defs) = this.declare_item(&repeat.pat, place, cursor, exclusive);
                let (then, not) = (this.new_seq(), this.new_seq());
                this.write_down(written_for(repeat));
                this.end(End::Item { borrow, defs, then, otherwise: not });
                this.cur = Some(not);
                this.goto(after);
                this.cur = Some(then);
                this.stmts(&repeat.body.stmts, &Dest::Discard);
                this.goto(next);
            });
        });
        self.enter(next);
        self.push_made(parse_quote!(#ident += 1;), cursor);
        self.goto(head);
    }

    /// Over an owned collection or a range: what is left of it is saved.
    fn for_owned(&mut self, repeat: &ExprForLoop, collection: Expr, after: BlockId) {
        let item = types::of_item(&collection, &|name| self.known_type(name));
        let item = item.filter(|_| matches!(*repeat.pat, Pat::Ident(_))).and_then(|ty| self.nameable(&ty));
        let looped = types::of_owned_collection(&collection, &|name| self.known_type(name));
        let krate = &self.krate;
        let place = looped.and_then(|ty| self.nameable(&ty)).map(|ty| parse_quote!(#krate::LoopPlace<#ty>));
        let cursor = self.cursor(&repeat.pat, place);
        self.graph.lent.extend(self.lent_items(&collection).map(|lent| (cursor, lent)));
        let ident = self.graph.binding(cursor).ident.clone();
        let private = format_ident!("__durable", span = expr::made());
        let place = made::call(parse_quote!(#private::into_cursor), collection);
        self.push(made::let_mut(&ident, None, place), vec![cursor]);
        let head = self.new_block(None);
        self.goto(head);
        self.enter(head);
        self.with_frame(repeat.label.as_ref(), true, after, Some(head), None, |this| {
            this.scoped_branch(|this| {
                let defs = this.declare_matched(&repeat.pat, None);
                for def in &defs {
                    this.graph.bindings[def.0].ty.clone_from(&item);
                }
                let pat = &repeat.pat;
                let cond: Expr = parse_quote!(let Some(#pat) = #private::advance(&mut #ident));
                let effect = Effect::of_use(cursor);
                let (then, not) = (this.new_seq(), this.new_seq());
                this.write_down(written_for(repeat));
                this.end(End::If { cond, effect, defs, then, otherwise: not });
                this.cur = Some(not);
                this.goto(after);
                this.cur = Some(then);
                this.stmts(&repeat.body.stmts, &Dest::Discard);
                this.goto(head);
            });
        });
        self.cur = None;
    }

    /// The place of a loop: `<binding>_at`, in a scope of its own kind so that it hides no name of the user's.
    fn cursor(&mut self, pat: &Pat, ty: Option<syn::Type>) -> BindingId {
        let first = facts::irrefutable_names(pat).into_iter().next();
        let name = first.map_or("at".to_owned(), |name| format!("{}_at", plain_name(&name.ident)));
        let ident = format_ident!("{name}", span = expr::made().located_at(pat.span()));
        let id = self.bind(Binding { ident, mutable: true, ty, annotation: None, kind: BindingKind::Cursor });
        self.graph.loop_spans.insert(id, pat.span());
        self.scope.push((format!("for {name}"), id));
        id
    }

    /// The place a loop's collection is borrowed from: `&place`, `place.iter()`, or a local that is a reference itself.
    fn borrowed_collection(&self, collection: &Expr) -> Option<(Expr, bool)> {
        match collection {
            Expr::Paren(paren) => self.borrowed_collection(&paren.expr),
            Expr::Reference(_) => {
                let (borrowed, exclusive) = place::borrowed(collection)?;
                self.is_stable(borrowed).then(|| (borrowed.clone(), exclusive))
            }
            Expr::MethodCall(call) if call.args.is_empty() && self.is_stable(&call.receiver) => {
                let exclusive = match call.method.to_string().as_str() {
                    "iter" => false,
                    "iter_mut" => true,
                    _ => return None,
                };
                // `iter()` borrows what its receiver is or refers to; autoref would do the same.
                let receiver = &call.receiver;
                match self.reference_local(receiver) {
                    true => Some((parse_quote!((*#receiver)), exclusive)),
                    false => Some(((**receiver).clone(), exclusive)),
                }
            }
            path if self.reference_local(path) => Some((parse_quote!((*#path)), false)),
            _ => None,
        }
    }

    /// A bare local that is a reference: a resource, or a borrow that is taken again.
    fn reference_local(&self, expr: &Expr) -> bool {
        let Expr::Path(path) = expr else { return false };
        let binding = path.path.get_ident().and_then(|ident| self.lookup(&plain_name(ident)));
        binding.is_some_and(|id| {
            matches!(self.graph.binding(id).kind, BindingKind::Resource | BindingKind::Borrowed(_))
        })
    }

    /// `break s().await` out of an opened loop.
    pub(super) fn break_with_awaits(&mut self, jump: &syn::ExprBreak, dest: &Dest) {
        let residual = self.expr(&Expr::Break(jump.clone()), Mode::InPlace);
        self.deliver(residual, dest);
    }

    // ------------------------------------------------------------------ joins, scopes and frames

    /// The way out of a loop or labelled block, and the temporary that takes its `break`s' values. A value that is the
    /// workflow's result is returned only there.
    fn exit(&mut self, dest: &Dest) -> (Dest, Option<BindingId>, BlockId) {
        let value = match *dest {
            Dest::Value(value) => Some(value),
            Dest::Return if !self.unit_output => Some(self.temp(BindingKind::Value, None)),
            _ => None,
        };
        let inner = value.map_or(Dest::Discard, Dest::Value);
        (inner, value, self.new_block(None))
    }

    /// Goes on after a loop or labelled block.
    fn leave_by(&mut self, after: BlockId, value: Option<BindingId>, asked: &Dest) {
        self.enter(after);
        if *asked == Dest::Return {
            let result = value.map_or(parse_quote!(()), |value| self.path(value));
            self.deliver(result, asked);
        }
    }

    /// A branch: names declared in it end with it. What follows begins at a block, which knows its scope.
    fn scoped_branch(&mut self, body: impl FnOnce(&mut Self)) {
        let depth = self.scope.len();
        body(self);
        self.scope.truncate(depth);
    }

    fn with_frame(
        &mut self,
        label: Option<&Label>,
        is_loop: bool,
        exit: BlockId,
        next: Option<BlockId>,
        value: Option<BindingId>,
        body: impl FnOnce(&mut Self),
    ) {
        let label = label.map(|label| label.name.ident.to_string());
        self.loops.push(LoopFrame { label, is_loop, exit, next, value });
        body(self);
        self.loops.pop();
    }

    /// A statement of ours about one cursor.
    fn push_made(&mut self, stmt: syn::Stmt, cursor: BindingId) {
        self.push_op(Op::Stmt { stmt, effect: Effect::of_use(cursor), defs: Vec::new() });
    }
}

/// Whether a name of a chain of conditions hides one of the same chain, which may be needed all the same: what it refers to.
fn binds_twice(cond: &Expr) -> bool {
    let mut names = Vec::new();
    names_of_chain(cond, &mut names);
    (1..names.len()).any(|at| names[..at].contains(&names[at]))
}

fn names_of_chain(cond: &Expr, names: &mut Vec<String>) {
    match cond {
        Expr::Let(binding) => {
            names.extend(facts::pattern_names(&binding.pat).iter().map(|name| plain_name(&name.ident)));
        }
        Expr::Binary(chain) if matches!(chain.op, syn::BinOp::And(_)) => {
            names_of_chain(&chain.left, names);
            names_of_chain(&chain.right, names);
        }
        _ => {}
    }
}
