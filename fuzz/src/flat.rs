//! Tokens without their tree, so that they can be cut anywhere.

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

/// A token, an opening delimiter, or a closing one.
#[derive(Clone, Debug)]
pub(crate) enum Flat {
    Token(TokenTree),
    Open(Delimiter),
    Close,
}

/// Deeper nesting than people write would only find the end of the stack, in `syn` first.
const DEPTH_MAX: usize = 48;

/// A token for each byte.
pub fn stream(bytes: impl Iterator<Item = u8>) -> TokenStream {
    tree(bytes.flat_map(tokens_of))
}

/// The tree: delimiters that nothing closes are closed at the end, and those that close nothing left out.
pub(crate) fn tree(tokens: impl IntoIterator<Item = Flat>) -> TokenStream {
    let mut stack = vec![(Delimiter::None, TokenStream::new())];
    for token in tokens {
        match token {
            Flat::Token(token) => stack.last_mut().expect("the root").1.extend([token]),
            Flat::Open(delimiter) if stack.len() < DEPTH_MAX => stack.push((delimiter, TokenStream::new())),
            Flat::Open(_) => {}
            Flat::Close => close(&mut stack),
        }
    }
    while stack.len() > 1 {
        close(&mut stack);
    }
    stack.pop().expect("the root").1
}

fn close(stack: &mut Vec<(Delimiter, TokenStream)>) {
    if stack.len() > 1
        && let Some((delimiter, inner)) = stack.pop()
    {
        let group = TokenTree::Group(Group::new(delimiter, inner));
        stack.last_mut().expect("the root").1.extend([group]);
    }
}

/// The tokens of a tree in order.
pub(crate) fn flatten(tokens: TokenStream, found: &mut Vec<Flat>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                found.push(Flat::Open(group.delimiter()));
                flatten(group.stream(), found);
                found.push(Flat::Close);
            }
            token => found.push(Flat::Token(token)),
        }
    }
}

/// What a byte stands for: one or a few tokens of the vocabulary.
pub(crate) fn tokens_of(byte: u8) -> Vec<Flat> {
    match byte {
        0..=11 => vec![Flat::Close],
        12..=19 => vec![Flat::Open(Delimiter::Parenthesis)],
        20..=29 => vec![Flat::Open(Delimiter::Brace)],
        30..=33 => vec![Flat::Open(Delimiter::Bracket)],
        34 => vec![Flat::Open(Delimiter::None)],
        byte => {
            let word = WORDS[usize::from(byte) % WORDS.len()];
            let mut found = Vec::new();
            match word.parse() {
                Ok(tokens) => flatten(tokens, &mut found),
                Err(_) => found.extend(puncts(word)),
            }
            found
        }
    }
}

fn puncts(word: &str) -> impl Iterator<Item = Flat> {
    word.chars().map(|c| Flat::Token(TokenTree::Punct(Punct::new(c, Spacing::Joint))))
}

/// A name or a number that the vocabulary lacks.
pub(crate) fn odd(byte: u8) -> Flat {
    let span = Span::call_site();
    Flat::Token(match byte % 8 {
        0 => Ident::new("Start", span).into(),
        1 => Ident::new_raw("type", span).into(),
        2 => Ident::new("größe", span).into(),
        3 => Ident::new("_", span).into(),
        4 => Literal::string("{x} {y:?} \"%%{").into(),
        5 => Literal::u64_suffixed(7).into(),
        6 => Literal::byte_string(b"b").into(),
        _ => Ident::new("__durable_value_9999", span).into(),
    })
}

/// What workflows are made of.
const WORDS: &[&str] = &[
    ".await",
    ".await?",
    ";",
    ",",
    "=",
    "let",
    "mut",
    "x",
    "y",
    "order",
    "shop",
    "s()",
    "t(x)",
    "charge(&x)",
    "if",
    "else",
    "match",
    "while",
    "for",
    "in",
    "loop",
    "break",
    "continue",
    "return",
    "'a:",
    "'a",
    "async",
    "fn",
    "f",
    "move",
    "&",
    "&mut",
    "*",
    "+",
    "+=",
    "==",
    "&&",
    "||",
    "!",
    "=>",
    "->",
    "?",
    ".",
    "..",
    "..=",
    "::",
    ":",
    "<",
    ">",
    "|",
    "_",
    "ref",
    "Some(x)",
    "None",
    "Ok(x)",
    "Err(x)",
    "1",
    "2u8",
    "\"{x}\"",
    "'c'",
    "true",
    "let x =",
    "#[at(Second)]",
    "#[doc = \"d\"]",
    "#",
    "@",
    "u32",
    "Vec",
    "Vec::new()",
    "S { x, y }",
    "println!(\"{x}\")",
    "vec!",
    "assert_eq!",
    "matches!",
    "tokio::join!",
    "unsafe",
    "as",
    "const",
    "static",
    "struct",
    "impl",
    "dyn",
    "use",
    "where",
    "self",
    "Self",
    "&self",
    "event(\"e\")",
    "sleep(d)",
    "map(v, f)",
    "join((s(), t()))",
    "spawn(f())",
    "Uuid::new_v4()",
    "Box::pin(s())",
    ".iter()",
    ".push(x)",
    ".x",
    ".0",
    "[i]",
    "0..n",
    "1..=n",
    "let Some(x) = y else",
    "if let Some(x) = y",
    "while let Some(x) = y",
    "for x in &y",
    "match x { _ => y }",
    "'a: loop",
    "break 'a",
    "continue 'a",
    "x = x",
    "let x;",
    "strict",
    "name = \"n\"",
    "crate = \"c\"",
    "retry",
    "attempts = 3",
    "timeout = \"1s\"",
    "at_most_once",
    "bail!(x)",
    "yield",
    "try",
    "union",
    "macro_rules!",
    "$",
];
