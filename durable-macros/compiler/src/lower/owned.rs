//! What to write instead of a call that lends: the same call with an owned value, where the names in it show how.

use super::lend::{TAKE_ITEMS, iterator, lends_text};
use crate::{source, types};
use quote::ToTokens;
use syn::{Expr, ExprMethodCall};

/// Longer code is no advice.
const LENGTH_MAX: usize = 80;

/// The owned form of an expression that borrows through `method`.
pub(super) fn owned_form(method: &str, value: &Expr) -> Option<String> {
    let form = match value {
        Expr::Paren(paren) => return owned_form(method, &paren.expr),
        Expr::Try(_) => format!("{}{}", text(value), of_one(method)?),
        Expr::MethodCall(call) => of_call(method, call, value)?,
        _ => return None,
    };
    (form.len() <= LENGTH_MAX).then_some(form)
}

fn of_call(method: &str, call: &ExprMethodCall, value: &Expr) -> Option<String> {
    let name = call.method.to_string();
    let whole = text(value);
    Some(match name.as_str() {
        "expect" | "unwrap" => format!("{whole}{}", of_one(method)?),
        "collect" => collected(method, call)?,
        "as_deref" => format!("{}.clone()", text(&call.receiver)),
        name if name.starts_with("trim") || name == "as_str" => format!("{whole}.to_owned()"),
        "strip_prefix" | "strip_suffix" => format!("{whole}.map(str::to_owned)"),
        "first" | "get" => format!("{whole}.cloned()"),
        name if TAKE_ITEMS.contains(&name) => match lends_text(method) {
            true => format!("{whole}.map(str::to_owned)"),
            false => format!("{whole}.cloned()"),
        },
        _ => return None,
    })
}

/// What makes one borrowed value owned.
fn of_one(method: &str) -> Option<&'static str> {
    match method {
        "first" | "last" | "get" | "iter" | "keys" | "values" => Some(".clone()"),
        "split_once" | "rsplit_once" | "split_at" | "as_bytes" => None,
        method => lends_text(method).then_some(".to_owned()"),
    }
}

/// A collection of owned items.
fn collected(method: &str, call: &ExprMethodCall) -> Option<String> {
    iterator(&call.receiver)?;
    let items = text(&call.receiver);
    // Their items are pairs.
    if items.contains(".enumerate()") || items.contains(".zip(") {
        return None;
    }
    let owned = if lends_text(method) { ".map(str::to_owned)" } else { ".cloned()" };
    let target = call.turbofish.as_ref().map(|turbofish| turbofish.to_token_stream());
    let borrowed = target.as_ref().is_some_and(|target| types::refers(&syn::parse_quote!(Collected #target)));
    let target = target.filter(|_| !borrowed).map(source::text).unwrap_or_default();
    Some(format!("{items}{owned}.collect{target}()"))
}

fn text(expr: &Expr) -> String {
    source::text(expr.to_token_stream())
}
