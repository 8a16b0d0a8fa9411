//! Whether a way leads through a piece of code at all.

use super::is_conditional;
use crate::{desugar, macros};
use syn::{Block, Expr, Stmt};

/// Whether an expression never comes back, as its tokens show.
pub fn diverges(expr: &Expr) -> bool {
    match expr {
        expr if may_be_left_out(expr) => false,
        Expr::Return(_) | Expr::Break(_) | Expr::Continue(_) => true,
        Expr::Macro(mac) => macros::diverges(&mac.mac),
        Expr::Paren(paren) => diverges(&paren.expr),
        Expr::Block(block) if block.label.is_none() => block_diverges(&block.block),
        Expr::If(branch) => {
            let otherwise = branch.else_branch.as_ref().is_some_and(|(_, otherwise)| diverges(otherwise));
            otherwise && block_diverges(&branch.then_branch)
        }
        Expr::Match(choice) => !choice.arms.is_empty() && choice.arms.iter().all(|arm| diverges(&arm.body)),
        _ => false,
    }
}

pub(super) fn block_diverges(block: &Block) -> bool {
    block.stmts.iter().any(|stmt| match stmt {
        Stmt::Expr(expr, _) => diverges(expr),
        Stmt::Macro(mac) => macros::diverges(&mac.mac) && !mac.attrs.iter().any(is_conditional),
        _ => false,
    })
}

fn may_be_left_out(expr: &Expr) -> bool {
    desugar::attrs(expr).is_some_and(|attrs| attrs.iter().any(is_conditional))
}
