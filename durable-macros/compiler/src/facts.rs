//! What a piece of untouched code means for the names around it: which it reads, which it assigns, and where it may jump.
//!
//! Names bound inside the code are its own. Closures, `async` blocks and macros are read for the names they capture; nested
//! items capture nothing.

mod awaits;
mod collect;
mod divergence;
mod pattern;
mod read_only;
#[cfg(test)]
mod tests;

pub use awaits::{block_has_await, has_await, stmt_has_await};
pub use divergence::diverges;
pub use pattern::{PatternName, irrefutable_names, local_names, pattern_names};

use crate::graph::JumpKey;
use collect::Collect;
use std::collections::BTreeSet;
use syn::{Attribute, Expr, Pat, Stmt, visit::Visit};

/// A set of names.
pub type Names = BTreeSet<String>;

/// The facts of one piece of code.
#[derive(Debug, Default, Clone)]
pub struct Facts {
    /// Read, borrowed or moved.
    pub uses: Names,
    /// Of these, those that some way comes to without having assigned them whole before.
    pub exposed: Names,
    /// Assigned whole on some way.
    pub assigns: Names,
    /// Assigned whole on every way through.
    pub kills: Names,
    /// Changed for certain where the code runs: a whole or a part is assigned, or borrowed exclusively.
    pub changes: Names,
    /// Possibly changed: a method is called on it, a closure or a macro names it.
    pub touches: Names,
    /// Jumps out of the code.
    pub jumps: Vec<WayOut>,
}

/// A jump out of a piece of code.
#[derive(Debug, Clone)]
pub struct WayOut {
    /// As written.
    pub key: JumpKey,
    /// The names that are bound inside where it stands.
    pub bound: Names,
    /// The names outside that were assigned whole before it.
    pub assigned: Names,
}

/// Whether an attribute decides whether the code under it is there at all.
pub fn is_conditional(attr: &Attribute) -> bool {
    attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr")
}

/// The facts of an expression.
pub fn of_expr(expr: &Expr) -> Facts {
    let mut collect = Collect::default();
    collect.visit_expr(expr);
    collect.finish()
}

/// The facts of a statement. The names a `let` declares are not among them.
pub fn of_stmt(stmt: &Stmt) -> Facts {
    let mut collect = Collect::default();
    match stmt {
        Stmt::Local(local) => collect.local(local),
        stmt => collect.visit_stmt(stmt),
    }
    collect.finish()
}

/// The facts of a pattern's guard and constants.
pub fn of_pattern(pat: &Pat) -> Facts {
    let mut collect = Collect::default();
    collect.pattern_paths(pat);
    // A guard that runs need not let its arm be taken.
    Facts { kills: Names::new(), ..collect.finish() }
}
