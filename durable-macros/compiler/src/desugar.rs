//! Stage 2: gives every await its name, moves nested items to the top, and leaves the rest as it was written.
//!
//! Afterwards every `.await` of the workflow carries `#[at(Name)]`, so that later stages need no context to name it.

mod at;
mod items;

use crate::{
    diagnostic::{Code, Diagnostics},
    graph::plain_name,
    macros,
    parse::Function,
};
use proc_macro2::Span;
use std::collections::{HashMap, HashSet};
use syn::{
    Attribute, Block, Expr, ExprAwait, Ident, Item, Meta, Pat, Stmt, parse_quote,
    spanned::Spanned,
    visit_mut::{self, VisitMut},
};

pub use at::{At, point_at};

/// A workflow whose awaits are named.
#[derive(Debug, Clone)]
pub struct Desugared {
    /// The body, without its nested items.
    pub body: Block,
    /// Nested items, to stand once for both copies.
    pub items: Vec<Item>,
}

/// Constructors of combinators, whose operands are branches. A builder chain takes their name.
const COMBINATORS: &[&str] = &["map", "join", "try_join", "race", "race_ok", "timeout", "spawn"];

/// Other constructors whose name a builder chain takes.
const WAITS: &[&str] = &["sleep", "event", "event_with"];

/// Names every await and moves nested items out.
pub fn desugar(function: &Function, diagnostics: &Diagnostics) -> Desugared {
    let mut body = function.body().clone();
    let items = items::move_out(&mut body, &function.params, diagnostics);
    let mut namer = Namer { diagnostics, binding: None, known: HashMap::new(), renamed: Vec::new() };
    namer.visit_block_mut(&mut body);
    namer.check_renamed();
    Desugared { body, items }
}

/// Whether an attribute is `#[at(..)]`.
pub fn is_at(attr: &Attribute) -> bool {
    attr.path().is_ident("at")
}

/// The text of doc comments.
pub fn doc_text(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter(|attr| attr.path().is_ident("doc")).filter_map(|attr| match &attr.meta {
        Meta::NameValue(syn::MetaNameValue { value: Expr::Lit(lit), .. }) => match &lit.lit {
            syn::Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    lines.map(|line| line.trim().to_owned()).collect::<Vec<_>>().join("\n")
}

struct Namer<'a> {
    diagnostics: &'a Diagnostics,
    /// The name an `async` block's await takes: that of the `let` it stands in.
    binding: Option<Ident>,
    /// Where each name was first used.
    known: HashMap<String, Span>,
    /// All names that await points had before.
    renamed: Vec<syn::LitStr>,
}

impl VisitMut for Namer<'_> {
    fn visit_stmt_mut(&mut self, stmt: &mut Stmt) {
        let (attrs, outer) = match stmt {
            Stmt::Local(local) => {
                let binding = match &local.pat {
                    Pat::Ident(pat) => Some(pat.ident.clone()),
                    Pat::Type(typed) => match &*typed.pat {
                        Pat::Ident(pat) => Some(pat.ident.clone()),
                        _ => None,
                    },
                    _ => None,
                };
                let init = local.init.as_mut().map(|init| &mut *init.expr);
                if let (Some(binding), Some(init)) = (&binding, &init)
                    && let Some(ExprAwait { base, .. }) = direct_await(init)
                    && matches!(**base, Expr::Async(_))
                {
                    self.binding = Some(binding.clone());
                }
                if let Some(init) = local.init.as_mut() {
                    hand_docs_down(&mut local.attrs, &mut init.expr);
                }
                let init = local.init.as_mut().map(|init| &mut *init.expr);
                (take_at(&mut local.attrs), init)
            }
            // syn hands the attributes of an expression statement to the expression; see visit_expr_mut.
            Stmt::Expr(expr, _) => {
                let mut docs = attrs_mut(expr).map(take_docs).unwrap_or_default();
                hand_docs_down(&mut docs, expr);
                if let Some(attrs) = attrs_mut(expr) {
                    attrs.append(&mut docs);
                }
                (None, None)
            }
            _ => (None, None),
        };
        if let Some(at) = attrs {
            match outer {
                Some(init) => self.place_at(at, init),
                None => self.misplaced(&at),
            }
        }
        visit_mut::visit_stmt_mut(self, stmt);
        self.binding = None;
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        if !matches!(expr, Expr::Await(_))
            && let Some(attrs) = attrs_mut(expr)
            && let Some(at) = take_at(attrs)
        {
            self.place_at(at, expr);
        }
        visit_mut::visit_expr_mut(self, expr);
    }

    fn visit_expr_await_mut(&mut self, awaited: &mut ExprAwait) {
        // Inner awaits come first in the source.
        let binding = self.binding.take();
        visit_mut::visit_expr_await_mut(self, awaited);
        self.name_await(awaited, binding);
    }

    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        macros::edit_awaiting_operands(mac, |operand| self.visit_expr_mut(operand));
    }

    fn visit_expr_closure_mut(&mut self, _: &mut syn::ExprClosure) {}
    fn visit_expr_async_mut(&mut self, _: &mut syn::ExprAsync) {}
    fn visit_item_mut(&mut self, _: &mut Item) {}
}

