//! Expressions with awaits: what comes before the last await is spilled into temporaries.

use super::{Dest, Lower, at_expr};
use crate::{
    desugar::{point_name, snake},
    diagnostic::Code,
    facts::{self, block_has_await, has_await},
    graph::{BindingKind, PointInfo, plain_name},
    macros, place,
};
use proc_macro2::Span;
use quote::ToTokens;
use syn::{BinOp, Expr, ExprAwait, Ident, Stmt, UnOp, parse_quote};

/// What becomes of the last await of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// It stays in its place: the expression is the first thing its block evaluates.
    InPlace,
    /// It is spilled, too: the expression is the operand of another await.
    Spilled,
}

/// How an operand is used, which decides whether it may stay where it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// By value.
    Value,
    /// As a place: a method's receiver, the target of a reference.
    Place,
    /// By value if it is a primitive, else by reference.
    Compared,
}

/// What later operands do to names.
struct Later {
    changes: facts::Names,
    touches: facts::Names,
}

impl Later {
    fn of(later: &[facts::Facts]) -> Self {
        Self {
            changes: later.iter().flat_map(|facts| facts.changes.iter().cloned()).collect(),
            touches: later.iter().flat_map(|facts| facts.touches.iter().cloned()).collect(),
        }
    }
}

/// Whether an expression is control flow with an await in one of its bodies, so that it becomes sequences and jumps.
pub(super) fn opens(expr: &Expr) -> bool {
    match expr {
        Expr::If(branch) => {
            let in_else = branch.else_branch.as_ref().is_some_and(|(_, otherwise)| has_await(otherwise));
            // Awaits later in a chain are evaluated only if what stands before holds.
            let chained = matches!(&*branch.cond, Expr::Binary(chain) if is_lazy(&chain.op) && has_await(&branch.cond));
            block_has_await(&branch.then_branch) || in_else || chained || opens_at_will(expr) && !has_await(expr)
        }
        Expr::Match(choice) => {
            choice.arms.iter().any(|arm| has_await(&arm.body)) || opens_at_will(expr) && !has_await(expr)
        }
        Expr::While(_) | Expr::Loop(_) => has_await(expr),
        Expr::ForLoop(repeat) => block_has_await(&repeat.body),
        Expr::Block(_) => true,
        Expr::Unsafe(block) => !is_single_tail(&block.block),
        Expr::Binary(binary) => is_lazy(&binary.op) && has_await(&binary.right),
        _ => false,
    }
}

/// Whether an expression without awaits can be opened nevertheless.
pub(super) fn opens_at_will(expr: &Expr) -> bool {
    matches!(expr, Expr::If(_) | Expr::Match(_) | Expr::Block(_))
}

fn compares(op: &BinOp) -> bool {
    matches!(op, BinOp::Eq(_) | BinOp::Ne(_) | BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_))
}

