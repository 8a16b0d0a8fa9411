//! Functions that are being typed: what can be read of them, so that an editor still knows their names and their other statements.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::quote;
use syn::{
    Block, Expr, Stmt,
    parse::{ParseStream, Parser},
    token,
};

/// A function whose body does not parse.
#[derive(Debug)]
pub struct HalfTyped {
    /// The function with an empty body. It may still not parse.
    pub item: TokenStream,
    /// The body, in which what does not parse is left as it is. A missing body is empty.
    pub body: Block,
}

/// Takes signature and body apart.
pub fn half_typed(item: TokenStream) -> HalfTyped {
    let mut tokens: Vec<TokenTree> = item.into_iter().collect();
    let mut body = Block { brace_token: token::Brace::default(), stmts: Vec::new() };
    if let Some(TokenTree::Group(group)) = tokens.last()
        && group.delimiter() == Delimiter::Brace
    {
        body.brace_token = token::Brace(group.span());
        body.stmts = statements(group.stream()).into_iter().flat_map(parsed).collect();
        tokens.pop();
    }
    HalfTyped { item: quote!(#(#tokens)* {}), body }
}

/// Cut behind each `;`.
fn statements(tokens: TokenStream) -> Vec<TokenStream> {
    let mut cut = vec![TokenStream::new()];
    for token in tokens {
        let ends = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ';');
        if let Some(last) = cut.last_mut() {
            last.extend([token]);
        }
        if ends {
            cut.push(TokenStream::new());
        }
    }
    cut
}

/// The statements in a piece, or the piece as it is.
fn parsed(piece: TokenStream) -> Vec<Stmt> {
    let within = |input: ParseStream<'_>| Block::parse_within(input);
    match within.parse2(piece.clone()) {
        Ok(stmts) => stmts,
        Err(_) => vec![Stmt::Expr(Expr::Verbatim(piece), None)],
    }
}