impl Namer<'_> {
    fn name_await(&mut self, awaited: &mut ExprAwait, binding: Option<Ident>) {
        let span = awaited.await_token.span;
        let given = take_at(&mut awaited.attrs);
        let mut was = Vec::new();
        let name = match given {
            Some(at) => match at.parse_args::<At>() {
                Ok(at) => {
                    was = at.was;
                    Some(at.name)
                }
                Err(_) => {
                    self.diagnostics.error_at_with_help(
                        Code::At,
                        &at,
                        "`#[at(..)]` takes one name in UpperCamelCase, and the names that it had before: `was = \"Old\"`",
                        format!("write `#[at({})]`", likely_name(&at)),
                    );
                    Some(Ident::new("Unnamed", span))
                }
            },
            None => derived_name(&awaited.base, binding.as_ref()),
        };
        let name = name.unwrap_or_else(|| {
            self.diagnostics.error_at_with_help(
                Code::Unnamed,
                awaited,
                "this await point has no name: there is no callee to take it from",
                "give it one: `#[at(Name)]` before the statement or the awaited expression",
            );
            Ident::new("Unnamed", span)
        });
        self.check_name(&name, awaited);
        let attr: Attribute = parse_quote!(#[at(#name #(, was = #was)*)]);
        awaited.attrs.push(attr);
        self.renamed.extend(was);
    }

    /// A name that is still in use cannot have become another.
    fn check_renamed(&self) {
        let mut seen = HashSet::new();
        for was in &self.renamed {
            let text = was.value();
            let message = if self.known.contains_key(&text) || text == "Start" {
                format!(
                    "`{text}` is the name of an await point of this workflow, so it cannot be what another one was called"
                )
            } else if !seen.insert(text.clone()) {
                format!("two await points say that they were called `{text}`")
            } else if syn::parse_str::<Ident>(&text).is_err() {
                format!("`{text}` cannot have been the name of an await point")
            } else {
                continue;
            };
            self.diagnostics.error_at_with_help(
                Code::At,
                was,
                message,
                "`was` is the name that this await point has in the executions of earlier versions",
            );
        }
    }

    fn check_name(&mut self, name: &Ident, awaited: &ExprAwait) {
        let text = plain_name(name);
        if text == "Start" {
            self.diagnostics.error_at_with_help(
                Code::ReservedName,
                awaited,
                "`Start` is the name of the state before the first await point",
                "give this await point another name: `#[at(Begin)]` before the statement or the awaited expression",
            );
        } else if self.known.insert(text.clone(), name.span()).is_some() && text != "Unnamed" {
            self.diagnostics.error_at_with_help(
                Code::DuplicateName,
                awaited,
                format!("another await point of this workflow is named `{text}` already"),
                format!("give this one its own name: `#[at(Second{text})]` before the statement or the awaited expression"),
            );
        }
    }

    /// Moves an `#[at]` from a statement or expression to its one outermost await.
    fn place_at(&mut self, at: Attribute, expr: &mut Expr) {
        struct Outermost<'a> {
            at: &'a Attribute,
            found: usize,
        }
        impl VisitMut for Outermost<'_> {
            fn visit_expr_await_mut(&mut self, awaited: &mut ExprAwait) {
                self.found += 1;
                awaited.attrs.push(self.at.clone());
            }
            fn visit_expr_closure_mut(&mut self, _: &mut syn::ExprClosure) {}
            fn visit_expr_async_mut(&mut self, _: &mut syn::ExprAsync) {}
            fn visit_item_mut(&mut self, _: &mut Item) {}
        }
        let mut outermost = Outermost { at: &at, found: 0 };
        outermost.visit_expr_mut(expr);
        match outermost.found {
            1 => {}
            0 => self.misplaced(&at),
            _ => {
                self.diagnostics.error_at_with_help(
                    Code::At,
                    &at,
                    "this `#[at(..)]` stands before several awaits, so it is unclear which one it names",
                    "put it directly before the awaited expression",
                );
            }
        }
    }

    fn misplaced(&self, at: &Attribute) {
        self.diagnostics.error_at_with_help(
            Code::At,
            at,
            "there is no await here for `#[at(..)]` to name",
            "put it before a statement or an expression that is awaited",
        );
    }
}

