//! Calls that lend: methods of the standard library that give a reference into what they are called on.
//!
//! A macro sees no types, so a name is all there is. It is asked only where a reference would be an error anyway, and a local
//! whose type is written is never suspected.

use crate::{macros, place, types};
use syn::{Block, Expr, ExprMethodCall, GenericArgument, Lit, PathArguments, Stmt, Type};

/// Those that give text or bytes: references that rustc's own errors explain badly.
const TEXT: &[&str] = &[
    "as_bytes",
    "as_deref",
    "as_str",
    "rsplit_once",
    "split_at",
    "split_once",
    "strip_prefix",
    "strip_suffix",
    "trim",
    "trim_end",
    "trim_end_matches",
    "trim_matches",
    "trim_start",
    "trim_start_matches",
];

/// Those that give an iterator over parts of a text. What they give cannot be saved anyhow, so that a method of the user's with
/// such a name is suspected only where items are taken out of it.
const TEXTS: &[&str] = &[
    "lines",
    "matches",
    "rsplit",
    "rsplitn",
    "split",
    "split_ascii_whitespace",
    "split_inclusive",
    "split_terminator",
    "split_whitespace",
    "splitn",
];

/// Those that give another reference, or something with one in it.
const OTHER: &[&str] = &[
    "as_deref_mut",
    "as_mut",
    "as_ref",
    "as_slice",
    "borrow",
    "borrow_mut",
    "bytes",
    "chars",
    "entry",
    "first",
    "first_key_value",
    "first_mut",
    "get",
    "get_mut",
    "iter",
    "iter_mut",
    "keys",
    "last",
    "last_key_value",
    "last_mut",
    "lines",
    "split_first",
    "split_last",
    "split_whitespace",
    "values",
    "values_mut",
];

/// Those of them that give an iterator whose items are references.
const ITERATORS: &[&str] = &["iter", "iter_mut", "keys", "values", "values_mut"];

/// Adapters that give the same items.
const KEEP_ITEMS: &[&str] = &[
    "chain",
    "enumerate",
    "filter",
    "fuse",
    "inspect",
    "peekable",
    "rev",
    "skip",
    "skip_while",
    "step_by",
    "take",
    "take_while",
    "zip",
];

/// Methods that take items out of an iterator.
pub(super) const TAKE_ITEMS: &[&str] = &[
    "collect",
    "find",
    "last",
    "max",
    "max_by",
    "max_by_key",
    "min",
    "min_by",
    "min_by_key",
    "next",
    "next_back",
    "nth",
];

/// Methods that take the reference out of an `Option` or `Result`.
const UNWRAPS: &[&str] = &["expect", "ok", "unwrap", "unwrap_or", "unwrap_or_default"];

/// Why a local with literal text in it cannot be taken again.
pub(crate) const LITERALS: &str = "it holds text literals";

/// What an expression borrows through.
pub(super) struct Lender {
    /// The method's name.
    pub(super) method: String,
    /// Whether it gives text.
    pub(super) text: bool,
    /// Whether it gives many references.
    pub(super) items: bool,
}

/// The method whose reference an expression is, or holds.
pub(super) fn lender(expr: &Expr) -> Option<Lender> {
    match expr {
        Expr::MethodCall(call) => {
            let method = call.method.to_string();
            if UNWRAPS.contains(&method.as_str()) {
                return lender(&call.receiver);
            }
            let items = TAKE_ITEMS.contains(&method.as_str()) && !collects_owned(call);
            if let Some(iterator) = items.then(|| iterator(&call.receiver)).flatten() {
                return Some(Lender { items: method == "collect", ..iterator });
            }
            let text = TEXT.contains(&method.as_str());
            (text || OTHER.contains(&method.as_str())).then_some(Lender { method, text, items: false })
        }
        Expr::Try(inner) => lender(&inner.expr),
        Expr::Paren(paren) => lender(&paren.expr),
        _ => None,
    }
}

/// The last method that an expression calls, but for what takes its value out of an `Option` or `Result`.
pub(super) fn called(expr: &Expr) -> Option<&ExprMethodCall> {
    match expr {
        Expr::MethodCall(call) => match UNWRAPS.contains(&call.method.to_string().as_str()) {
            true => called(&call.receiver),
            false => Some(call),
        },
        Expr::Try(inner) => called(&inner.expr),
        Expr::Paren(paren) => called(&paren.expr),
        _ => None,
    }
}

/// The method that made an iterator over references.
pub(super) fn iterator(expr: &Expr) -> Option<Lender> {
    match expr {
        Expr::MethodCall(call) => {
            let method = call.method.to_string();
            if KEEP_ITEMS.contains(&method.as_str()) {
                return iterator(&call.receiver);
            }
            let text = TEXTS.contains(&method.as_str());
            (text || ITERATORS.contains(&method.as_str())).then_some(Lender { method, text, items: false })
        }
        Expr::Paren(paren) => iterator(&paren.expr),
        _ => None,
    }
}

