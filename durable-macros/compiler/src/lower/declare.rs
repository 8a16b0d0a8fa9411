//! Declarations: what a pattern binds, what type it has, and whether it borrows.

use super::Lower;
use crate::{
    facts::{self, PatternName},
    graph::{Binding, BindingId, BindingKind, Borrow, BorrowId, Retake, plain_name},
    place,
    types,
};
use syn::{Expr, Pat, Type};

/// The type a pattern is annotated with.
pub(super) fn annotation(pat: &Pat) -> Option<Type> {
    match pat {
        Pat::Type(typed) => Some((*typed.ty).clone()),
        _ => None,
    }
}

impl Lower<'_> {
    /// The names of a `let`; they are in scope afterwards.
    pub(super) fn declare_let(&mut self, pat: &Pat, init: Option<&Expr>, refutable: bool) -> Vec<BindingId> {
        let annotated = annotation(pat);
        let names = facts::pattern_names(pat);
        if let Some(init) = init
            && let Some(borrow) = self.borrow_of(pat, &names, init, refutable)
        {
            return self.declare_borrow(&names, borrow);
        }
        let reference = self.refused_reference(annotated.as_ref(), init);
        let single = matches!(pat, Pat::Ident(_)) || matches!(pat, Pat::Type(typed) if matches!(*typed.pat, Pat::Ident(_)));
        let known = match (&annotated, init) {
            (Some(ty), _) => Some(ty.clone()),
            (None, Some(init)) => types::of_expr(init, &|name| self.known_type(name)),
            (None, None) => None,
        };
        names
            .iter()
            .map(|name| {
                let kind = match reference {
                    Some(why) => BindingKind::Reference(why),
                    None if name.by_ref => BindingKind::PatternReference("it is bound by `ref` to a value that is not a local"),
                    None => BindingKind::Local,
                };
                let ty = known.as_ref().filter(|_| single).and_then(|ty| self.nameable(ty));
                let annotation = annotated.clone().filter(|_| single);
                self.declare(name, ty, annotation, kind)
            })
            .collect()
    }

    /// The names of a pattern that a scrutinee matched: of a `match` arm, `if let` or `while let`.
    pub(super) fn declare_matched(&mut self, pat: &Pat, scrutinee: Option<&Expr>) -> Vec<BindingId> {
        let names = facts::pattern_names(pat);
        if let Some(scrutinee) = scrutinee
            && let Some(borrow) = self.borrow_of(without_guard(pat), &names, scrutinee, true)
        {
            return self.declare_borrow(&names, borrow);
        }
        let refers = scrutinee.is_some_and(|scrutinee| place::borrowed(scrutinee).is_some());
        names
            .iter()
            .map(|name| {
                let kind = match refers || name.by_ref {
                    true => BindingKind::PatternReference("it borrows from a value that is not a local"),
                    false => BindingKind::Local,
                };
                self.declare(name, None, None, kind)
            })
            .collect()
    }

    /// The names of a `for` loop over a borrowed collection.
    pub(super) fn declare_item(&mut self, pat: &Pat, place: Expr, cursor: BindingId, exclusive: bool) -> BorrowId {
        let names = facts::pattern_names(pat);
        let mut bases = self.bases(&place);
        bases.push(cursor);
        let borrow = Borrow {
            bindings: Vec::new(),
            retake: Retake::Item { pat: pat.clone(), place, cursor, exclusive },
            bases,
        };
        self.declare_borrow(&names, borrow);
        BorrowId(self.graph.borrows.len() - 1)
    }

    /// One name; it is in scope afterwards.
    pub(super) fn declare(
        &mut self,
        name: &PatternName,
        ty: Option<Type>,
        annotation: Option<Type>,
        kind: BindingKind,
    ) -> BindingId {
        let id = self.bind(Binding { ident: name.ident.clone(), mutable: name.mutable, ty, annotation, kind });
        self.scope.push((plain_name(&name.ident), id));
        id
    }

    fn declare_borrow(&mut self, names: &[PatternName], borrow: Borrow) -> Vec<BindingId> {
        let id = BorrowId(self.graph.borrows.len());
        self.graph.borrows.push(borrow);
        let bindings: Vec<_> = names.iter().map(|name| self.declare(name, None, None, BindingKind::Borrowed(id))).collect();
        self.graph.borrows[id.0].bindings = bindings.clone();
        bindings
    }

    /// How the borrow of a pattern is taken again, if it is one that can be (L8).
    fn borrow_of(&self, pat: &Pat, names: &[PatternName], init: &Expr, refutable: bool) -> Option<Borrow> {
        let by_ref = !names.is_empty() && names.iter().all(|name| name.by_ref) && place::is_stable(init);
        let borrows = match place::borrowed(init) {
            Some((borrowed, _)) => place::is_stable(borrowed),
            // A `mut` binding of a literal may point elsewhere later.
            None => by_ref || (place::is_literal_text(init) && !names.iter().any(|name| name.mutable)),
        };
        let reassigned = names.iter().any(|name| name.mutable);
        if !borrows || reassigned || names.is_empty() {
            return None;
        }
        let (pat, expr) = (pat.clone(), init.clone());
        let retake = if refutable { Retake::Matched { pat, expr } } else { Retake::Let { pat, expr } };
        Some(Borrow { bindings: Vec::new(), retake, bases: self.bases(init) })
    }

    /// Why a `let` is a reference that cannot be taken again, where its tokens show it.
    fn refused_reference(&self, annotated: Option<&Type>, init: Option<&Expr>) -> Option<&'static str> {
        if let Some(init) = init {
            if let Some((borrowed, _)) = place::borrowed(init) {
                return Some(match place::is_place(borrowed) {
                    true => "it borrows an element whose index may have changed, or is bound `mut`",
                    false => "it borrows a temporary value",
                });
            }
            if let Expr::Lit(lit) = init
                && matches!(lit.lit, syn::Lit::Str(_))
            {
                return Some("it is bound `mut`, so it may point elsewhere by then");
            }
        }
        annotated.filter(|ty| types::refers(ty)).map(|_| "it comes from a call")
    }

    /// The locals a place is found with.
    fn bases(&self, place: &Expr) -> Vec<BindingId> {
        facts::of_expr(place).uses.iter().filter_map(|name| self.lookup(name)).collect()
    }

    fn known_type(&self, name: &str) -> Option<Type> {
        let binding = self.graph.binding(self.lookup(name)?);
        match binding.kind {
            BindingKind::Input | BindingKind::Local | BindingKind::Value => binding.ty.clone(),
            _ => None,
        }
    }
}

fn without_guard(pat: &Pat) -> &Pat {
    match pat {
        Pat::Guard(guard) => &guard.pat,
        other => other,
    }
}
