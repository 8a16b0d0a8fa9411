//! What to write instead of a call that lends: the same call with an owned value, where the names in it show how.

use super::lend::{Lender, TAKE_ITEMS, iterator};
use crate::{source, types};
use quote::ToTokens;
use syn::{Expr, ExprMethodCall, Type};

/// Longer code is no advice.
const LENGTH_MAX: usize = 80;

/// The owned form of an expression that borrows through a method.
pub(super) fn owned_form(lender: &Lender, value: &Expr) -> Option<String> {
    // Their items are pairs of more than references.
    if [".enumerate()", ".zip("].iter().any(|pairs| text(value).contains(pairs)) {
        return None;
    }
    let form = match value {
        Expr::Paren(paren) => return owned_form(lender, &paren.expr),
        Expr::Try(_) => format!("{}{}", text(value), of_one(lender)?),
        Expr::MethodCall(call) => of_call(lender, call, value)?,
        _ => return None,
    };
    (form.len() <= LENGTH_MAX).then_some(form)
}

fn of_call(lender: &Lender, call: &ExprMethodCall, value: &Expr) -> Option<String> {
    let name = call.method.to_string();
    let whole = text(value);
    Some(match name.as_str() {
        "expect" | "unwrap" => format!("{whole}{}", of_one(lender)?),
        "collect" => collected(lender, call)?,
        "as_deref" => format!("{}.clone()", text(&call.receiver)),
        name if name.starts_with("trim") || name == "as_str" => format!("{whole}.to_owned()"),
        "strip_prefix" | "strip_suffix" => format!("{whole}.map(str::to_owned)"),
        "first" | "get" => format!("{whole}.cloned()"),
        name if TAKE_ITEMS.contains(&name) => match lender.text {
            true => format!("{whole}.map(str::to_owned)"),
            false => format!("{whole}.cloned()"),
        },
        _ => return None,
    })
}

/// What makes one borrowed value owned.
fn of_one(lender: &Lender) -> Option<&'static str> {
    match lender.method.as_str() {
        "first" | "last" | "get" | "iter" | "keys" | "values" => Some(".clone()"),
        "split_once" | "rsplit_once" | "split_at" | "as_bytes" => None,
        _ => lender.text.then_some(".to_owned()"),
    }
}

/// A collection of owned items.
fn collected(lender: &Lender, call: &ExprMethodCall) -> Option<String> {
    iterator(&call.receiver)?;
    let items = text(&call.receiver);
    let owned = if lender.text { ".map(str::to_owned)" } else { ".cloned()" };
    let target = match super::lend::collected_type(call) {
        // The same collection, of what the items are now.
        Some(Type::Path(ty)) if types::refers(&Type::Path(ty.clone())) => {
            format!("::<{}<_>>", ty.path.segments.last()?.ident)
        }
        _ => call.turbofish.as_ref().map(text).unwrap_or_default(),
    };
    Some(format!("{items}{owned}.collect{target}()"))
}

fn text(written: &impl ToTokens) -> String {
    source::text(written.to_token_stream())
}

#[cfg(test)]
mod tests {
    use super::{super::lend::lender, *};
    use syn::parse_quote;

    fn form(value: Expr) -> Option<String> {
        owned_form(&lender(&value).expect("it lends"), &value)
    }

    #[test]
    fn the_owned_form_is_the_same_call_with_an_owned_end() {
        let cases: [(Expr, &str); 6] = [
            (parse_quote!(note.trim()), "note.trim().to_owned()"),
            (parse_quote!(note.as_deref()), "note.clone()"),
            (parse_quote!(names.first().unwrap()), "names.first().unwrap().clone()"),
            (parse_quote!(note.lines().next()?), "note.lines().next()?.to_owned()"),
            (parse_quote!(lines.iter().max()), "lines.iter().max().cloned()"),
            (
                parse_quote!(note.lines().collect::<Vec<&str>>()),
                "note.lines().map(str::to_owned).collect::<Vec<_>>()",
            ),
        ];
        for (value, owned) in cases {
            assert_eq!(form(value).as_deref(), Some(owned));
        }
    }

    #[test]
    fn there_is_no_advice_where_the_items_are_pairs() {
        assert_eq!(form(parse_quote!(note.lines().enumerate().next())), None);
        assert_eq!(form(parse_quote!(note.split_once(':').unwrap())), None);
    }
}
