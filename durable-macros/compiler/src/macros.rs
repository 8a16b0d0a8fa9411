//! Macros in workflow bodies: the standard ones are looked into, all others are left alone.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Expr, Macro, Token, parse::Parser, punctuated::Punctuated};

/// How the arguments of a known macro are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Expressions separated by commas, the tail of which may be `name = value` (a format's).
    Exprs,
    /// An expression, then anything: `matches!(value, pattern)`.
    First,
}

/// Whether a macro's arguments are looked into.
pub fn known(mac: &Macro) -> Option<Known> {
    let name = last_segment(mac);
    let standard = mac.path.segments.len() == 1
        || mac
            .path
            .segments
            .first()
            .is_some_and(|first| ["std", "core", "alloc"].iter().any(|name| first.ident == name));
    if !standard {
        return None;
    }
    match name.as_str() {
        "format" | "print" | "println" | "eprint" | "eprintln" | "write" | "writeln" | "panic" | "assert"
        | "assert_eq" | "assert_ne" | "debug_assert" | "debug_assert_eq" | "debug_assert_ne" | "dbg"
        | "todo" | "unimplemented" | "unreachable" | "vec" | "format_args" => Some(Known::Exprs),
        "matches" => Some(Known::First),
        _ => None,
    }
}

/// How many of the operands are evaluated whenever the macro is: the message of an assertion is not, and a debug assertion is
/// nowhere in a release.
pub fn evaluated(mac: &Macro) -> usize {
    match last_segment(mac).as_str() {
        "assert" => 1,
        "assert_eq" | "assert_ne" => 2,
        name if name.starts_with("debug_assert") => 0,
        _ => usize::MAX,
    }
}

/// Which operand of a known macro is the text of a format, whose `{name}` are captures.
pub fn format_operand(mac: &Macro) -> Option<usize> {
    known(mac)?;
    match last_segment(mac).as_str() {
        "write" | "writeln" | "assert" | "debug_assert" => Some(1),
        "assert_eq" | "assert_ne" | "debug_assert_eq" | "debug_assert_ne" => Some(2),
        "dbg" | "vec" | "matches" => None,
        _ => Some(0),
    }
}

/// Whether the macro never comes back.
pub fn diverges(mac: &Macro) -> bool {
    known(mac).is_some()
        && ["panic", "todo", "unimplemented", "unreachable"].contains(&last_segment(mac).as_str())
}

/// The last segment of the macro's path.
pub fn last_segment(mac: &Macro) -> String {
    mac.path.segments.last().map_or(String::new(), |segment| segment.ident.to_string())
}

/// The operands of a known macro, in order of evaluation. `None` if the arguments do not parse.
pub fn operands(mac: &Macro) -> Option<Vec<Expr>> {
    match known(mac)? {
        Known::Exprs => {
            if let Ok(repeat) = syn::parse::Parser::parse2(parse_repeat, mac.tokens.clone()) {
                return Some(vec![repeat.0, repeat.1]);
            }
            let args = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(mac.tokens.clone()).ok()?;
            Some(args.into_iter().collect())
        }
        Known::First => {
            let (first, _) = syn::parse::Parser::parse2(parse_first, mac.tokens.clone()).ok()?;
            Some(vec![first])
        }
    }
}

/// What [`operands`] leaves of a known macro: patterns and guards of `matches!`, the message of `assert!`.
pub fn rest(mac: &Macro) -> TokenStream {
    match known(mac) {
        Some(Known::First) => syn::parse::Parser::parse2(parse_first, mac.tokens.clone())
            .map_or_else(|_| mac.tokens.clone(), |(_, rest)| rest),
        Some(Known::Exprs) => TokenStream::new(),
        None => mac.tokens.clone(),
    }
}