/// The name that a malformed `#[at(..)]` was probably to give.
fn likely_name(at: &Attribute) -> String {
    let text = at.parse_args::<syn::LitStr>().map(|text| text.value()).unwrap_or_default();
    camel(&text, Span::call_site()).map_or("SecondCharge".to_owned(), |name| name.to_string())
}

fn take_at(attrs: &mut Vec<Attribute>) -> Option<Attribute> {
    let at = attrs.iter().position(is_at)?;
    Some(attrs.remove(at))
}

fn take_docs(attrs: &mut Vec<Attribute>) -> Vec<Attribute> {
    attrs.extract_if(.., |attr| attr.path().is_ident("doc")).collect()
}

/// The doc comment of a statement is that of its await, if it has one that is not hidden in a branch.
fn hand_docs_down(attrs: &mut Vec<Attribute>, expr: &mut Expr) {
    if let Some(awaited) = documented_await(expr) {
        awaited.attrs.append(&mut take_docs(attrs));
    }
}

fn documented_await(expr: &mut Expr) -> Option<&mut ExprAwait> {
    match expr {
        Expr::Await(awaited) => Some(awaited),
        Expr::Try(inner) => documented_await(&mut inner.expr),
        Expr::Paren(inner) => documented_await(&mut inner.expr),
        Expr::MethodCall(call) => documented_await(&mut call.receiver),
        Expr::Assign(assign) => documented_await(&mut assign.right),
        Expr::Match(choice) => documented_await(&mut choice.expr),
        _ => None,
    }
}

/// The await that an expression is, but for `?`, parentheses and the like.
fn direct_await(expr: &Expr) -> Option<&ExprAwait> {
    match expr {
        Expr::Await(awaited) => Some(awaited),
        Expr::Try(inner) => direct_await(&inner.expr),
        Expr::Paren(inner) => direct_await(&inner.expr),
        Expr::MethodCall(call) => direct_await(&call.receiver),
        _ => None,
    }
}

