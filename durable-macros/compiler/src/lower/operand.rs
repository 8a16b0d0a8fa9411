//! Operands of an expression with several awaits: each is evaluated when Rust would evaluate it, or stays where evaluating it
//! later is the same.

use super::{Lower, expr::Mode};
use crate::{
    diagnostic::Code,
    facts::{self, has_await},
    graph::BindingKind,
    place,
};
use syn::{Expr, UnOp, parse_quote};

/// How an operand is used, which decides whether it may stay where it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// By value.
    Value,
    /// As a place: a method's receiver, the target of a reference.
    Place,
    /// By value if it is a primitive, else by reference.
    Compared,
}

/// What later operands do to names.
struct Later {
    uses: facts::Names,
    changes: facts::Names,
    touches: facts::Names,
}

impl Later {
    fn of(later: &[facts::Facts]) -> Self {
        Self {
            uses: later.iter().flat_map(|facts| facts.uses.iter().cloned()).collect(),
            changes: later.iter().flat_map(|facts| facts.changes.iter().cloned()).collect(),
            touches: later.iter().flat_map(|facts| facts.touches.iter().cloned()).collect(),
        }
    }
}

impl Lower<'_> {
    pub(super) fn values(&mut self, values: impl Iterator<Item = Expr>, mode: Mode) -> Vec<Expr> {
        self.operands(values.map(|value| (value, Use::Value)).collect(), mode)
    }

    /// Operands in order of evaluation: those before the last with an await are spilled, those after it stay.
    pub(super) fn operands(&mut self, operands: Vec<(Expr, Use)>, mode: Mode) -> Vec<Expr> {
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
            (place, Use::Compared)
                if place::root(place).is_some_and(|root| {
                    !later.changes.contains(&root) && !self.is_released(&root, later)
                }) =>
            {
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
            Expr::Unary(deref) if matches!(deref.op, UnOp::Deref(_)) => {
                *deref.expr = self.kept_place(&deref.expr, at, later)
            }
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
        uses.any(|name| {
            !self.is_resource(&name) && (later.changes.contains(&name) || later.touches.contains(&name))
        })
    }

    /// Whether later operands use what a borrow borrows, as they may not while it is alive: so its value was taken before.
    fn is_released(&self, name: &str, later: &Later) -> bool {
        let borrow = self.lookup(name).and_then(|id| self.graph.borrow_of(id));
        borrow.map(|borrow| self.graph.borrow(borrow)).is_some_and(|borrow| {
            let used = |names: &facts::Names| {
                borrow.bases.iter().any(|base| names.iter().any(|name| self.lookup(name) == Some(*base)))
            };
            used(&later.changes) || borrow.is_exclusive() && used(&later.uses)
        })
    }

    pub(super) fn is_resource(&self, name: &str) -> bool {
        self.lookup(name).is_some_and(|id| self.graph.binding(id).kind == BindingKind::Resource)
    }

    /// Whether methods can change a local: it is `mut`, or an exclusive borrow.
    fn is_mutable(&self, name: &str) -> bool {
        let Some(id) = self.lookup(name) else { return false };
        let exclusive =
            self.graph.borrow_of(id).is_some_and(|borrow| self.graph.borrow(borrow).is_exclusive());
        exclusive || self.graph.binding(id).mutable
    }

    fn refuse_changed(&mut self, operand: &Expr) {
        self.diagnostics.error_at_with_help(
            Code::Place,
            operand,
            "this is evaluated before the `.await`, and may be changed before the call: which value the call gets, its type decides, and a macro sees no types",
            "await first: `let value = .. .await;`, and use `value` in the call",
        );
    }

    /// A format's `name = value` is no assignment.
    pub(super) fn macro_operands(&mut self, operands: Vec<Expr>, usage: Use, mode: Mode) -> Vec<Expr> {
        let values = operands.iter().map(|operand| match operand {
            Expr::Assign(named) => ((*named.right).clone(), usage),
            operand => (operand.clone(), usage),
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
}
