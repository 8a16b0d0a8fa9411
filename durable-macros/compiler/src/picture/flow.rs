//! Code that stayed as it was written: where it may leave.
//!
//! A branch in it is drawn only if one of its ways leaves: returns, or jumps out. Everything else is one straight line.

use super::{Draft, FOR, IF, Kind, LINE_CHARS_MAX, Way, arm_label, draft_join};
use crate::{enclosing::Enclosing, graph::JumpKey, macros, source};
use quote::ToTokens;
use syn::{
    Block, Expr, Label, Lifetime, Pat, Stmt,
    visit::{self, Visit},
};

/// A loop or labelled block of untouched code.
#[derive(Debug)]
pub(super) struct Frame {
    label: Option<String>,
    is_loop: bool,
    /// Where `break` and `continue` go; `None` if the loop is not drawn.
    targets: Option<(usize, usize)>,
}

impl Draft<'_> {
    pub(super) fn statement(&mut self, stmt: &Stmt) {
        self.visit_stmt(stmt);
    }

    pub(super) fn expression(&mut self, expr: &Expr) {
        self.visit_expr(expr);
    }

    /// The workflow's result.
    pub(super) fn result(&mut self, value: &Expr) {
        match value {
            Expr::Paren(inner) => self.result(&inner.expr),
            Expr::Group(inner) => self.result(&inner.expr),
            Expr::Call(call) if variant(&call.func).is_some() => {
                call.args.iter().for_each(|arg| self.expression(arg));
                self.finish(variant(&call.func).unwrap_or(Kind::End));
            }
            Expr::If(branch) if branch.else_branch.is_some() && (leaves(value) || decides(value)) => {
                self.expression(&branch.cond);
                let node = self.ask(Kind::Branch, "if", &branch.cond);
                self.take(node, IF[0], |this| this.block_result(&branch.then_branch));
                if let Some((_, otherwise)) = &branch.else_branch {
                    self.take(node, IF[1], |this| this.result(otherwise));
                }
            }
            Expr::Match(choice) if leaves(value) || decides(value) => {
                self.expression(&choice.expr);
                let node = self.ask(Kind::Branch, "match", &choice.expr);
                for arm in &choice.arms {
                    self.take(node, &arm_label(&arm.pat), |this| this.result(&arm.body));
                }
            }
            Expr::Block(block) if block.label.is_none() => self.block_result(&block.block),
            Expr::Unsafe(block) => self.block_result(&block.block),
            other => {
                self.expression(other);
                match self.fallible {
                    true => {
                        let at = self.at.clone();
                        self.finish(Kind::Ok);
                        self.at = at;
                        self.finish(Kind::Err);
                    }
                    false => self.finish(Kind::End),
                }
            }
        }
    }

    fn block_result(&mut self, block: &Block) {
        let Some((last, before)) = block.stmts.split_last() else { return self.finish(Kind::End) };
        before.iter().for_each(|stmt| self.statement(stmt));
        match last {
            Stmt::Expr(tail, None) => self.result(tail),
            // It is of any type only if it never comes back, which not every macro tells.
            last => {
                self.statement(last);
                match self.fallible {
                    true => self.at = None,
                    false => self.finish(Kind::End),
                }
            }
        }
    }

    /// A `let .. else`, drawn: the code goes on where the pattern matches, and the way where it does not is given back.
    pub(super) fn ask_else(&mut self, pat: &Pat, expr: &Expr) -> Option<Way> {
        let text = format!("let {} = {}", source::text(pat.to_token_stream()), source::of_expr(expr));
        let from = self.branch(Kind::Branch, &text)?;
        let way = |label: &str| Some(Way { from, label: label.to_owned() });
        self.at = way(IF[0]);
        way(IF[1])
    }

    fn ask(&mut self, kind: Kind, keyword: &str, expr: &Expr) -> Option<usize> {
        self.branch(kind, &format!("{keyword} {}", source::of_expr(expr)))
    }

    /// One way out of a node, to its end.
    fn take(&mut self, node: Option<usize>, label: &str, body: impl FnOnce(&mut Self)) {
        self.at = node.map(|from| Way { from, label: label.to_owned() });
        body(self);
    }

    /// Code that may not run: where it fails is drawn, and the code after it goes on from before.
    fn perhaps(&mut self, body: impl FnOnce(&mut Self)) {
        let at = self.at.clone();
        body(self);
        self.at = at;
    }

    fn join(&mut self) -> usize {
        draft_join(&mut self.nodes)
    }

    fn go_on_from(&mut self, from: usize) {
        self.at = Some(Way { from, label: String::new() });
    }

    /// A loop or labelled block. One that nothing leaves is not drawn.
    fn frame(&mut self, label: Option<&Label>, is_loop: bool, targets: Option<(usize, usize)>, body: &Block) {
        let label = label.map(|label| label.name.ident.to_string());
        self.frames.push(Frame { label, is_loop, targets });
        self.visit_block(body);
        self.frames.pop();
    }

    /// A loop with what stands at its head: the way into the body, and the way past it.
    fn repeat(&mut self, text: &str, label: Option<&Label>, body: &Block, ways: Option<[&str; 2]>) {
        if self.at.is_none() {
            return;
        }
        if !Leaves::of(|leaves| leaves.within(label, true, body)) {
            self.perhaps(|this| this.frame(label, true, None, body));
            // A bare `loop` that nothing breaks out of.
            if ways.is_none() && !Leaves::of(|leaves| leaves.visit_block(body)) {
                self.at = None;
            }
            return;
        }
        let (head, exit) = (self.join(), self.join());
        self.go(head);
        self.go_on_from(head);
        let node = self.branch(Kind::Loop, &source::shortened(text, LINE_CHARS_MAX));
        let [into, past] = ways.unwrap_or_default();
        self.take(node, into, |this| this.frame(label, true, Some((exit, head)), body));
        self.go(head);
        if ways.is_some() {
            self.take(node, past, |this| this.go(exit));
        }
        let comes_out = self.edges.iter().any(|edge| edge.to == exit);
        self.at = comes_out.then_some(Way { from: exit, label: String::new() });
    }

    /// A `break` or `continue`.
    fn jump(&mut self, is_break: bool, label: Option<&Lifetime>) {
        let name = label.map(|label| label.ident.to_string());
        let frame = self.frames.iter().rev().find(|frame| match &name {
            Some(name) => frame.label.as_ref() == Some(name),
            None => frame.is_loop,
        });
        match frame {
            // Within a loop that is not drawn.
            Some(Frame { targets: None, .. }) => {}
            Some(Frame { targets: Some((exit, head)), .. }) => {
                let to = if is_break { *exit } else { *head };
                self.go(to);
            }
            None => {
                let key = JumpKey { is_break, label: name };
                match self.jumps.iter().find(|jump| jump.key == key) {
                    Some(jump) => self.go(self.entries[jump.target.0]),
                    None => self.at = None,
                }
            }
        }
    }
}

