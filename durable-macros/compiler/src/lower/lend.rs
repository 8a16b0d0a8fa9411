//! Calls that lend: methods of the standard library that give a reference into what they are called on.
//!
//! A macro sees no types, so a name is all there is. It is asked only where a reference would be an error anyway, and a local
//! whose type is written is never suspected.

use crate::place;
use syn::Expr;

/// Those that give text, or bytes: references that rustc's own errors explain badly.
const TEXT: &[&str] = &[
    "as_bytes",
    "as_deref",
    "as_str",
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

/// Methods that take the reference out of an `Option` or `Result`.
const UNWRAPS: &[&str] = &["expect", "ok", "unwrap", "unwrap_or", "unwrap_or_default"];

/// The method whose reference an expression is.
pub(super) fn lender(expr: &Expr) -> Option<String> {
    match expr {
        Expr::MethodCall(call) => {
            let name = call.method.to_string();
            if UNWRAPS.contains(&name.as_str()) {
                return lender(&call.receiver);
            }
            [TEXT, OTHER].iter().any(|known| known.contains(&name.as_str())).then_some(name)
        }
        Expr::Try(inner) => lender(&inner.expr),
        Expr::Paren(paren) => lender(&paren.expr),
        _ => None,
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

/// Whether a call gives a plain `&str`, as `trim()` does.
pub(super) fn is_plain_text(method: &str, value: &Expr) -> bool {
    let direct = matches!(value, Expr::MethodCall(call) if call.method == method);
    direct && (method.starts_with("trim") || method == "as_str")
}

/// Whether it lends text.
pub(crate) fn lends_text(method: &str) -> bool {
    TEXT.contains(&method)
}