/// L9: the callee in UpperCamelCase, the binding for an `async` block.
fn derived_name(operand: &Expr, binding: Option<&Ident>) -> Option<Ident> {
    match operand {
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => {
                let segments = &path.path.segments;
                let last = &segments.last()?.ident;
                let pins =
                    segments.iter().rev().nth(1).is_some_and(|before| before.ident == "Box") && last == "pin";
                if pins && let Some(inner) = call.args.first() {
                    return derived_name(inner, binding);
                }
                if last == "event"
                    && let Some(Expr::Lit(lit)) = call.args.first()
                    && let syn::Lit::Str(name) = &lit.lit
                {
                    return camel(&format!("event_{}", name.value()), last.span());
                }
                camel(&plain_name(last), last.span())
            }
            _ => None,
        },
        Expr::MethodCall(call) => match constructor(&call.receiver) {
            Some(constructor) => derived_name(constructor, binding),
            None => camel(&plain_name(&call.method), call.method.span()),
        },
        Expr::Macro(mac) => camel(&macros::last_segment(&mac.mac), mac.mac.path.span()),
        Expr::Async(_) => binding.and_then(|binding| camel(&plain_name(binding), binding.span())),
        Expr::Path(path) => path.path.get_ident().and_then(|ident| camel(&plain_name(ident), ident.span())),
        Expr::Paren(inner) => derived_name(&inner.expr, binding),
        Expr::Group(inner) => derived_name(&inner.expr, binding),
        Expr::Try(inner) => derived_name(&inner.expr, binding),
        Expr::Unsafe(block) => match block.block.stmts.last() {
            Some(Stmt::Expr(tail, None)) => derived_name(tail, binding),
            _ => None,
        },
        Expr::Await(inner) => derived_name(&inner.base, binding),
        _ => None,
    }
}

/// What an await point does, by the name of what is called there: what its name would come from. Empty where nothing is called.
pub fn operation(operand: &Expr) -> String {
    match operand {
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => {
                let mut segments = path.path.segments.iter().rev().map(|segment| plain_name(&segment.ident));
                let last = segments.next().unwrap_or_default();
                match (&*last, segments.next().as_deref(), call.args.first()) {
                    ("pin", Some("Box"), Some(inner)) => operation(inner),
                    ("event", _, Some(Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(name), .. }))) => {
                        format!("event({:?})", name.value())
                    }
                    _ => last,
                }
            }
            _ => String::new(),
        },
        Expr::MethodCall(call) => match constructor(&call.receiver) {
            Some(constructor) => operation(constructor),
            None => plain_name(&call.method),
        },
        Expr::Macro(mac) => format!("{}!", macros::last_segment(&mac.mac)),
        Expr::Async(_) => "async".to_owned(),
        Expr::Paren(inner) => operation(&inner.expr),
        Expr::Group(inner) => operation(&inner.expr),
        Expr::Try(inner) => operation(&inner.expr),
        Expr::Unsafe(block) => match block.block.stmts.last() {
            Some(Stmt::Expr(tail, None)) => operation(tail),
            _ => String::new(),
        },
        Expr::Await(inner) => operation(&inner.base),
        _ => String::new(),
    }
}

/// The combinator's constructor a builder chain begins with.
fn constructor(receiver: &Expr) -> Option<&Expr> {
    match receiver {
        Expr::MethodCall(call) => constructor(&call.receiver),
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => {
                let last = path.path.segments.last()?;
                COMBINATORS.iter().chain(WAITS).any(|name| last.ident == name).then_some(receiver)
            }
            _ => None,
        },
        _ => None,
    }
}

/// Whether an awaited expression is a combinator, whose operands are branches.
pub fn is_combinator(operand: &Expr) -> bool {
    let made_by = match operand {
        Expr::MethodCall(call) => constructor(&call.receiver),
        call => constructor(call),
    };
    let Some(Expr::Call(call)) = made_by else { return false };
    let Expr::Path(path) = &*call.func else { return false };
    let name = path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
    COMBINATORS.contains(&name.as_str())
}