/// The macro with other operands in place of those [`operands`] gave.
pub fn with_operands(mac: &Macro, operands: &[Expr]) -> Macro {
    let mut mac = mac.clone();
    mac.tokens = match known(&mac) {
        Some(Known::First) => {
            let (_, rest) =
                syn::parse::Parser::parse2(parse_first, mac.tokens.clone()).expect("parsed before");
            let first = &operands[0];
            quote!(#first #rest)
        }
        _ if syn::parse::Parser::parse2(parse_repeat, mac.tokens.clone()).is_ok() => {
            let (value, count) = (&operands[0], &operands[1]);
            quote!(#value; #count)
        }
        _ => quote!(#(#operands),*),
    };
    mac
}

/// Edits the operands of a known macro that awaits in them: how a pass over expressions reaches into it. A macro without an
/// await keeps its tokens as they are.
pub fn edit_awaiting_operands(mac: &mut Macro, edit: impl FnMut(&mut Expr)) {
    if mentions_await(mac.tokens.clone())
        && let Some(mut operands) = operands(mac)
    {
        operands.iter_mut().for_each(edit);
        *mac = with_operands(mac, &operands);
    }
}

/// `value; count` of `vec!`.
fn parse_repeat(input: syn::parse::ParseStream<'_>) -> syn::Result<(Expr, Expr)> {
    let value = input.parse()?;
    input.parse::<Token![;]>()?;
    Ok((value, input.parse()?))
}

fn parse_first(input: syn::parse::ParseStream<'_>) -> syn::Result<(Expr, TokenStream)> {
    Ok((input.parse()?, input.parse()?))
}

/// Whether the tokens contain `await` as a word.
pub fn mentions_await(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "await",
        TokenTree::Group(group) => mentions_await(group.stream()),
        _ => false,
    })
}

/// Every identifier in a macro's tokens that may name a local: not after `.` or `::`, not before `:` or `!`, and not as `name =`;
/// and every `{ident}` in its string literals.
pub fn words(tokens: TokenStream, found: &mut impl FnMut(String)) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => {
                // Invisible groups hold fragments of other macros: the same rules.
                let _ = group.delimiter() == Delimiter::None;
                words(group.stream(), found);
            }
            TokenTree::Literal(literal) => captured(&literal.to_string(), found),
            TokenTree::Ident(ident) if is_word(&tokens, at) => found(crate::graph::plain_name(ident)),
            _ => {}
        }
    }
}

fn is_word(tokens: &[TokenTree], at: usize) -> bool {
    let punct = |at: usize| match tokens.get(at) {
        Some(TokenTree::Punct(punct)) => Some(punct.as_char()),
        _ => None,
    };
    let before = at.checked_sub(1).and_then(punct);
    let two_before = at.checked_sub(2).and_then(punct);
    // `a..b` ends in a dot, too, but `b` is a value there.
    if before == Some('.') && two_before != Some('.') {
        return false;
    }
    if before == Some(':') && two_before == Some(':') {
        return false;
    }
    match (punct(at + 1), punct(at + 2)) {
        // `name: value`, `name::path`.
        (Some(':'), _) => false,
        // `name!(..)`, but not `name != other`.
        (Some('!'), next) => next == Some('='),
        // `name = value`, but not `name == other` nor `name => ..`.
        (Some('='), next) => matches!(next, Some('=' | '>')),
        _ => true,
    }
}

/// The names captured by format strings: `{x}`, `{x:?}`, `{0:w$}`.
pub fn captured(literal: &str, found: &mut impl FnMut(String)) {
    let mut rest = literal;
    while let Some(open) = rest.find('{') {
        rest = &rest[open + 1..];
        if let Some(escaped) = rest.strip_prefix('{') {
            rest = escaped;
            continue;
        }
        let Some(close) = rest.find('}') else { return };
        let (argument, spec) = rest[..close].split_once(':').unwrap_or((&rest[..close], ""));
        let parameters = spec.split('$').filter(|_| spec.contains('$'));
        for part in std::iter::once(argument).chain(parameters) {
            let start = part.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |at| at + 1);
            let word = part[start..].trim();
            if word.starts_with(|c: char| c.is_alphabetic() || c == '_') {
                found(word.to_owned());
            }
        }
        rest = &rest[close..];
    }
}

/// The macro's path as written, with `!`.
pub fn display(mac: &Macro) -> String {
    format!("{}!", mac.path.to_token_stream().to_string().replace(' ', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_of(source: &str) -> Vec<String> {
        let mut found = Vec::new();
        words(source.parse().unwrap(), &mut |word| found.push(word));
        found
    }

    #[test]
    fn words_are_possible_locals_only() {
        assert_eq!(
            words_of("a.b, c::d, e: f, g!(h), i = j, k == l, m != n, 0..o"),
            ["a", "f", "h", "j", "k", "l", "m", "n", "o"]
        );
    }

    #[test]
    fn format_strings_capture_names_widths_and_precisions() {
        assert_eq!(words_of(r#""{x:?} {0:w$} {y:>w$.p$} {{z}} {}""#), ["x", "w", "y", "w", "p"]);
    }
}