/// The type in `collect::<Vec<&str>>()`.
pub(super) fn collected_type(call: &ExprMethodCall) -> Option<Type> {
    let written = call.turbofish.as_ref().filter(|_| call.method == "collect")?;
    match written.args.first()? {
        GenericArgument::Type(ty) => Some(ty.clone()),
        _ => None,
    }
}

/// `collect::<String>()`: the whole type is written, and it is no reference.
fn collects_owned(call: &ExprMethodCall) -> bool {
    call.turbofish.as_ref().is_some_and(|turbofish| {
        let written = PathArguments::AngleBracketed(turbofish.clone());
        !types::open_or_borrowed(&syn::parse_quote!(Collected #written))
    })
}

/// Whether a value is literal text, or holds some: of a branch, in an array, in a tuple, in `Some(..)`.
pub(super) fn holds_literal_text(expr: &Expr) -> bool {
    let tail = |block: &Block| match block.stmts.last() {
        Some(Stmt::Expr(value, None)) => holds_literal_text(value),
        _ => false,
    };
    match expr {
        Expr::Lit(lit) => matches!(lit.lit, Lit::Str(_)),
        Expr::Paren(paren) => holds_literal_text(&paren.expr),
        Expr::Block(block) => tail(&block.block),
        Expr::If(branch) => {
            tail(&branch.then_branch)
                || branch.else_branch.as_ref().is_some_and(|(_, otherwise)| holds_literal_text(otherwise))
        }
        Expr::Match(choice) => choice.arms.iter().any(|arm| holds_literal_text(&arm.body)),
        Expr::Array(array) => array.elems.iter().any(holds_literal_text),
        Expr::Tuple(tuple) => tuple.elems.iter().any(holds_literal_text),
        Expr::Repeat(repeat) => holds_literal_text(&repeat.expr),
        Expr::Macro(mac) if macros::last_segment(&mac.mac) == "vec" => {
            macros::operands(&mac.mac).is_some_and(|operands| operands.iter().any(holds_literal_text))
        }
        Expr::Call(call) => {
            let wraps = matches!(&*call.func, Expr::Path(path)
                if ["Some", "Ok", "Err"].iter().any(|known| path.path.is_ident(known)));
            wraps && call.args.iter().any(holds_literal_text)
        }
        _ => false,
    }
}

/// The name at the root of what is borrowed from; `None` if a call's value is.
pub(super) fn source(expr: &Expr) -> Option<String> {
    match expr {
        Expr::MethodCall(call) => source(&call.receiver),
        Expr::Try(inner) => source(&inner.expr),
        Expr::Reference(inner) => source(&inner.expr),
        place => place::root(place),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn lends(expr: Expr) -> Option<(String, bool)> {
        lender(&expr).map(|lender| (lender.method, lender.text))
    }

    #[test]
    fn a_name_says_that_a_call_lends_and_what() {
        let some = |method: &str, text| Some((method.to_owned(), text));
        assert_eq!(lends(parse_quote!(note.trim())), some("trim", true));
        assert_eq!(lends(parse_quote!(names.first().unwrap())), some("first", false));
        assert_eq!(lends(parse_quote!(note.split(' ').rev().collect::<Vec<_>>())), some("split", true));
        assert_eq!(lends(parse_quote!(lines.iter().filter(urgent).max()?)), some("iter", false));
        assert_eq!(lends(parse_quote!(order.split(3))), None, "the user's own `split`, or an iterator");
    }

    #[test]
    fn what_is_owned_is_not_lent() {
        assert_eq!(lends(parse_quote!(note.split(' ').collect::<String>())), None);
        assert_eq!(lends(parse_quote!(note.split(' ').map(str::to_owned).collect::<Vec<_>>())), None);
        assert_eq!(lends(parse_quote!(lines.iter().copied().max())), None);
        assert_eq!(lends(parse_quote!(note.chars().rev().collect())), None);
        assert_eq!(lends(parse_quote!(lines.iter().count())), None);
    }

    #[test]
    fn text_literals_are_found_in_branches_and_collections() {
        assert!(holds_literal_text(&parse_quote!(if a { "b" } else { return })));
        assert!(holds_literal_text(&parse_quote!(match a {
            1 => c(),
            _ => Some("b"),
        })));
        assert!(holds_literal_text(&parse_quote!(vec![("a", 1)])));
        assert!(!holds_literal_text(&parse_quote!(if a { "b" } else { "c" }.to_owned())));
        assert!(!holds_literal_text(&parse_quote!(Label { text: "a" })));
    }
}
