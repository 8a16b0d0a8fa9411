//! Expressions with awaits: what comes before the last await is spilled into temporaries.

use super::{Dest, Lower, at_expr, made, operand::Use};
use crate::{
    desugar::{doc_text, operation, point_at, snake},
    diagnostic::Code,
    facts::{block_has_await, has_await},
    graph::{BindingKind, PointInfo, plain_name},
    macros, place, source,
};
use proc_macro2::Span;
use syn::{BinOp, Expr, ExprAwait, Ident, LitStr, Stmt, spanned::Spanned};

/// What becomes of the last await of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// It stays in its place: the expression is the first thing its block evaluates.
    InPlace,
    /// It is spilled, too: the expression is the operand of another await.
    Spilled,
}

/// Whether an expression is control flow with an await in one of its bodies, so that it becomes sequences and jumps.
pub(super) fn opens(expr: &Expr) -> bool {
    match expr {
        Expr::If(branch) => {
            let in_else = branch.else_branch.as_ref().is_some_and(|(_, otherwise)| has_await(otherwise));
            // Awaits later in a chain are evaluated only if what stands before holds.
            let chained =
                matches!(&*branch.cond, Expr::Binary(chain) if is_lazy(&chain.op) && has_await(&branch.cond));
            block_has_await(&branch.then_branch) || in_else || chained
        }
        Expr::Match(choice) => choice.arms.iter().any(|arm| has_await(&arm.body)),
        Expr::While(_) | Expr::Loop(_) => has_await(expr),
        Expr::ForLoop(repeat) => block_has_await(&repeat.body),
        Expr::Block(_) => true,
        Expr::Unsafe(block) => !is_single_tail(&block.block),
        Expr::Binary(binary) => is_lazy(&binary.op) && has_await(&binary.right),
        _ => false,
    }
}

fn compares(op: &BinOp) -> bool {
    matches!(op, BinOp::Eq(_) | BinOp::Ne(_) | BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_))
}

/// `&&` and `||`.
pub(crate) fn is_lazy(op: &BinOp) -> bool {
    matches!(op, BinOp::And(_) | BinOp::Or(_))
}

fn is_single_tail(block: &syn::Block) -> bool {
    matches!(&block.stmts[..], [Stmt::Expr(_, None)])
}

