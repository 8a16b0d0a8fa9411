//! Declarations: what a pattern binds, what type it has, and whether it borrows.

use super::{Lower, lend, owned};
use crate::{
    facts::{self, PatternName},
    graph::{Binding, BindingId, BindingKind, Borrow, BorrowId, Code, Lent, Retake, plain_name},
    place, types,
};
use syn::{Expr, Pat, Type, parse_quote};

/// The type a pattern is annotated with.
pub(super) fn annotation(pat: &Pat) -> Option<Type> {
    match pat {
        Pat::Type(typed) => Some((*typed.ty).clone()),
        _ => None,
    }
}

/// What a pattern declares: found out before any of its names hides another.
enum Planned {
    /// Names that borrow.
    Borrow(Vec<PatternName>, Box<Borrow>),
    /// Values, and what lent them.
    Values(Vec<Value>, Option<Lent>),
}

/// A value that a pattern declares.
struct Value {
    name: PatternName,
    ty: Option<Type>,
    annotation: Option<Type>,
    kind: BindingKind,
    /// A part of what was matched.
    in_pattern: bool,
}

impl Lower<'_> {
    /// The names of a `let`; they are in scope afterwards.
    pub(super) fn declare_let(&mut self, pat: &Pat, init: Option<&Expr>, refutable: bool) -> Vec<BindingId> {
        let planned = match init {
            Some(init) => {
                let parts = parts(pat, init).into_iter();
                parts.map(|(pat, init)| self.plan_let(pat, Some(init), refutable)).collect()
            }
            None => vec![self.plan_let(pat, None, refutable)],
        };
        self.declare_planned(planned)
    }

    fn plan_let(&self, pat: &Pat, init: Option<&Expr>, refutable: bool) -> Planned {
        let annotated = annotation(pat);
        let names = match refutable {
            true => facts::pattern_names(pat),
            false => facts::irrefutable_names(pat),
        };
        if let Some(init) = init
            && let Some(borrow) = self.borrow_of(pat, &names, init, refutable)
        {
            return Planned::Borrow(names, Box::new(borrow));
        }
        let single = matches!(pat, Pat::Ident(_))
            || matches!(pat, Pat::Type(typed) if matches!(*typed.pat, Pat::Ident(_)));
        let reference = self
            .refused_reference(annotated.as_ref(), init)
            .or_else(|| init.filter(|init| single && lend::holds_literal_text(init)).map(|_| lend::LITERALS));
        let code = init.and_then(code);
        // A type that is written whole says whether it borrows.
        let open = annotated.as_ref().is_none_or(types::open_or_borrowed);
        let lent = init.filter(|_| open).and_then(|init| self.lent(annotated.as_ref(), init));
        let known = match (&annotated, init) {
            (Some(ty), _) => Some(ty.clone()),
            (None, Some(init)) => types::of_expr(init, &|name| self.known_type(name)),
            (None, None) => None,
        };
        let value = |name: PatternName| {
            let kind = match reference {
                _ if name.copied => BindingKind::Local,
                Some(why) => BindingKind::Reference(why),
                None if name.by_ref => {
                    BindingKind::PatternReference("it is bound by `ref` to a value that is not a local")
                }
                None => code.map_or(BindingKind::Local, BindingKind::Code),
            };
            let ty = known.as_ref().filter(|_| single).and_then(|ty| self.nameable(ty));
            Value { name, ty, annotation: annotated.clone().filter(|_| single), kind, in_pattern: !single }
        };
        Planned::Values(names.into_iter().map(value).collect(), lent)
    }

    /// The names of a pattern that a scrutinee matched: of a `match` arm, `if let` or `while let`.
    pub(super) fn declare_matched(&mut self, pat: &Pat, scrutinee: Option<&Expr>) -> Vec<BindingId> {
        let pat = without_guard(pat);
        let planned = match scrutinee {
            Some(scrutinee) => {
                let parts = parts(pat, scrutinee).into_iter();
                parts.map(|(pat, scrutinee)| self.plan_matched(pat, Some(scrutinee))).collect()
            }
            None => vec![self.plan_matched(pat, None)],
        };
        self.declare_planned(planned)
    }

    fn plan_matched(&self, pat: &Pat, scrutinee: Option<&Expr>) -> Planned {
        let names = match scrutinee {
            Some(_) => facts::pattern_names(pat),
            // The items of a `for` loop.
            None => facts::irrefutable_names(pat),
        };
        if let Some(scrutinee) = scrutinee
            && let Some(borrow) = self.borrow_of(pat, &names, scrutinee, true)
        {
            return Planned::Borrow(names, Box::new(borrow));
        }
        let lent = scrutinee.and_then(|scrutinee| self.lent(None, scrutinee));
        let refers = scrutinee.is_some_and(|scrutinee| place::borrowed(scrutinee).is_some());
        let why = match scrutinee {
            Some(scrutinee) if self.is_stable(scrutinee) => {
                "its pattern binds other parts by value, and they are gone by then"
            }
            _ => "it borrows from a value that is not a local",
        };
        let value = |name: PatternName| {
            let kind = match (refers || name.by_ref) && !name.copied {
                true => BindingKind::PatternReference(why),
                false => BindingKind::Local,
            };
            Value { name, ty: None, annotation: None, kind, in_pattern: true }
        };
        Planned::Values(names.into_iter().map(value).collect(), lent)
    }

    fn declare_planned(&mut self, planned: Vec<Planned>) -> Vec<BindingId> {
        let mut defs = Vec::new();
        for planned in planned {
            match planned {
                Planned::Borrow(names, borrow) => {
                    let exclusive = borrow.is_exclusive();
                    defs.extend(self.declare_borrow(&names, *borrow, exclusive));
                }
                Planned::Values(values, lent) => {
                    defs.extend(values.into_iter().map(|Value { name, ty, annotation, kind, in_pattern }| {
                        let id = self.declare(&name, ty, annotation, kind);
                        self.graph.in_patterns.extend(in_pattern.then_some(id));
                        self.note_lent(id, &name, lent.as_ref());
                        id
                    }))
                }
            }
        }
        defs
    }

    /// The names of a `for` loop over a borrowed collection.
    pub(super) fn declare_item(
        &mut self,
        pat: &Pat,
        place: Expr,
        cursor: BindingId,
        exclusive: bool,
    ) -> (BorrowId, Vec<BindingId>) {
        let names = facts::irrefutable_names(pat);
        let mut bases = self.bases(&place);
        bases.push(cursor);
        let borrow = Borrow {
            bindings: Vec::new(),
            retake: Retake::Item { pat: pat.clone(), place, cursor, exclusive },
            bases,
        };
        let defs = self.declare_borrow(&names, borrow, exclusive);
        (BorrowId(self.graph.borrows.len() - 1), defs)
    }

    /// One name; it is in scope afterwards.
    pub(super) fn declare(
        &mut self,
        name: &PatternName,
        ty: Option<Type>,
        annotation: Option<Type>,
        kind: BindingKind,
    ) -> BindingId {
        let id =
            self.bind(Binding { ident: name.ident.clone(), mutable: name.mutable, ty, annotation, kind });
        self.scope.push((plain_name(&name.ident), id));
        id
    }

    /// The names of a pattern that borrows. Copies behind a `&` of the pattern are values like any other.
    fn declare_borrow(&mut self, names: &[PatternName], borrow: Borrow, exclusive: bool) -> Vec<BindingId> {
        let id = BorrowId(self.graph.borrows.len());
        self.graph.borrows.push(borrow);
        let kind = |name: &PatternName| match name {
            name if name.copied => BindingKind::Local,
            name if name.mutable => {
                BindingKind::PatternReference("it is bound `mut`, so it may point elsewhere by then")
            }
            name if name.whole && exclusive => BindingKind::PatternReference(
                "it borrows a whole exclusively, which may no longer match its pattern by then",
            ),
            _ => BindingKind::Borrowed(id),
        };
        let defs: Vec<_> = names.iter().map(|name| self.declare(name, None, None, kind(name))).collect();
        self.graph.borrows[id.0].bindings =
            defs.iter().copied().filter(|def| self.graph.borrow_of(*def).is_some()).collect();
        defs
    }

    /// How the borrow of a pattern is taken again, if it is one that can be (L8).
    fn borrow_of(&self, pat: &Pat, names: &[PatternName], init: &Expr, refutable: bool) -> Option<Borrow> {
        if names.is_empty() {
            return None;
        }
        // `let n @ Some(_) = ..` binds a whole by itself.
        let by_ref = names.iter().all(|name| name.by_ref) && self.is_stable(init);
        let exclusive = self.borrow_local(init);
        let borrows = match place::borrowed(init) {
            Some((borrowed, _)) => self.is_stable(borrowed),
            // A `mut` binding of a literal may point elsewhere later. What takes a borrow apart borrows from the same.
            None => {
                let name = match init {
                    Expr::Path(path) => path.path.get_ident().map(plain_name),
                    _ => None,
                };
                // A resource is a reference that is always there.
                let again = name.is_some_and(|name| self.is_resource(&name))
                    || (exclusive.is_some() && takes_apart(pat));
                by_ref || place::is_literal_text(init) || again
            }
        };
        let reassigned = names.iter().any(|name| name.mutable && !name.copied);
        if !borrows || reassigned || names.iter().all(|name| name.copied) {
            return None;
        }
        let expr = match exclusive {
            // What takes an exclusive borrow apart leaves it where it is, for afterwards.
            Some(true) => parse_quote!(&mut *#init),
            _ => init.clone(),
        };
        let pat = in_let(pat);
        let retake = if refutable { Retake::Matched { pat, expr } } else { Retake::Let { pat, expr } };
        Some(Borrow { bindings: Vec::new(), retake, bases: self.bases(init) })
    }

    /// Whether a place is the same one after a resume.
    pub(super) fn is_stable(&self, place: &Expr) -> bool {
        place::is_stable_at(place, &|index| self.is_steady(index))
    }

    /// A constant, or a local that nothing changes: it is saved with what it finds, or taken again before it.
    pub(super) fn is_steady(&self, index: &Expr) -> bool {
        let Expr::Path(path) = index else { return false };
        let local = path.path.get_ident().and_then(|ident| self.lookup(&plain_name(ident)));
        local.map(|id| self.graph.binding(id)).is_none_or(|local| {
            let kept =
                matches!(local.kind, BindingKind::Input | BindingKind::Local | BindingKind::Borrowed(_));
            // One of ours is assigned once.
            local.kind == BindingKind::Value || (kept && !local.mutable)
        })
    }

    /// Of a local that is a borrow which can be taken again, whether it is exclusive.
    fn borrow_local(&self, expr: &Expr) -> Option<bool> {
        let Expr::Path(path) = expr else { return None };
        let local = path.path.get_ident().and_then(|ident| self.lookup(&plain_name(ident)))?;
        self.graph.borrow_of(local).map(|borrow| self.graph.borrow(borrow).is_exclusive())
    }

    /// Why a `let` is a reference that cannot be taken again, where its tokens show it.
    fn refused_reference(&self, annotated: Option<&Type>, init: Option<&Expr>) -> Option<&'static str> {
        if let Some(init) = init {
            if let Some((borrowed, _)) = place::borrowed(init) {
                return Some(match place::is_place(borrowed) {
                    true => "it borrows an element whose index may have changed by then, or is bound `mut`",
                    false => "it borrows from a temporary value",
                });
            }
            if let Expr::Lit(lit) = init
                && matches!(lit.lit, syn::Lit::Str(_))
            {
                return Some("it is bound `mut`, so it may point elsewhere by then");
            }
        }
        annotated.filter(|ty| types::refers(ty)).map(|_| match init {
            None => "it is assigned after its declaration",
            Some(Expr::If(_) | Expr::Match(_) | Expr::Block(_)) => "what it points to was chosen before",
            Some(_) => "it comes from a call or another expression",
        })
    }

    /// The locals a place is found with.
    fn bases(&self, place: &Expr) -> Vec<BindingId> {
        facts::of_expr(place).uses.iter().filter_map(|name| self.lookup(name)).collect()
    }

    fn lent(&self, annotated: Option<&Type>, value: &Expr) -> Option<Lent> {
        let collected = lend::called(value).and_then(lend::collected_type);
        let borrows = annotated.or(collected.as_ref()).is_some_and(types::borrows);
        let lender = lend::lender(value).or_else(|| {
            let call = lend::called(value).filter(|_| borrows)?;
            Some(lend::Lender { method: call.method.to_string(), text: false, items: false })
        })?;
        let source = lend::source(value).and_then(|name| self.lookup(&name));
        let local = source.is_some_and(|id| self.graph.binding(id).kind != BindingKind::Resource);
        let owned = owned::owned_form(&lender, value);
        let lend::Lender { method, text, items } = lender;
        Some(Lent { method, text, items: items || borrows, written: borrows, local, owned })
    }

    /// What lent the items of a collection that a loop takes apart.
    pub(super) fn lent_items(&self, collection: &Expr) -> Option<Lent> {
        let lent = match collection {
            Expr::Paren(paren) => return self.lent_items(&paren.expr),
            Expr::Path(path) => {
                let local = self.lookup(&plain_name(path.path.get_ident()?))?;
                self.graph.lent.get(&local).cloned()
            }
            value => self.lent(None, value),
        };
        lent.filter(|lent| lent.items)
    }

    fn note_lent(&mut self, id: BindingId, name: &PatternName, lent: Option<&Lent>) {
        let borrows = matches!(self.graph.binding(id).kind, BindingKind::Local | BindingKind::Reference(_))
            && !name.copied;
        if let Some(lent) = lent.filter(|_| borrows) {
            self.graph.lent.insert(id, lent.clone());
        }
    }

    pub(super) fn known_type(&self, name: &str) -> Option<Type> {
        let binding = self.graph.binding(self.lookup(name)?);
        match binding.kind {
            BindingKind::Input | BindingKind::Local | BindingKind::Value => binding.ty.clone(),
            _ => None,
        }
    }
}