/// In the order of the source, which is close enough to the order of evaluation.
impl<'ast> Visit<'ast> for Draft<'_> {
    fn visit_local(&mut self, local: &'ast syn::Local) {
        let Some(init) = &local.init else { return };
        self.expression(&init.expr);
        if let Some((_, diverge)) = &init.diverge {
            if !leaves(diverge) {
                return self.perhaps(|this| this.expression(diverge));
            }
            let lost = self.ask_else(&local.pat, &init.expr);
            let found = std::mem::replace(&mut self.at, lost);
            self.expression(diverge);
            self.at = found;
        }
    }

    fn visit_expr_try(&mut self, attempt: &'ast syn::ExprTry) {
        self.expression(&attempt.expr);
        self.fail();
    }

    fn visit_expr_return(&mut self, jump: &'ast syn::ExprReturn) {
        match &jump.expr {
            Some(value) => self.result(value),
            None => self.finish(Kind::End),
        }
        self.at = None;
    }

    fn visit_expr_break(&mut self, jump: &'ast syn::ExprBreak) {
        if let Some(value) = &jump.expr {
            self.expression(value);
        }
        self.jump(true, jump.label.as_ref());
    }

    fn visit_expr_continue(&mut self, jump: &'ast syn::ExprContinue) {
        self.jump(false, jump.label.as_ref());
    }

    fn visit_expr_if(&mut self, branch: &'ast syn::ExprIf) {
        self.expression(&branch.cond);
        if !leaves_by_branches(branch) {
            self.perhaps(|this| this.visit_block(&branch.then_branch));
            if let Some((_, otherwise)) = &branch.else_branch {
                self.perhaps(|this| this.expression(otherwise));
            }
            return;
        }
        let node = self.ask(Kind::Branch, "if", &branch.cond);
        let after = self.join();
        self.take(node, IF[0], |this| this.visit_block(&branch.then_branch));
        self.go(after);
        self.take(node, IF[1], |this| {
            if let Some((_, otherwise)) = &branch.else_branch {
                this.expression(otherwise);
            }
        });
        self.go(after);
        self.come_out(after);
    }

    fn visit_expr_match(&mut self, choice: &'ast syn::ExprMatch) {
        self.expression(&choice.expr);
        if !choice.arms.iter().any(|arm| leaves(&arm.body)) {
            for arm in &choice.arms {
                self.perhaps(|this| this.expression(&arm.body));
            }
            return;
        }
        let node = self.ask(Kind::Branch, "match", &choice.expr);
        let after = self.join();
        for arm in &choice.arms {
            self.take(node, &arm_label(&arm.pat), |this| this.expression(&arm.body));
            self.go(after);
        }
        self.come_out(after);
    }

    fn visit_expr_loop(&mut self, repeat: &'ast syn::ExprLoop) {
        self.repeat("loop", repeat.label.as_ref(), &repeat.body, None);
    }

    fn visit_expr_while(&mut self, repeat: &'ast syn::ExprWhile) {
        self.expression(&repeat.cond);
        let text = format!("while {}", source::of_expr(&repeat.cond));
        self.repeat(&text, repeat.label.as_ref(), &repeat.body, Some(IF));
    }

    fn visit_expr_for_loop(&mut self, repeat: &'ast syn::ExprForLoop) {
        self.expression(&repeat.expr);
        let pat = source::text(repeat.pat.to_token_stream());
        let text = format!("for {pat} in {}", source::of_expr(&repeat.expr));
        self.repeat(&text, repeat.label.as_ref(), &repeat.body, Some(FOR));
    }

    fn visit_expr_block(&mut self, block: &'ast syn::ExprBlock) {
        if block.label.is_none() {
            return self.visit_block(&block.block);
        }
        let after = self.join();
        self.frame(block.label.as_ref(), false, Some((after, after)), &block.block);
        self.go(after);
        self.come_out(after);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        for operand in macros::operands(mac).into_iter().flatten() {
            self.expression(&operand);
        }
        match macros::last_segment(mac).as_str() {
            // Well-known macros of error libraries that return.
            "bail" => self.finish(Kind::Err),
            "ensure" => self.fail(),
            _ if macros::diverges(mac) => self.at = None,
            _ => {}
        }
    }

    fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}
    fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {}
    fn visit_item(&mut self, _: &'ast syn::Item) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}
}