/// `place_order` to `PlaceOrder`; anything that is no identifier character separates words.
pub fn camel(name: &str, span: Span) -> Option<Ident> {
    let mut camel = String::new();
    for word in name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let mut letters = word.chars();
        camel.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        camel.extend(letters);
    }
    if !camel.starts_with(|c: char| c.is_alphabetic()) {
        return None;
    }
    syn::parse_str::<Ident>(&camel).ok().map(|mut ident| {
        ident.set_span(span);
        ident
    })
}

/// `PlaceOrder` to `place_order`.
pub fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// The attributes of an expression, for those that can carry `#[at]`.
macro_rules! attributes {
    ($expr:ident, |$e:ident| $attrs:expr) => {
        Some(match $expr {
            Expr::Await($e) => $attrs,
            Expr::Try($e) => $attrs,
            Expr::MethodCall($e) => $attrs,
            Expr::Call($e) => $attrs,
            Expr::Macro($e) => $attrs,
            Expr::Assign($e) => $attrs,
            Expr::Binary($e) => $attrs,
            Expr::Return($e) => $attrs,
            Expr::If($e) => $attrs,
            Expr::Match($e) => $attrs,
            Expr::While($e) => $attrs,
            Expr::ForLoop($e) => $attrs,
            Expr::Block($e) => $attrs,
            Expr::Unary($e) => $attrs,
            Expr::Cast($e) => $attrs,
            Expr::Field($e) => $attrs,
            Expr::Index($e) => $attrs,
            Expr::Paren($e) => $attrs,
            Expr::Reference($e) => $attrs,
            Expr::Struct($e) => $attrs,
            Expr::Tuple($e) => $attrs,
            Expr::Array($e) => $attrs,
            Expr::Break($e) => $attrs,
            Expr::Continue($e) => $attrs,
            Expr::Async($e) => $attrs,
            Expr::Loop($e) => $attrs,
            Expr::Unsafe($e) => $attrs,
            Expr::Let($e) => $attrs,
            Expr::Path($e) => $attrs,
            _ => return None,
        })
    };
}

/// The attributes of an expression, for those that can carry `#[at]`.
pub fn attrs(expr: &Expr) -> Option<&[Attribute]> {
    attributes!(expr, |e| &e.attrs[..])
}

/// The same, to change them.
fn attrs_mut(expr: &mut Expr) -> Option<&mut Vec<Attribute>> {
    attributes!(expr, |e| &mut e.attrs)
}

/// Removes every `#[at(..)]`: rustc does not know it.
pub struct StripAt;

impl VisitMut for StripAt {
    fn visit_attributes_mut(&mut self, attrs: &mut Vec<Attribute>) {
        attrs.retain(|attr| {
            !(is_at(attr) && matches!(attr.meta, Meta::List(_) | Meta::Path(_) | Meta::NameValue(_)))
        });
    }

    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        macros::edit_awaiting_operands(mac, |operand| self.visit_expr_mut(operand));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_of(operand: Expr) -> Option<String> {
        derived_name(&operand, None).map(|name| name.to_string())
    }

    #[test]
    fn await_points_are_named_by_their_callee() {
        assert_eq!(name_of(parse_quote!(charge(&stripe, key))).as_deref(), Some("Charge"));
        assert_eq!(name_of(parse_quote!(shop.orders().reserve_all(line))).as_deref(), Some("ReserveAll"));
        assert_eq!(name_of(parse_quote!(event::<Approval>("gateway-ok"))).as_deref(), Some("EventGatewayOk"));
        assert_eq!(name_of(parse_quote!(map(items, f).concurrency(8))).as_deref(), Some("Map"));
        assert_eq!(name_of(parse_quote!(Box::pin(walk(tree)))).as_deref(), Some("Walk"));
        assert_eq!(name_of(parse_quote!(async {})), None);
    }

    #[test]
    fn snake_is_the_inverse_of_camel() {
        let camel = camel("place_order_2", Span::call_site()).unwrap();
        assert_eq!(
            (camel.to_string().as_str(), snake("PlaceOrder").as_str()),
            ("PlaceOrder2", "place_order")
        );
    }
}
