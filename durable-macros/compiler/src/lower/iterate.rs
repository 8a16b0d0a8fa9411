//! Iterators that a `for` loop makes again after a resume: chains of adapters without closures over saved collections and
//! ranges. What the chain borrows from is saved, and so are the values of its arguments.

use super::Lower;
use crate::{
    graph::{BindingKind, plain_name},
    place,
};
use syn::{Expr, ExprMethodCall};

/// Methods that begin a chain: they borrow from their receiver. Which types they may be called on, a trait says.
const SOURCES: &[&str] = &[
    "iter",
    "iter_mut",
    "keys",
    "values",
    "chunks",
    "chunks_exact",
    "windows",
    "chars",
    "char_indices",
    "bytes",
    "lines",
    "split",
    "split_whitespace",
    "split_ascii_whitespace",
];

/// Methods that make an iterator of an iterator, and take no closure.
const ADAPTERS: &[&str] = &["enumerate", "rev", "skip", "take", "step_by"];

/// Those that take a second iterator.
const PAIRS: &[&str] = &["zip", "chain"];

/// Whether what is borrowed can be changed through the items.
pub(super) fn is_exclusive(chain: &Expr) -> bool {
    match chain {
        Expr::MethodCall(call) => name(call) == "iter_mut" || is_exclusive(&call.receiver),
        Expr::Paren(paren) => is_exclusive(&paren.expr),
        _ => false,
    }
}

/// An argument that is a value, not a closure that splits text.
fn is_plain(arg: &Expr) -> bool {
    !matches!(arg, Expr::Closure(_) | Expr::Path(_))
        || matches!(arg, Expr::Path(path) if path.path.get_ident().is_some())
}

fn name(call: &ExprMethodCall) -> String {
    call.method.to_string()
}

impl Lower<'_> {
    /// Whether a `for` loop may go over this as over an iterator that is made again. `iter()` alone is none: a collection finds
    /// its items by their number.
    pub(super) fn is_made_again(&self, collection: &Expr) -> bool {
        match collection {
            Expr::Paren(paren) => self.is_made_again(&paren.expr),
            Expr::MethodCall(call) => {
                self.is_chain(collection) && !["iter", "iter_mut"].contains(&name(call).as_str())
            }
            _ => false,
        }
    }

    fn is_chain(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Paren(paren) => self.is_chain(&paren.expr),
            Expr::Range(range) => range.start.is_some(),
            Expr::MethodCall(call) if SOURCES.contains(&name(call).as_str()) => {
                self.is_stable(&call.receiver) && call.args.iter().all(is_plain)
            }
            Expr::MethodCall(call) if ADAPTERS.contains(&name(call).as_str()) => {
                self.is_chain(&call.receiver)
            }
            Expr::MethodCall(call) if PAIRS.contains(&name(call).as_str()) => {
                let second = |arg: &Expr| self.is_chain(arg) || self.borrows(arg);
                self.is_chain(&call.receiver) && call.args.iter().all(second)
            }
            _ => false,
        }
    }

    fn borrows(&self, arg: &Expr) -> bool {
        matches!(place::borrowed(arg), Some((borrowed, false)) if self.is_stable(borrowed))
    }

    /// The chain with its arguments evaluated, as it would be before the first item.
    pub(super) fn kept_chain(&mut self, chain: &Expr) -> Expr {
        let mut chain = chain.clone();
        match &mut chain {
            Expr::Paren(paren) if matches!(*paren.expr, Expr::MethodCall(_)) => {
                return self.kept_chain(&paren.expr);
            }
            Expr::Paren(paren) => *paren.expr = self.kept_chain(&paren.expr),
            Expr::Range(range) => {
                for bound in [&mut range.start, &mut range.end].into_iter().flatten() {
                    **bound = self.kept_argument(bound);
                }
            }
            Expr::MethodCall(call) => {
                let pairs = PAIRS.contains(&name(call).as_str());
                if !SOURCES.contains(&name(call).as_str()) {
                    *call.receiver = self.kept_chain(&call.receiver);
                }
                for arg in &mut call.args {
                    *arg = if pairs { self.kept_chain(arg) } else { self.kept_argument(arg) };
                }
            }
            _ => {}
        }
        chain
    }

    /// A literal, or a local that nothing changes, stays; anything else is evaluated once and saved.
    fn kept_argument(&mut self, arg: &Expr) -> Expr {
        let steady = match arg {
            Expr::Lit(_) => true,
            Expr::Path(path) => path
                .path
                .get_ident()
                .and_then(|ident| self.lookup(&plain_name(ident)))
                .is_some_and(|id| !self.graph.binding(id).mutable),
            arg => place::is_literal_text(arg),
        };
        if steady { arg.clone() } else { self.spill(arg.clone(), BindingKind::Value) }
    }
}
