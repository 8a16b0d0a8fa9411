//! The arguments of `#[step(..)]`.

use super::duration::parse_duration;
use crate::diagnostic::{Code, Diagnostics};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use std::collections::HashSet;
use syn::{
    Expr, ExprLit, Lit, LitStr, Meta, MetaNameValue, Path, Token, parse::Parser, punctuated::Punctuated,
};

const KNOWN: &str = "`retry`, `retry(..)`, `timeout = \"30s\"`, `at_most_once` and `crate = \"path\"`";
const RETRY_KNOWN: &str = "`attempts`, `initial`, `factor`, `max` and `jitter`";
const DURATION_HELP: &str = "durations look like \"250ms\", \"30s\", \"1s500ms\", \"2h\" or \"7d\"";

/// What the attribute says.
pub(super) struct Policy {
    pub(super) retry: Option<Retry>,
    pub(super) timeout_ms: Option<u64>,
    pub(super) at_most_once: Option<Span>,
    /// Where the runtime's items are: `::durable` unless overridden.
    pub(super) krate: TokenStream,
    /// Whether anything but `crate` was said.
    pub(super) stated: bool,
}

/// `retry` or `retry(..)`.
pub(super) struct Retry {
    pub(super) span: Span,
    /// `None`: all defaults.
    pub(super) parts: Option<RetryParts>,
}

/// `retry(..)`, with the defaults of the protocol (A4) for what is not said.
pub(super) struct RetryParts {
    pub(super) attempts: u32,
    pub(super) initial_ms: u64,
    pub(super) factor: f64,
    pub(super) max_ms: u64,
    pub(super) jitter: &'static str,
}

impl Default for RetryParts {
    fn default() -> Self {
        Self { attempts: 6, initial_ms: 5_000, factor: 2.0, max_ms: 60_000, jitter: "Full" }
    }
}

impl Policy {
    /// Reads what it can; what is wrong is reported and left at its default.
    pub(super) fn parse(attr: TokenStream, diagnostics: &Diagnostics) -> Self {
        let stated = !attr.is_empty();
        let mut policy =
            Self { retry: None, timeout_ms: None, at_most_once: None, krate: quote!(::durable), stated };
        let mut only_crate = true;
        for meta in arguments(attr, KNOWN, diagnostics) {
            only_crate &= meta.path().is_ident("crate");
            policy.argument(&meta, diagnostics);
        }
        policy.stated &= !only_crate;
        policy.check_at_most_once(diagnostics);
        policy
    }

    fn argument(&mut self, meta: &Meta, diagnostics: &Diagnostics) {
        let name = meta.path().get_ident().map(ToString::to_string).unwrap_or_default();
        match (name.as_str(), meta) {
            ("retry", Meta::Path(path)) => self.retry = Some(Retry { span: span_of(path), parts: None }),
            ("retry", Meta::List(list)) => {
                let parts = Some(RetryParts::parse(list.tokens.clone(), diagnostics));
                self.retry = Some(Retry { span: span_of(&list.path), parts });
            }
            ("retry", Meta::NameValue(pair)) => {
                wrong(diagnostics, pair, "`retry` takes its parts in parentheses", "retry(attempts = 5)");
            }
            ("timeout", Meta::NameValue(pair)) => match duration(&pair.value, diagnostics) {
                Some(0) => {
                    wrong(diagnostics, &pair.value, "a timeout of zero lets no attempt run", DURATION_HELP)
                }
                timeout_ms => self.timeout_ms = timeout_ms,
            },
            ("timeout", _) => wrong(diagnostics, meta, "`timeout` needs a duration", "timeout = \"30s\""),
            ("at_most_once", Meta::Path(path)) => self.at_most_once = Some(span_of(path)),
            ("at_most_once", _) => {
                wrong(diagnostics, meta, "`at_most_once` stands alone", "#[step(at_most_once)]");
            }
            ("crate", Meta::NameValue(MetaNameValue { value, .. })) => {
                match string(value).and_then(|path| path.parse_with(Path::parse_mod_style).ok()) {
                    Some(path) => self.krate = path.into_token_stream(),
                    None => wrong(diagnostics, value, "`crate` needs a path", "crate = \"my_durable\""),
                }
            }
            _ => {
                let message = format!("`#[step]` knows no argument `{}`", text_of(meta.path()));
                wrong(diagnostics, meta.path(), message, format!("the arguments are {KNOWN}"));
            }
        }
    }

    fn check_at_most_once(&self, diagnostics: &Diagnostics) {
        if let (Some(_), Some(retry)) = (self.at_most_once, &self.retry) {
            let _ = diagnostics.error_with_help(
                Code::StepPolicy,
                retry.span,
                "`retry` and `at_most_once` exclude each other: a retry runs the body a second time",
                "leave one of them out; a caller may retry after `Interrupted`, once it knows what happened",
            );
        }
    }
}