impl Lower<'_> {
    /// The expression with its awaits taken out, but for the last in [`Mode::InPlace`].
    pub(super) fn expr(&mut self, expr: &Expr, mode: Mode) -> Expr {
        if self.cur.is_none() || !has_await(expr) {
            return expr.clone();
        }
        if opens(expr) {
            let value = self.temp(BindingKind::Value, None);
            self.control(expr, &Dest::Value(value));
            return self.path(value);
        }
        let mut result = expr.clone();
        match &mut result {
            Expr::Await(awaited) => return self.awaited(awaited, mode),
            Expr::Paren(e) => *e.expr = self.expr(&e.expr, mode),
            Expr::Group(e) => *e.expr = self.expr(&e.expr, mode),
            Expr::Try(e) => {
                *e.expr = self.expr(&e.expr, Mode::InPlace);
                if mode == Mode::Spilled {
                    return self.spill(result, BindingKind::Result);
                }
            }
            Expr::Unary(e) => *e.expr = self.expr(&e.expr, mode),
            Expr::Cast(e) => *e.expr = self.expr(&e.expr, mode),
            Expr::Field(e) => *e.base = self.expr(&e.base, mode),
            Expr::Reference(e) => *e.expr = self.expr(&e.expr, mode),
            Expr::Let(e) => *e.expr = self.expr(&e.expr, mode),
            Expr::Return(e) => {
                if let Some(value) = &mut e.expr {
                    **value = self.expr(value, mode);
                }
            }
            Expr::Break(e) => {
                if let Some(value) = &mut e.expr {
                    **value = self.expr(value, mode);
                }
            }
            Expr::If(e) => *e.cond = self.expr(&e.cond, mode),
            Expr::Match(e) => {
                self.refuse_guards(&e.arms);
                *e.expr = self.expr(&e.expr, mode);
            }
            Expr::ForLoop(e) => *e.expr = self.expr(&e.expr, mode),
            Expr::Call(e) => {
                let func = (*e.func).clone();
                let mut all = vec![(func, Use::Place)];
                all.extend(e.args.iter().cloned().map(|arg| (arg, Use::Value)));
                let mut all = self.operands(all, mode).into_iter();
                *e.func = all.next().expect("the callee");
                e.args = all.collect();
            }
            Expr::MethodCall(e) => {
                let mut all = vec![((*e.receiver).clone(), Use::Place)];
                all.extend(e.args.iter().cloned().map(|arg| (arg, Use::Value)));
                let mut all = self.operands(all, mode).into_iter();
                *e.receiver = all.next().expect("the receiver");
                e.args = all.collect();
            }
            Expr::Binary(e) if is_compound(&e.op) => {
                self.check_compound_place(&e.left);
                *e.right = self.expr(&e.right, mode);
            }
            Expr::Binary(e) => {
                // Comparisons look at their operands, where those are no plain values.
                let usage = if compares(&e.op) { Use::Compared } else { Use::Value };
                let all = vec![((*e.left).clone(), usage), ((*e.right).clone(), Use::Value)];
                let mut all = self.operands(all, mode).into_iter();
                *e.left = all.next().expect("left");
                *e.right = all.next().expect("right");
            }
            Expr::Assign(e) => {
                if has_await(&e.left) {
                    self.refuse_place(&e.left);
                }
                *e.right = self.expr(&e.right, mode);
            }
            Expr::Index(e) => {
                let all = vec![((*e.expr).clone(), Use::Place), ((*e.index).clone(), Use::Value)];
                let mut all = self.operands(all, mode).into_iter();
                *e.expr = all.next().expect("collection");
                *e.index = all.next().expect("index");
            }
            Expr::Range(e) => {
                let parts = [&e.start, &e.end];
                let all = parts.into_iter().flatten().map(|part| ((**part).clone(), Use::Value)).collect();
                let mut all = self.operands(all, mode).into_iter();
                for part in [&mut e.start, &mut e.end].into_iter().flatten() {
                    **part = all.next().expect("a bound");
                }
            }
            Expr::Array(e) => e.elems = self.values(e.elems.iter().cloned(), mode).into_iter().collect(),
            Expr::Tuple(e) => e.elems = self.values(e.elems.iter().cloned(), mode).into_iter().collect(),
            Expr::Repeat(e) => *e.expr = self.expr(&e.expr, mode),
            Expr::Struct(e) => {
                let mut all: Vec<_> = e.fields.iter().map(|field| field.expr.clone()).collect();
                all.extend(e.rest.iter().map(|rest| (**rest).clone()));
                let mut all = self.values(all.into_iter(), mode).into_iter();
                for field in &mut e.fields {
                    field.expr = all.next().expect("a field");
                    // A shorthand field whose value is another expression now.
                    field.colon_token.get_or_insert_default();
                }
                if let Some(rest) = &mut e.rest {
                    **rest = all.next().expect("the rest");
                }
            }
            Expr::Macro(e) => {
                if let Some(operands) = macros::operands(&e.mac) {
                    // Formats and assertions take their operands by reference.
                    let by_value = ["vec", "dbg"].contains(&macros::last_segment(&e.mac).as_str());
                    let operands = self.macro_operands(
                        operands,
                        if by_value { Use::Value } else { Use::Compared },
                        mode,
                    );
                    e.mac = macros::with_operands(&e.mac, &operands);
                }
            }
            Expr::Unsafe(e) => {
                if let [Stmt::Expr(tail, None)] = &mut e.block.stmts[..] {
                    *tail = self.expr(tail, mode);
                }
            }
            other => {
                self.diagnostics.error_at_with_help(
                    Code::Position,
                    &*other,
                    "a workflow cannot be saved in the middle of this expression",
                    "bind the awaited value with `let` before it",
                );
            }
        }
        result
    }

    /// An await: ends the block, and begins the next.
    fn awaited(&mut self, awaited: &ExprAwait, mode: Mode) -> Expr {
        let (callee, doc) = (source::of_expr(&awaited.base), doc_text(&awaited.attrs));
        let operation = operation(&awaited.base);
        let operand = self.expr(&awaited.base, Mode::Spilled);
        if self.cur.is_none() {
            return Expr::Await(awaited.clone());
        }
        let span = awaited.await_token.span;
        let (name, was) = match point_at(awaited) {
            Some(at) => (at.name, at.was.iter().map(LitStr::value).collect()),
            None => (Ident::new("Unnamed", span), Vec::new()),
        };
        let point = self.graph.points.len();
        let block = self.new_block(Some(point));
        self.graph.points.push(PointInfo { name: name.clone(), was, callee, operation, doc, span, block });
        self.goto(block);
        self.enter(block);
        let expr = at_expr(operand, awaited);
        match mode {
            Mode::InPlace => expr,
            Mode::Spilled => self.spill(expr, BindingKind::Result),
        }
    }

    /// A value into a temporary.
    pub(super) fn spill(&mut self, value: Expr, kind: BindingKind) -> Expr {
        // The result of an await is named after it: `s().await?.t().await` saves `s_result` at `T`.
        let hint = match kind {
            BindingKind::Result => {
                self.graph.points.last().map(|point| format!("{}_result", snake(&plain_name(&point.name))))
            }
            _ => None,
        };
        let temp = self.temp(kind, None);
        // An error of its type, that it cannot be saved, is reported at what the user wrote.
        self.graph.bindings[temp.0].ident.set_span(made().located_at(value.span()));
        if let Some(hint) = hint {
            self.graph.result_names.insert(temp, hint);
        }
        let ident = self.graph.binding(temp).ident.clone();
        self.push(made::let_mut(&ident, None, value), vec![temp]);
        self.path(temp)
    }

    fn check_compound_place(&mut self, place: &Expr) {
        if !place::is_place(place) {
            self.refuse_place(place);
        }
    }

    fn refuse_place(&mut self, place: &Expr) {
        self.diagnostics.error_at_with_help(
            Code::Place,
            place,
            "this place is computed before the `.await` for some types and after it for others, and a macro sees no types",
            "await first: `let value = .. .await;`, and assign `value` here",
        );
    }

    pub(super) fn refuse_guards(&mut self, arms: &[syn::Arm]) {
        for arm in arms {
            if let syn::Pat::Guard(guard) = &arm.pat
                && has_await(&guard.guard)
            {
                self.diagnostics.error_at_with_help(
                    Code::GuardAwait,
                    &guard.guard,
                    "a workflow cannot be saved in the middle of a match guard",
                    "await before the `match` and test the result in the guard, or use an `if` inside the arm",
                );
            }
        }
    }
}

/// `+=` and its like.
pub(crate) fn is_compound(op: &BinOp) -> bool {
    use BinOp::*;
    matches!(
        op,
        AddAssign(_)
            | SubAssign(_)
            | MulAssign(_)
            | DivAssign(_)
            | RemAssign(_)
            | BitXorAssign(_)
            | BitAndAssign(_)
            | BitOrAssign(_)
            | ShlAssign(_)
            | ShrAssign(_)
    )
}

/// The span for what is made of nothing the user wrote.
pub(super) fn made() -> Span {
    Span::mixed_site()
}
