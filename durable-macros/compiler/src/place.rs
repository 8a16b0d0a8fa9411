//! Places: expressions that name a storage location and have no effect of their own.

use crate::graph::plain_name;
use syn::{Expr, Lit, UnOp};

/// A local, its fields, what it points to, or an element or slice at a literal index.
pub fn is_stable(expr: &Expr) -> bool {
    is_stable_at(expr, &|_| false)
}

/// The same, and elements at an index that is steady: it finds the same element whenever it is evaluated.
pub fn is_stable_at(expr: &Expr, steady: &dyn Fn(&Expr) -> bool) -> bool {
    match expr {
        Expr::Path(path) => path.qself.is_none(),
        Expr::Field(field) => is_stable_at(&field.base, steady),
        Expr::Paren(paren) => is_stable_at(&paren.expr, steady),
        Expr::Group(group) => is_stable_at(&group.expr, steady),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => is_stable_at(&unary.expr, steady),
        Expr::Index(index) => is_stable_at(&index.expr, steady) && is_index(&index.index, steady),
        _ => false,
    }
}

/// `3`, `..`, `1..`, `..=4`, or what is steady.
fn is_index(index: &Expr, steady: &dyn Fn(&Expr) -> bool) -> bool {
    match index {
        Expr::Lit(lit) => matches!(lit.lit, Lit::Int(_)),
        Expr::Range(range) => {
            [&range.start, &range.end].into_iter().flatten().all(|bound| is_index(bound, steady))
        }
        other => steady(other),
    }
}

/// The same, and elements at any index that is a literal or a place.
pub fn is_place(expr: &Expr) -> bool {
    match expr {
        Expr::Index(index) => {
            is_place(&index.expr) && (is_place(&index.index) || matches!(&*index.index, Expr::Lit(_)))
        }
        Expr::Field(field) => is_place(&field.base),
        Expr::Paren(paren) => is_place(&paren.expr),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => is_place(&unary.expr),
        other => is_stable(other),
    }
}

/// A local or its fields: evaluating it early or late is the same.
pub fn is_field_path(expr: &Expr) -> bool {
    match expr {
        Expr::Path(_) => true,
        Expr::Field(field) => is_field_path(&field.base),
        Expr::Paren(paren) => is_field_path(&paren.expr),
        _ => false,
    }
}

/// The local a place is a part of.
pub fn root(place: &Expr) -> Option<String> {
    match place {
        Expr::Path(path) => path.path.get_ident().map(plain_name),
        Expr::Field(field) => root(&field.base),
        Expr::Index(index) => root(&index.expr),
        Expr::Paren(paren) => root(&paren.expr),
        Expr::Group(group) => root(&group.expr),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => root(&unary.expr),
        _ => None,
    }
}

/// Whether finding a place reads an element, which may fail.
pub fn indexes(place: &Expr) -> bool {
    match place {
        Expr::Index(_) => true,
        Expr::Field(field) => indexes(&field.base),
        Expr::Paren(paren) => indexes(&paren.expr),
        Expr::Group(group) => indexes(&group.expr),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => indexes(&unary.expr),
        _ => false,
    }
}

/// `&PLACE` or `&mut PLACE`: the place, and whether exclusively.
pub fn borrowed(expr: &Expr) -> Option<(&Expr, bool)> {
    match expr {
        Expr::Reference(reference) => Some((&reference.expr, reference.mutability.is_some())),
        Expr::Paren(paren) => borrowed(&paren.expr),
        Expr::Group(group) => borrowed(&group.expr),
        _ => None,
    }
}

/// A string literal: written again it is the same.
pub fn is_literal_text(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(lit) => matches!(lit.lit, Lit::Str(_) | Lit::ByteStr(_) | Lit::CStr(_)),
        Expr::Paren(paren) => is_literal_text(&paren.expr),
        _ => false,
    }
}
