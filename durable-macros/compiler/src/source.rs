//! Code as a person would have written it: the text of tokens, for pictures and descriptions.
//!
//! It depends on the tokens alone, never on their spans, so it is the same inside rustc, in a test and in a tool.

use crate::desugar::StripAt;
use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Expr,
    visit_mut::{self, VisitMut},
};

/// The text of an expression as the user wrote it: names that were given to its await points, and what lowering put into it,
/// are left out.
pub fn of_expr(expr: &Expr) -> String {
    let mut written = expr.clone();
    StripAt.visit_expr_mut(&mut written);
    Unlower.visit_expr_mut(&mut written);
    text(written.to_token_stream())
}

/// The text of tokens, on one line.
pub fn text(tokens: TokenStream) -> String {
    let mut text = Text::default();
    text.tokens(tokens);
    text.out
}

/// At most so many characters, the last of which says that there were more.
pub fn shortened(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some(_) => text.chars().take(chars_max - 1).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

/// Takes out what lowering put in: the call around an awaited operand, and temporaries.
struct Unlower;

impl VisitMut for Unlower {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        match expr {
            Expr::MethodCall(call) if call.method == "__durable_at" => *expr = (*call.receiver).clone(),
            Expr::Path(path) if path.path.get_ident().is_some_and(is_made) => {
                *expr = Expr::Verbatim(quote::quote!(..));
            }
            _ => {}
        }
    }
}

fn is_made(ident: &syn::Ident) -> bool {
    ident.to_string().starts_with("__durable_")
}

/// What the last token was, as far as the space after it depends on it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Last {
    /// Nothing: the beginning, or an opening delimiter.
    #[default]
    Open,
    /// The end of a value: a name, a literal, a closing delimiter.
    Value,
    /// A word of the language: an operand follows.
    Keyword,
    /// An operator between two operands, a comma or the like.
    Between,
    /// What the next token is glued to: `.`, `::`, `&` before an operand.
    Glue,
}

#[derive(Default)]
struct Text {
    out: String,
    last: Last,
    /// The last word begins with a capital, or a `::` stands before: a `<` after it opens generic arguments.
    names_type: bool,
    /// How many generic argument lists are open.
    generics: usize,
    /// Whether the parameters of a closure are open.
    closure: bool,
}

impl Text {
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                TokenTree::Group(group) => self.group(group),
                TokenTree::Ident(ident) => self.word(&ident.to_string()),
                TokenTree::Literal(literal) => self.value(&literal.to_string()),
                TokenTree::Punct(punct) => {
                    let mut op = String::from(punct.as_char());
                    let mut spacing = punct.spacing();
                    // Generic argument lists may end together: `Vec<Vec<u8>>`.
                    while spacing == Spacing::Joint
                        && let Some(TokenTree::Punct(next)) = tokens.get(at)
                        && OPERATORS.contains(&format!("{op}{}", next.as_char()).as_str())
                        && !(self.generics > 0 && op == ">")
                    {
                        op.push(next.as_char());
                        spacing = next.spacing();
                        at += 1;
                    }
                    let before_bang =
                        matches!(tokens.get(at), Some(TokenTree::Group(_) | TokenTree::Ident(_)));
                    self.punct(&op, before_bang);
                }
            }
        }
    }

    fn group(&mut self, group: &proc_macro2::Group) {
        let (open, close) = match group.delimiter() {
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::Brace => ("{", "}"),
            Delimiter::None => return self.tokens(group.stream()),
        };
        let braces = open == "{";
        let spaced = match self.last {
            Last::Open | Last::Glue => false,
            Last::Value => braces,
            Last::Keyword | Last::Between => true,
        };
        if spaced && !self.out.is_empty() {
            self.out.push(' ');
        }
        self.out.push_str(open);
        if !group.stream().is_empty() {
            let mut inner = Text::default();
            inner.tokens(group.stream());
            let pad = if braces { " " } else { "" };
            self.out.extend([pad, &inner.out, pad]);
        }
        self.out.push_str(close);
        (self.last, self.names_type) = (Last::Value, false);
    }

    fn word(&mut self, word: &str) {
        let keyword = KEYWORDS.contains(&word);
        let after_dot = self.last == Last::Glue && self.out.ends_with('.');
        self.separate();
        self.out.push_str(word);
        self.last = if keyword && !after_dot { Last::Keyword } else { Last::Value };
        self.names_type = word.starts_with(char::is_uppercase);
    }

    fn value(&mut self, text: &str) {
        self.separate();
        self.out.push_str(text);
        (self.last, self.names_type) = (Last::Value, false);
    }

    /// A space before a word or a literal, unless it is glued to what stands before.
    fn separate(&mut self) {
        if matches!(self.last, Last::Value | Last::Keyword | Last::Between) {
            self.out.push(' ');
        }
    }

    fn punct(&mut self, op: &str, followed: bool) {
        let after_value = self.last == Last::Value;
        match op {
            "," | ";" => self.push(op, Last::Between),
            ":" => self.push(op, Last::Between),
            "?" => self.push(op, Last::Value),
            "." | ".." | "..=" | "::" => {
                // A path that begins with `::`, and the rest of a pattern, stand apart from what is before.
                if !after_value {
                    self.separate();
                }
                self.push(op, Last::Glue);
                self.names_type = op == "::";
            }
            "'" | "#" | "$" | "@" if !(after_value && op == "@") => {
                self.separate();
                self.push(op, Last::Glue);
            }
            "<" if self.names_type || !after_value => {
                if !after_value && self.last != Last::Glue {
                    self.separate();
                }
                self.generics += 1;
                self.push(op, Last::Open);
            }
            ">" if self.generics > 0 => {
                self.generics -= 1;
                self.push(op, Last::Value);
                self.names_type = false;
            }
            // `matches!(..)`, but not `a != b`.
            "!" if after_value && followed => self.push(op, Last::Glue),
            "|" if self.closure => {
                self.closure = false;
                self.push(op, Last::Between);
            }
            "|" if !after_value => {
                self.closure = true;
                self.separate();
                self.push(op, Last::Open);
            }
            "||" if !after_value => {
                self.separate();
                self.push(op, Last::Between);
            }
            "&" | "&&" | "*" | "-" | "!" if !after_value => {
                self.separate();
                self.push(op, Last::Glue);
            }
            _ => {
                if self.last != Last::Open {
                    self.out.push(' ');
                }
                self.push(op, Last::Between);
            }
        }
    }

    fn push(&mut self, op: &str, last: Last) {
        self.out.push_str(op);
        self.last = last;
    }
}