impl Draft<'_> {
    /// Goes on where ways have joined, if any came there.
    fn come_out(&mut self, join: usize) {
        match self.edges.iter().any(|edge| edge.to == join) {
            true => self.go_on_from(join),
            false => self.at = None,
        }
    }
}

/// `Ok` or `Err` as the callee.
fn variant(func: &Expr) -> Option<Kind> {
    let Expr::Path(path) = func else { return None };
    match path.path.segments.last()?.ident.to_string().as_str() {
        "Ok" => Some(Kind::Ok),
        "Err" => Some(Kind::Err),
        _ => None,
    }
}

/// Whether the ways of a branch end differently.
fn decides(value: &Expr) -> bool {
    fn of_block(block: &Block) -> Option<Kind> {
        match block.stmts.last() {
            Some(Stmt::Expr(tail, None)) => kind(tail),
            _ => None,
        }
    }
    fn kind(value: &Expr) -> Option<Kind> {
        match value {
            Expr::Call(call) => variant(&call.func),
            Expr::Paren(inner) => kind(&inner.expr),
            Expr::Block(block) => of_block(&block.block),
            _ => None,
        }
    }
    match value {
        Expr::If(branch) => {
            of_block(&branch.then_branch).is_some()
                || branch
                    .else_branch
                    .as_ref()
                    .is_some_and(|(_, otherwise)| kind(otherwise).is_some() || decides(otherwise))
        }
        Expr::Match(choice) => choice.arms.iter().any(|arm| kind(&arm.body).is_some()),
        _ => false,
    }
}

fn leaves_by_branches(branch: &syn::ExprIf) -> bool {
    Leaves::of(|leaves| leaves.visit_block(&branch.then_branch))
        || branch.else_branch.as_ref().is_some_and(|(_, otherwise)| leaves(otherwise))
}

/// Whether code may leave otherwise than by `?`: it returns, or jumps out.
fn leaves(expr: &Expr) -> bool {
    Leaves::of(|leaves| leaves.visit_expr(expr))
}

#[derive(Default)]
struct Leaves {
    found: bool,
    inside: Enclosing,
}

impl Leaves {
    fn of(look: impl FnOnce(&mut Self)) -> bool {
        let mut leaves = Self::default();
        look(&mut leaves);
        leaves.found
    }

    fn within(&mut self, label: Option<&Label>, is_loop: bool, body: &Block) {
        self.inside.enter(label, is_loop);
        self.visit_block(body);
        self.inside.leave();
    }
}

impl<'ast> Visit<'ast> for Leaves {
    fn visit_expr_return(&mut self, _: &'ast syn::ExprReturn) {
        self.found = true;
    }

    fn visit_expr_break(&mut self, jump: &'ast syn::ExprBreak) {
        self.found |= !self.inside.holds(jump.label.as_ref());
        visit::visit_expr_break(self, jump);
    }

    fn visit_expr_continue(&mut self, jump: &'ast syn::ExprContinue) {
        self.found |= !self.inside.holds(jump.label.as_ref());
    }

    fn visit_expr_loop(&mut self, repeat: &'ast syn::ExprLoop) {
        self.within(repeat.label.as_ref(), true, &repeat.body);
    }

    fn visit_expr_while(&mut self, repeat: &'ast syn::ExprWhile) {
        self.visit_expr(&repeat.cond);
        self.within(repeat.label.as_ref(), true, &repeat.body);
    }

    fn visit_expr_for_loop(&mut self, repeat: &'ast syn::ExprForLoop) {
        self.visit_expr(&repeat.expr);
        self.within(repeat.label.as_ref(), true, &repeat.body);
    }

    fn visit_expr_block(&mut self, block: &'ast syn::ExprBlock) {
        match &block.label {
            Some(label) => self.within(Some(label), false, &block.block),
            None => self.visit_block(&block.block),
        }
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.found |= macros::last_segment(mac) == "bail";
        for operand in macros::operands(mac).into_iter().flatten() {
            self.visit_expr(&operand);
        }
    }

    fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}
    fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {}
    fn visit_item(&mut self, _: &'ast syn::Item) {}
}
