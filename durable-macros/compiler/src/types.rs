//! What the macro can know of a local's type from its tokens.

use crate::{graph::plain_name, macros};
use std::collections::BTreeSet;
use syn::{
    Expr, GenericArgument, Item, Lit, PathArguments, Type, UseTree, parse_quote,
    visit::{self, Visit},
};

/// Names that only the body can use: types and imports declared in it.
#[derive(Debug, Clone, Default)]
pub struct DeclaredNames {
    names: BTreeSet<String>,
    glob: bool,
}

/// The names that items in the body declare.
pub fn declared_names(items: &[Item]) -> DeclaredNames {
    let mut declared = DeclaredNames::default();
    for item in items {
        match item {
            Item::Struct(item) => declared.add(&item.ident),
            Item::Enum(item) => declared.add(&item.ident),
            Item::Type(item) => declared.add(&item.ident),
            Item::Mod(item) => declared.add(&item.ident),
            Item::Use(item) => declared.import(&item.tree),
            _ => {}
        }
    }
    declared
}

impl DeclaredNames {
    fn add(&mut self, ident: &syn::Ident) {
        self.names.insert(plain_name(ident));
    }

    fn import(&mut self, tree: &UseTree) {
        match tree {
            UseTree::Path(path) => self.import(&path.tree),
            UseTree::Name(name) => self.add(&name.ident),
            UseTree::Rename(rename) => self.add(&rename.rename),
            UseTree::Glob(_) => self.glob = true,
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree)),
        }
    }
}

/// Whether a type can be written in the public enum: whole, without references, and with names that are known there.
pub fn nameable(ty: &Type, declared: &DeclaredNames) -> bool {
    struct Check<'a> {
        declared: &'a DeclaredNames,
        ok: bool,
    }
    impl<'ast> Visit<'ast> for Check<'_> {
        fn visit_type(&mut self, ty: &'ast Type) {
            match ty {
                Type::Infer(_)
                | Type::ImplTrait(_)
                | Type::Macro(_)
                | Type::Reference(_)
                | Type::TraitObject(_) => self.ok = false,
                other => visit::visit_type(self, other),
            }
        }
        fn visit_path(&mut self, path: &'ast syn::Path) {
            if let Some(first) = path.segments.first() {
                let name = plain_name(&first.ident);
                let hidden =
                    self.declared.names.contains(&name) || (self.declared.glob && path.segments.len() == 1);
                if path.leading_colon.is_none() && (hidden || name == "Self") {
                    self.ok = false;
                }
            }
            visit::visit_path(self, path);
        }
        fn visit_lifetime(&mut self, lifetime: &'ast syn::Lifetime) {
            if lifetime.ident != "static" {
                self.ok = false;
            }
        }
    }
    let mut check = Check { declared, ok: true };
    check.visit_type(ty);
    check.ok
}

/// Whether a type contains a reference, as its tokens show.
pub fn refers(ty: &Type) -> bool {
    struct Find(bool);
    impl<'ast> Visit<'ast> for Find {
        fn visit_type_reference(&mut self, _: &'ast syn::TypeReference) {
            self.0 = true;
        }
        // What a function takes or gives is not held by it.
        fn visit_type_fn_ptr(&mut self, _: &'ast syn::TypeFnPtr) {}
    }
    let mut find = Find(false);
    find.visit_type(ty);
    find.0
}

/// Whether a type contains a reference that is not `'static`.
pub fn borrows(ty: &Type) -> bool {
    struct Find(bool);
    impl<'ast> Visit<'ast> for Find {
        fn visit_type_reference(&mut self, reference: &'ast syn::TypeReference) {
            self.0 |= reference.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident != "static");
            visit::visit_type_reference(self, reference);
        }
        fn visit_type_fn_ptr(&mut self, _: &'ast syn::TypeFnPtr) {}
    }
    let mut find = Find(false);
    find.visit_type(ty);
    find.0
}

/// Whether a type as written contains a reference, or leaves a part of it open with `_`.
pub fn open_or_borrowed(ty: &Type) -> bool {
    struct Find(bool);
    impl<'ast> Visit<'ast> for Find {
        fn visit_type_infer(&mut self, _: &'ast syn::TypeInfer) {
            self.0 = true;
        }
    }
    let mut find = Find(false);
    find.visit_type(ty);
    find.0 || refers(ty)
}

/// The type of an expression, where its tokens show it: literals, moves and clones of known locals, casts, strings.
pub fn of_expr(expr: &Expr, known: &dyn Fn(&str) -> Option<Type>) -> Option<Type> {
    match expr {
        Expr::Lit(lit) => of_literal(&lit.lit),
        Expr::Path(path) => known(&plain_name(path.path.get_ident()?)),
        Expr::Paren(paren) => of_expr(&paren.expr, known),
        Expr::Group(group) => of_expr(&group.expr, known),
        Expr::Cast(cast) => Some((*cast.ty).clone()),
        Expr::Macro(mac)
            if macros::last_segment(&mac.mac) == "format" && macros::known(&mac.mac).is_some() =>
        {
            Some(parse_quote!(String))
        }
        Expr::MethodCall(call) if call.args.is_empty() && call.turbofish.is_none() => {
            match call.method.to_string().as_str() {
                "clone" => of_expr(&call.receiver, known),
                "to_string" => Some(parse_quote!(String)),
                "to_owned" if is_str(&call.receiver) => Some(parse_quote!(String)),
                _ => None,
            }
        }
        Expr::Call(call) => of_constructor(&call.func),
        Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Not(_)) => {
            of_expr(&unary.expr, known).filter(|ty| *ty == parse_quote!(bool))
        }
        Expr::Binary(binary) => {
            use syn::BinOp::{And, Eq, Ge, Gt, Le, Lt, Ne, Or};
            matches!(binary.op, And(_) | Eq(_) | Ge(_) | Gt(_) | Le(_) | Lt(_) | Ne(_) | Or(_))
                .then(|| parse_quote!(bool))
        }
        _ => None,
    }
}

