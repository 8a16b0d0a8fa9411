//! Statements and expressions that lowering makes around the user's: built as trees, since tokens that were parsed in one place
//! need not parse in another (`S { x } == y` does not as a condition).

use proc_macro2::{Delimiter, TokenTree};
use quote::ToTokens;
use syn::{Block, Expr, ExprIf, Ident, Local, LocalInit, Pat, PatIdent, PatType, Stmt, Type, token};

/// `let mut IDENT: TY = VALUE;`
pub(super) fn let_mut(ident: &Ident, ty: Option<&Type>, value: Expr) -> Stmt {
    let name = Pat::Ident(PatIdent {
        attrs: Vec::new(),
        by_ref: None,
        mutability: Some(Default::default()),
        ident: ident.clone(),
        subpat: None,
    });
    let pat = match ty {
        Some(ty) => Pat::Type(PatType {
            attrs: Vec::new(),
            pat: Box::new(name),
            colon_token: Default::default(),
            ty: Box::new(ty.clone()),
        }),
        None => name,
    };
    let init = LocalInit { eq_token: Default::default(), expr: Box::new(value), diverge: None };
    Stmt::Local(Local {
        attrs: Vec::new(),
        modifiers: Default::default(),
        let_token: Default::default(),
        pat,
        init: Some(init),
        semi_token: Default::default(),
    })
}

/// `if COND { THEN } else { OTHERWISE }`
pub(super) fn if_else(cond: Expr, then: Expr, otherwise: Expr) -> ExprIf {
    ExprIf {
        attrs: Vec::new(),
        if_token: Default::default(),
        cond: Box::new(as_condition(cond)),
        then_branch: Block { brace_token: token::Brace::default(), stmts: vec![Stmt::Expr(then, None)] },
        else_branch: Some((Default::default(), Box::new(block(Stmt::Expr(otherwise, None))))),
    }
}

/// In parentheses, where a brace in it would be taken for the branch.
fn as_condition(expr: Expr) -> Expr {
    let is_brace =
        |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
    match expr.to_token_stream().into_iter().any(|token| is_brace(&token)) {
        true => Expr::Paren(syn::ExprParen {
            attrs: Vec::new(),
            paren_token: token::Paren::default(),
            expr: Box::new(expr),
        }),
        false => expr,
    }
}

/// `{ STMT }`
pub(super) fn block(stmt: Stmt) -> Expr {
    let block = Block { brace_token: token::Brace::default(), stmts: vec![stmt] };
    Expr::Block(syn::ExprBlock { attrs: Vec::new(), label: None, block })
}

/// `FUNC(ARG)`
pub(super) fn call(func: Expr, arg: Expr) -> Expr {
    let args = [arg].into_iter().collect();
    Expr::Call(syn::ExprCall {
        attrs: Vec::new(),
        func: Box::new(func),
        paren_token: token::Paren::default(),
        args,
    })
}