fn is_lazy(op: &BinOp) -> bool {
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
                    let operands = self.macro_operands(operands, mode);
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
        let callee = awaited.base.to_token_stream().to_string();
        let operand = self.expr(&awaited.base, Mode::Spilled);
        if self.cur.is_none() {
            return Expr::Await(awaited.clone());
        }
        let span = awaited.await_token.span;
        let name = point_name(awaited).unwrap_or_else(|| Ident::new("Unnamed", span));
        let point = self.graph.points.len();
        let block = self.new_block(Some(point));
        self.graph.points.push(PointInfo { name: name.clone(), callee, span, block });
        self.goto(block);
        self.enter(block);
        let expr = at_expr(point, operand, awaited);
        match mode {
            Mode::InPlace => expr,
            Mode::Spilled => self.spill(expr, BindingKind::Result),
        }
    }

    /// A value into a temporary.
    pub(super) fn spill(&mut self, value: Expr, kind: BindingKind) -> Expr {
        // The result of an await is named after it: `s().await?.t().await` saves `s_result` at `T`.
        let hint = match kind {
            BindingKind::Result => self.graph.points.last().map(|point| format!("{}_result", snake(&plain_name(&point.name)))),
            _ => None,
        };
        let temp = self.temp(kind, None);
        if let Some(hint) = hint {
            self.graph.result_names.insert(temp, hint);
        }
        let ident = self.graph.binding(temp).ident.clone();
        self.push(parse_quote!(let mut #ident = #value;), vec![temp]);
        self.path(temp)
    }

    fn values(&mut self, values: impl Iterator<Item = Expr>, mode: Mode) -> Vec<Expr> {
        self.operands(values.map(|value| (value, Use::Value)).collect(), mode)
    }

    /// Operands in order of evaluation: those before the last with an await are spilled, those after it stay.
    fn operands(&mut self, operands: Vec<(Expr, Use)>, mode: Mode) -> Vec<Expr> {
        let Some(last) = operands.iter().rposition(|(operand, _)| has_await(operand)) else {
            return operands.into_iter().map(|(operand, _)| operand).collect();
        };
        let facts: Vec<_> = operands[..=last].iter().map(|(operand, _)| facts::of_expr(operand)).collect();
        let mut results = Vec::with_capacity(operands.len());
        for (at, (operand, usage)) in operands.into_iter().enumerate() {
            results.push(match at.cmp(&last) {
                std::cmp::Ordering::Less => {
                    let later = Later::of(&facts[at + 1..]);
                    self.early(operand, usage, at, &later)
                }
                std::cmp::Ordering::Equal => self.expr(&operand, mode),
                std::cmp::Ordering::Greater => operand,
            });
        }
        results
    }

    /// An operand that is evaluated before a later one's await. What stays in its place must mean then what it means now.
    fn early(&mut self, operand: Expr, usage: Use, at: usize, later: &Later) -> Expr {
        if has_await(&operand) {
            let residual = self.expr(&operand, Mode::InPlace);
            return self.spill(residual, BindingKind::Operand(at));
        }
        match (&operand, usage) {
            (Expr::Lit(_), _) => operand,
            (Expr::Closure(closure), _) => {
                if closure.capture.is_some() && self.is_changed(&operand, later) {
                    self.refuse_changed(&operand);
                }
                operand
            }
            (Expr::Reference(reference), _) => {
                let mut reference = reference.clone();
                *reference.expr = self.kept_place(&reference.expr, at, later);
                self.check_element(&reference.expr);
                Expr::Reference(reference)
            }
            // A callee, a receiver: it is a place, used when the call happens, or a value, if it is a copy.
            (place, Use::Place) => {
                let root = place::root(place).filter(|root| !self.is_resource(root));
                let Some(root) = root else { return self.kept_place(place, at, later) };
                if later.changes.contains(&root) {
                    // What is borrowed cannot be assigned meanwhile: it is used by value.
                    return self.spill(operand, BindingKind::Operand(at));
                }
                if later.touches.contains(&root) && self.is_mutable(&root) {
                    self.refuse_changed(&operand);
                }
                let kept = self.kept_place(&operand, at, later);
                self.check_element(&kept);
                kept
            }
            // What is compared by reference cannot change meanwhile, and primitives change by assignment only.
            (place, Use::Compared) if place::root(place).is_some_and(|root| !later.changes.contains(&root)) => {
                let kept = self.kept_place(place, at, later);
                self.check_element(&kept);
                kept
            }
            (path, Use::Value) if place::is_field_path(path) && !self.is_changed(path, later) => operand,
            _ => self.spill(operand, BindingKind::Operand(at)),
        }
    }

    /// A place that is used later: its root stays, what finds it is evaluated now.
    fn kept_place(&mut self, place: &Expr, at: usize, later: &Later) -> Expr {
        let mut place = place.clone();
        match &mut place {
            Expr::Path(_) | Expr::Lit(_) => {}
            Expr::Field(field) => *field.base = self.kept_place(&field.base, at, later),
            Expr::Paren(paren) => *paren.expr = self.kept_place(&paren.expr, at, later),
            Expr::Group(group) => *group.expr = self.kept_place(&group.expr, at, later),
            Expr::Unary(deref) if matches!(deref.op, UnOp::Deref(_)) => *deref.expr = self.kept_place(&deref.expr, at, later),
            Expr::Index(index) => {
                *index.expr = self.kept_place(&index.expr, at, later);
                let steady = place::is_field_path(&index.index) && !self.is_changed(&index.index, later);
                if !steady && !matches!(&*index.index, Expr::Lit(_)) {
                    *index.index = self.spill((*index.index).clone(), BindingKind::Operand(at));
                }
            }
            // `&temp()`: the temporary is kept, and borrowed when it is needed.
            _ => return self.spill(place, BindingKind::Operand(at)),
        }
        place
    }

    /// An element that is not there must be found missing now, not after the await.
    fn check_element(&mut self, place: &Expr) {
        if place::indexes(place) {
            self.push(parse_quote!(let _ = &#place;), Vec::new());
        }
    }

    /// Whether an operand may be another value after later ones were evaluated.
    fn is_changed(&self, operand: &Expr, later: &Later) -> bool {
        let mut uses = facts::of_expr(operand).uses.into_iter();
        uses.any(|name| !self.is_resource(&name) && (later.changes.contains(&name) || later.touches.contains(&name)))
    }

    fn is_resource(&self, name: &str) -> bool {
        self.lookup(name).is_some_and(|id| self.graph.binding(id).kind == BindingKind::Resource)
    }

    /// Whether methods can change a local: it is `mut`, or an exclusive borrow.
    fn is_mutable(&self, name: &str) -> bool {
        let Some(id) = self.lookup(name) else { return false };
        let exclusive = self.graph.borrow_of(id).is_some_and(|borrow| self.graph.borrow(borrow).is_exclusive());
        exclusive || self.graph.binding(id).mutable
    }

    fn refuse_changed(&mut self, operand: &Expr) {
        self.diagnostics.error_at_with_help(
            Code::Place,
            operand,
            "this is evaluated before the await, but what it is made of may be changed before it is used",
            "bind the awaited value first: `let value = .. .await;`, then use it here",
        );
    }

    /// A format's `name = value` is no assignment.
    fn macro_operands(&mut self, operands: Vec<Expr>, mode: Mode) -> Vec<Expr> {
        let values = operands.iter().map(|operand| match operand {
            Expr::Assign(named) => ((*named.right).clone(), Use::Place),
            // Formats and assertions take their operands by reference.
            operand => (operand.clone(), Use::Place),
        });
        let values = self.operands(values.collect(), mode);
        operands
            .into_iter()
            .zip(values)
            .map(|(operand, value)| match operand {
                Expr::Assign(mut named) => {
                    *named.right = value;
                    Expr::Assign(named)
                }
                _ => value,
            })
            .collect()
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
            "the place on the left would be found before the await by some types and after it by others",
            "bind the awaited value first: `let value = .. .await;`, then assign it",
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
        AddAssign(_) | SubAssign(_) | MulAssign(_) | DivAssign(_) | RemAssign(_) | BitXorAssign(_) | BitAndAssign(_) | BitOrAssign(_)
            | ShlAssign(_) | ShrAssign(_)
    )
}

/// The span for what is made of nothing the user wrote.
pub(super) fn made() -> Span {
    Span::mixed_site()
}