/// The type of the items that a loop over an expression by value gives.
pub fn of_item(collection: &Expr, known: &dyn Fn(&str) -> Option<Type>) -> Option<Type> {
    match collection {
        Expr::Paren(paren) => of_item(&paren.expr, known),
        Expr::Range(range) => {
            [&range.start, &range.end].into_iter().flatten().find_map(|bound| of_expr(bound, known))
        }
        owned => {
            let ty = of_expr(owned, known)?;
            Some(parse_quote!(<#ty as ::core::iter::IntoIterator>::Item))
        }
    }
}

/// Collections of `std` that a loop goes over by value.
const COLLECTIONS: &[&str] =
    &["BTreeMap", "BTreeSet", "BinaryHeap", "HashMap", "HashSet", "LinkedList", "Option", "Vec", "VecDeque"];

/// The type of a collection or range that a loop goes over by value, if it is one of `std`. Of another it would have to be asked
/// whether a loop may go over it, in a second place.
pub fn of_owned_collection(collection: &Expr, known: &dyn Fn(&str) -> Option<Type>) -> Option<Type> {
    match collection {
        Expr::Paren(paren) => of_owned_collection(&paren.expr, known),
        Expr::Range(range) => {
            range.start.as_ref().and(range.end.as_ref())?;
            let item = of_item(collection, known)?;
            Some(match range.limits {
                syn::RangeLimits::HalfOpen(_) => parse_quote!(::core::ops::Range<#item>),
                syn::RangeLimits::Closed(_) => parse_quote!(::core::ops::RangeInclusive<#item>),
            })
        }
        owned => of_expr(owned, known).filter(|ty| match ty {
            Type::Array(_) => true,
            Type::Path(path) => path
                .path
                .segments
                .last()
                .is_some_and(|last| COLLECTIONS.iter().any(|name| last.ident == name)),
            _ => false,
        }),
    }
}

fn of_literal(lit: &Lit) -> Option<Type> {
    match lit {
        Lit::Bool(_) => Some(parse_quote!(bool)),
        Lit::Char(_) => Some(parse_quote!(char)),
        Lit::Int(int) if !int.suffix().is_empty() => syn::parse_str(int.suffix()).ok(),
        Lit::Float(float) if !float.suffix().is_empty() => syn::parse_str(float.suffix()).ok(),
        _ => None,
    }
}

fn is_str(expr: &Expr) -> bool {
    matches!(expr, Expr::Lit(lit) if matches!(lit.lit, Lit::Str(_)))
}

/// `String::new()`, `String::from(..)`, and `Vec::<u8>::new()` and the like with every parameter written.
fn of_constructor(func: &Expr) -> Option<Type> {
    let Expr::Path(path) = func else { return None };
    let segments: Vec<_> = path.path.segments.iter().collect();
    let [ty, function] = segments[..] else { return None };
    let constructs = ["new", "from", "with_capacity", "default"].iter().any(|name| function.ident == name);
    if path.qself.is_some() || !constructs || !function.arguments.is_empty() {
        return None;
    }
    match (&ty.arguments, ty.ident.to_string().as_str()) {
        (PathArguments::None, "String") => Some(parse_quote!(String)),
        (PathArguments::AngleBracketed(args), "Vec" | "VecDeque" | "BTreeSet" | "HashSet")
            if whole(args, 1) =>
        {
            Some(parse_quote!(#ty))
        }
        (PathArguments::AngleBracketed(args), "BTreeMap" | "HashMap") if whole(args, 2) => {
            Some(parse_quote!(#ty))
        }
        _ => None,
    }
    .map(|ty: Type| without_turbofish(&ty))
}

fn whole(args: &syn::AngleBracketedGenericArguments, count: usize) -> bool {
    args.args.len() == count
        && args
            .args
            .iter()
            .all(|arg| matches!(arg, GenericArgument::Type(ty) if !matches!(ty, Type::Infer(_))))
}

/// `Vec::<u8>` as a type is `Vec<u8>`.
fn without_turbofish(ty: &Type) -> Type {
    let mut ty = ty.clone();
    if let Type::Path(path) = &mut ty {
        for segment in &mut path.path.segments {
            if let PathArguments::AngleBracketed(args) = &mut segment.arguments {
                args.colon2_token = None;
            }
        }
    }
    ty
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_of(expr: Expr) -> Option<Type> {
        of_expr(&expr, &|name| (name == "order").then(|| parse_quote!(Order)))
    }

    #[test]
    fn knows_what_the_tokens_show() {
        assert_eq!(type_of(parse_quote!(5u8)), Some(parse_quote!(u8)));
        assert_eq!(type_of(parse_quote!(order.clone())), Some(parse_quote!(Order)));
        assert_eq!(type_of(parse_quote!("a".to_owned())), Some(parse_quote!(String)));
        assert_eq!(type_of(parse_quote!(Vec::<u8>::new())), Some(parse_quote!(Vec<u8>)));
        assert_eq!(type_of(parse_quote!(a < b)), Some(parse_quote!(bool)));
    }

    #[test]
    fn knows_the_items_of_what_it_knows() {
        let item = |collection: Expr| {
            of_item(&collection, &|name| (name == "lines").then(|| parse_quote!(Vec<Line>)))
        };
        assert_eq!(item(parse_quote!(1..=7u8)), Some(parse_quote!(u8)));
        assert_eq!(
            item(parse_quote!(lines)),
            Some(parse_quote!(<Vec<Line> as ::core::iter::IntoIterator>::Item))
        );
        assert_eq!(item(parse_quote!(0..3)), None);
        assert_eq!(item(parse_quote!(lines.drain(..))), None);
    }

    #[test]
    fn knows_collections_and_ranges_of_std() {
        let of = |collection: Expr| {
            let known = |name: &str| match name {
                "lines" => Some(parse_quote!(Vec<Line>)),
                "own" => Some(parse_quote!(Lines)),
                _ => None,
            };
            of_owned_collection(&collection, &known)
        };
        assert_eq!(of(parse_quote!(lines)), Some(parse_quote!(Vec<Line>)));
        assert_eq!(of(parse_quote!(0..3u8)), Some(parse_quote!(::core::ops::Range<u8>)));
        assert_eq!(of(parse_quote!(1u8..=3)), Some(parse_quote!(::core::ops::RangeInclusive<u8>)));
        assert_eq!((of(parse_quote!(own)), of(parse_quote!(0..3))), (None, None));
    }

    #[test]
    fn says_nothing_where_they_do_not() {
        assert_eq!(type_of(parse_quote!(5)), None);
        assert_eq!(type_of(parse_quote!(Vec::new())), None);
        assert_eq!(type_of(parse_quote!(order.total())), None);
    }

    #[test]
    fn types_of_the_body_cannot_be_named_outside() {
        let declared = declared_names(&[
            parse_quote!(
                struct Inner;
            ),
            parse_quote!(
                use a::{B as C, D};
            ),
        ]);
        assert!(!nameable(&parse_quote!(Vec<Inner>), &declared));
        assert!(!nameable(&parse_quote!(C), &declared));
        assert!(!nameable(&parse_quote!(Vec<_>), &declared));
        assert!(nameable(&parse_quote!(Vec<B>), &declared));
    }
}