/// Operators of more than one character, and their beginnings.
const OPERATORS: &[&str] = &[
    "::", "..", "..=", "...", "->", "=>", "==", "!=", "<=", ">=", "&&", "||", "+=", "-=", "*=", "/=", "%=",
    "^=", "&=", "|=", "<<", ">>", "<<=", ">>=",
];

/// Words after which an operand, a pattern or a block follows.
const KEYWORDS: &[&str] = &[
    "as", "async", "break", "const", "continue", "dyn", "else", "fn", "for", "if", "impl", "in", "let",
    "loop", "match", "move", "mut", "ref", "return", "unsafe", "where", "while",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(source: &str) -> String {
        text(source.parse().unwrap())
    }

    #[test]
    fn code_in_the_usual_style_keeps_its_style() {
        for source in [
            "order.needs_approval()",
            "let Some(code) = &order.coupon",
            "charge(shop, &order, cents, key)",
            "attempts < 3 && !done || total - 1 > -limit",
            "event::<Approval>(\"gateway\")",
            "Vec::<Vec<u8>>::new()",
            "items.iter().map(|item| item.price * 2).sum::<u64>()",
            "map(items, move |line| shop.reserve(line)).concurrency(8)",
            "Kind::Card { number, .. }",
            "Point { x: 1, y }",
            "v[i + 1]",
            "0..n",
            "1..=9",
            "a as u64",
            "&mut total",
            "matches!(kind, Kind::A | Kind::B)",
            "n @ 1..=9 if n % 2 == 0",
            "(a, b)",
            "x?.y",
            "'outer: loop",
            "s.await?",
            "<Shop as Store>::find(id)",
            "Ok(_) | Err(Error::Gone)",
            "async { 1 }",
            "[1, 2]",
            "a << 2",
            "std::mem::take(&mut v)",
            "x != y",
            "*x == **y",
            "|| 1",
            "return Err(e)",
            "format!(\"{x}\")",
            "{}",
        ] {
            assert_eq!(rewritten(source), source);
        }
    }

    #[test]
    fn what_the_compiler_put_in_is_left_out() {
        let lowered: Expr = syn::parse_quote! {
            #[at(Charge)] charge(__durable_value_3, 1).__durable_at(__durable_cx, 2, __durable_saver).await
        };
        assert_eq!(of_expr(&lowered), "charge(.., 1).await");
    }

    #[test]
    fn long_text_is_shortened_by_characters() {
        assert_eq!(shortened("äöüß", 4), "äöüß");
        assert_eq!(shortened("äöüßä", 4), "äöü…");
    }
}
