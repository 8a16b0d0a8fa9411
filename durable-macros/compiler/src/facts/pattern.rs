//! The names that a pattern binds.

use crate::graph::plain_name;
use syn::{
    Expr, Ident, Local, Pat,
    visit::{self, Visit},
};

/// A name that a pattern binds.
#[derive(Debug, Clone)]
pub struct PatternName {
    /// The name.
    pub ident: Ident,
    /// `mut`.
    pub mutable: bool,
    /// `ref`.
    pub by_ref: bool,
    /// `ref mut`.
    pub exclusive: bool,
    /// Stands behind a `&` of the pattern, so that it is a copy and no borrow.
    pub copied: bool,
    /// Binds a whole whose parts are matched as well, `name @ ..`.
    pub whole: bool,
}

/// The names that a pattern which may not match binds, each once, in order.
pub fn pattern_names(pat: &Pat) -> Vec<PatternName> {
    names(pat, true)
}

/// The names that the pattern of a `let` or `for` binds. A constant cannot stand there, so `N` is a name, too.
pub fn irrefutable_names(pat: &Pat) -> Vec<PatternName> {
    names(pat, false)
}

/// The names that a `let` binds.
pub fn local_names(local: &Local) -> Vec<PatternName> {
    names(&local.pat, local.init.as_ref().is_some_and(|init| init.diverge.is_some()))
}

fn names(pat: &Pat, refutable: bool) -> Vec<PatternName> {
    struct Find {
        names: Vec<PatternName>,
        copied: bool,
        refutable: bool,
    }
    impl<'ast> Visit<'ast> for Find {
        fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
            if is_binding(pat, self.refutable) && !self.names.iter().any(|known| known.ident == pat.ident) {
                let (mutability, by_ref) = (pat.mutability.is_some(), pat.by_ref.is_some());
                let (mutable, exclusive) = (mutability && !by_ref, mutability && by_ref);
                let (copied, whole) = (self.copied && !by_ref, pat.subpat.is_some());
                self.names.push(PatternName {
                    ident: pat.ident.clone(),
                    mutable,
                    by_ref,
                    exclusive,
                    copied,
                    whole,
                });
            }
            visit::visit_pat_ident(self, pat);
        }
        fn visit_pat_reference(&mut self, pat: &'ast syn::PatReference) {
            let before = std::mem::replace(&mut self.copied, true);
            visit::visit_pat_reference(self, pat);
            self.copied = before;
        }
        fn visit_expr(&mut self, _: &'ast Expr) {}
    }
    let mut find = Find { names: Vec::new(), copied: false, refutable };
    find.visit_pat(pat);
    find.names
}

/// A bare name in a pattern is a constant, a unit variant or a unit struct if it is written like one.
fn is_binding(pat: &syn::PatIdent, refutable: bool) -> bool {
    let plain = pat.by_ref.is_none() && pat.mutability.is_none() && pat.subpat.is_none();
    let name = plain_name(&pat.ident);
    let known = match refutable {
        true => name.starts_with(char::is_uppercase),
        // `Marker`.
        false => name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase),
    };
    !(plain && known)
}