/// Whether a value is code.
fn code(init: &Expr) -> Option<Code> {
    match init {
        Expr::Closure(_) => Some(Code::Closure),
        Expr::Async(_) => Some(Code::Future),
        Expr::Paren(paren) => code(&paren.expr),
        _ => None,
    }
}

/// `(a, b)` and `(&x, y)` are two patterns and two values.
fn parts<'a>(pat: &'a Pat, value: &'a Expr) -> Vec<(&'a Pat, &'a Expr)> {
    match (pat, value) {
        (Pat::Paren(pat), _) => parts(&pat.pat, value),
        (_, Expr::Paren(value)) => parts(pat, &value.expr),
        (Pat::Tuple(pats), Expr::Tuple(values))
            if pats.elems.len() == values.elems.len()
                && !pats.elems.iter().any(|pat| matches!(pat, Pat::Rest(_))) =>
        {
            pats.elems.iter().zip(&values.elems).flat_map(|(pat, value)| parts(pat, value)).collect()
        }
        _ => vec![(pat, value)],
    }
}

/// An arm's pattern as a `let` takes it: alternatives stand in parentheses there.
fn in_let(pat: &Pat) -> Pat {
    match pat {
        Pat::Or(_) => Pat::Paren(syn::PatParen {
            attrs: Vec::new(),
            paren_token: Default::default(),
            pat: Box::new(pat.clone()),
        }),
        pat => pat.clone(),
    }
}

/// Whether a pattern matches the parts of a value.
fn takes_apart(pat: &Pat) -> bool {
    match pat {
        Pat::Ident(pat) => pat.subpat.as_ref().is_some_and(|(_, inner)| takes_apart(inner)),
        Pat::Or(or) => or.cases.iter().any(takes_apart),
        Pat::Paren(paren) => takes_apart(&paren.pat),
        Pat::Type(typed) => takes_apart(&typed.pat),
        Pat::Struct(_) | Pat::TupleStruct(_) | Pat::Tuple(_) | Pat::Slice(_) => true,
        _ => false,
    }
}

fn without_guard(pat: &Pat) -> &Pat {
    match pat {
        Pat::Guard(guard) => &guard.pat,
        other => other,
    }
}