impl RetryParts {
    fn parse(tokens: TokenStream, diagnostics: &Diagnostics) -> Self {
        let mut parts = Self::default();
        let mut initial: Option<Expr> = None;
        let mut max_stated = false;
        for meta in arguments(tokens, RETRY_KNOWN, diagnostics) {
            let name = meta.path().get_ident().map(ToString::to_string).unwrap_or_default();
            let Meta::NameValue(MetaNameValue { value, .. }) = &meta else {
                let message = format!("`{}` in `retry(..)` needs a value", text_of(meta.path()));
                wrong(
                    diagnostics,
                    &meta,
                    message,
                    "retry(attempts = 5, initial = \"1s\", factor = 2, max = \"1m\")",
                );
                continue;
            };
            match name.as_str() {
                "attempts" => parts.attempts = attempts(value, diagnostics).unwrap_or(parts.attempts),
                "factor" => parts.factor = factor(value, diagnostics).unwrap_or(parts.factor),
                "jitter" => parts.jitter = jitter(value, diagnostics).unwrap_or(parts.jitter),
                "initial" => {
                    parts.initial_ms = duration(value, diagnostics).unwrap_or(parts.initial_ms);
                    initial = Some(value.clone());
                }
                "max" => {
                    parts.max_ms = duration(value, diagnostics).unwrap_or(parts.max_ms);
                    max_stated = true;
                    // A short maximum bounds the default first delay too.
                    if initial.is_none() {
                        parts.initial_ms = parts.initial_ms.min(parts.max_ms);
                    }
                }
                _ => {
                    let message = format!("`retry` knows no argument `{}`", text_of(meta.path()));
                    wrong(diagnostics, meta.path(), message, format!("the arguments are {RETRY_KNOWN}"));
                }
            }
        }
        if let Some(initial) = initial.filter(|_| parts.initial_ms > parts.max_ms) {
            let (message, help) = match max_stated {
                true => ("`initial` is longer than `max`", "the delays grow from `initial` up to `max`"),
                false => {
                    ("`initial` is longer than `max`, which is 1 minute unless stated", "state `max` too")
                }
            };
            wrong(diagnostics, &initial, message, help);
        }
        parts
    }
}

/// The comma-separated arguments, each name once.
fn arguments(tokens: TokenStream, known: &str, diagnostics: &Diagnostics) -> Vec<Meta> {
    let list = match Punctuated::<Meta, Token![,]>::parse_terminated.parse2(tokens) {
        Ok(list) => list,
        Err(error) => {
            for single in error {
                let help = format!("the arguments are {known}");
                let _ = diagnostics.error_with_help(Code::StepPolicy, single.span(), &single, help);
            }
            return Vec::new();
        }
    };
    let mut seen = HashSet::new();
    let mut once = |meta: &Meta| {
        let fresh = seen.insert(text_of(meta.path()));
        if !fresh {
            let message = format!("`{}` stands here twice", text_of(meta.path()));
            wrong(diagnostics, meta.path(), message, "leave one of them out");
        }
        fresh
    };
    list.into_iter().filter(&mut once).collect()
}

fn attempts(value: &Expr, diagnostics: &Diagnostics) -> Option<u32> {
    let number = match literal(value) {
        Some(Lit::Int(int)) => int.base10_parse().ok().filter(|attempts| *attempts > 0),
        _ => None,
    };
    if number.is_none() {
        wrong(
            diagnostics,
            value,
            "`attempts` is a whole number from 1 on",
            "it counts all attempts, the first included: attempts = 5",
        );
    }
    number
}

fn factor(value: &Expr, diagnostics: &Diagnostics) -> Option<f64> {
    let number = match literal(value) {
        Some(Lit::Int(int)) => int.base10_parse::<f64>().ok(),
        Some(Lit::Float(float)) => float.base10_parse::<f64>().ok(),
        _ => None,
    };
    let number = number.filter(|factor| factor.is_finite() && *factor >= 1.0);
    if number.is_none() {
        wrong(
            diagnostics,
            value,
            "`factor` is a number from 1 on",
            "each delay is this many times longer than the one before: factor = 2, or factor = 1.5",
        );
    }
    number
}

fn jitter(value: &Expr, diagnostics: &Diagnostics) -> Option<&'static str> {
    let text = string(value).map(|text| text.value());
    let found = match text.as_deref() {
        Some("full") => Some("Full"),
        Some("half") => Some("Half"),
        Some("none") => Some("None"),
        _ => None,
    };
    if found.is_none() {
        wrong(
            diagnostics,
            value,
            "`jitter` is one of \"full\", \"half\" and \"none\"",
            "\"full\" spreads a delay between nothing and itself, \"half\" between half and itself",
        );
    }
    found
}

fn duration(value: &Expr, diagnostics: &Diagnostics) -> Option<u64> {
    let parsed = match string(value) {
        Some(text) => parse_duration(&text.value()),
        None => Err("a duration is a string with units".to_owned()),
    };
    parsed.map_err(|message| wrong(diagnostics, value, message, DURATION_HELP)).ok()
}

fn literal(value: &Expr) -> Option<&Lit> {
    match value {
        Expr::Lit(ExprLit { lit, .. }) => Some(lit),
        // A literal that a `macro_rules` passed on comes in an invisible group.
        Expr::Group(group) => literal(&group.expr),
        _ => None,
    }
}

fn string(value: &Expr) -> Option<&LitStr> {
    match literal(value)? {
        Lit::Str(text) => Some(text),
        _ => None,
    }
}

fn wrong(
    diagnostics: &Diagnostics,
    tokens: &impl ToTokens,
    message: impl std::fmt::Display,
    help: impl std::fmt::Display,
) {
    let _ = diagnostics.error_at_with_help(Code::StepPolicy, tokens, message, help);
}

fn text_of(path: &Path) -> String {
    path.to_token_stream().to_string().replace(' ', "")
}

fn span_of(path: &Path) -> Span {
    syn::spanned::Spanned::span(path)
}
