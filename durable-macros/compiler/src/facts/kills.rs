//! What is assigned on every way through a piece of code, and whether a way leads through at all.

use super::{Collect, Names, is_conditional, pattern_names};
use crate::{desugar, graph::plain_name, macros};
use syn::{Block, Expr, Pat, Stmt};

/// Names assigned on every way through; `None`: no way leads through.
pub(super) fn kills_of_expr(expr: &Expr) -> Option<Names> {
    match expr {
        // What may not be there at all does nothing for certain.
        expr if may_be_left_out(expr) => Some(Names::new()),
        Expr::Assign(assign) => {
            let mut kills = kills_of_expr(&assign.right)?;
            let mut target = Collect::default();
            target.assigned(&assign.left);
            kills.extend(target.facts.assigns);
            Some(kills)
        }
        Expr::If(branch) => {
            let otherwise = match &branch.else_branch {
                Some((_, otherwise)) => kills_of_expr(otherwise),
                None => Some(Names::new()),
            };
            let then = kills_of_block(&branch.then_branch)
                .map(|kills| without(kills, &condition_names(&branch.cond)));
            both(then, otherwise)
        }
        Expr::Match(choice) if !choice.arms.is_empty() => {
            let kills = |arm: &syn::Arm| Some(without(kills_of_expr(&arm.body)?, &bound_names(&arm.pat)));
            choice.arms.iter().map(kills).reduce(both).flatten()
        }
        Expr::Block(block) if block.label.is_none() => kills_of_block(&block.block),
        Expr::Unsafe(block) => kills_of_block(&block.block),
        Expr::Paren(paren) => kills_of_expr(&paren.expr),
        Expr::Return(_) | Expr::Break(_) | Expr::Continue(_) => None,
        Expr::Macro(mac) if macros::diverges(&mac.mac) => None,
        _ => Some(Names::new()),
    }
}

pub(super) fn kills_of_stmt(stmt: &Stmt) -> Option<Names> {
    match stmt {
        Stmt::Expr(expr, _) => kills_of_expr(expr),
        Stmt::Local(local) if local.attrs.iter().any(is_conditional) => Some(Names::new()),
        Stmt::Macro(mac) if mac.attrs.iter().any(is_conditional) => Some(Names::new()),
        Stmt::Local(local) => {
            local.init.as_ref().map_or(Some(Names::new()), |init| kills_of_expr(&init.expr))
        }
        Stmt::Macro(mac) if macros::diverges(&mac.mac) => None,
        Stmt::Macro(_) | Stmt::Item(_) => Some(Names::new()),
    }
}

/// A block's own names hide those outside.
fn kills_of_block(block: &Block) -> Option<Names> {
    let (mut kills, mut own) = (Names::new(), Names::new());
    for stmt in &block.stmts {
        kills.extend(kills_of_stmt(stmt)?.into_iter().filter(|name| !own.contains(name)));
        if let Stmt::Local(local) = stmt {
            own.extend(pattern_names(&local.pat).into_iter().map(|name| plain_name(&name.ident)));
        }
    }
    Some(kills)
}

/// Of what is assigned, what does not mean a name of a pattern around it.
fn without(kills: Names, bound: &Names) -> Names {
    kills.difference(bound).cloned().collect()
}

fn bound_names(pat: &Pat) -> Names {
    pattern_names(pat).iter().map(|name| plain_name(&name.ident)).collect()
}

/// The names that the `let`s of a condition bind.
fn condition_names(cond: &Expr) -> Names {
    match cond {
        Expr::Let(binding) => bound_names(&binding.pat),
        Expr::Binary(chain) => {
            condition_names(&chain.left).into_iter().chain(condition_names(&chain.right)).collect()
        }
        Expr::Paren(paren) => condition_names(&paren.expr),
        _ => Names::new(),
    }
}

fn both(a: Option<Names>, b: Option<Names>) -> Option<Names> {
    match (a, b) {
        (None, other) | (other, None) => other,
        (Some(a), Some(b)) => Some(a.intersection(&b).cloned().collect()),
    }
}

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

fn block_diverges(block: &Block) -> bool {
    block.stmts.iter().any(|stmt| match stmt {
        Stmt::Expr(expr, _) => diverges(expr),
        Stmt::Macro(mac) => macros::diverges(&mac.mac) && !mac.attrs.iter().any(is_conditional),
        _ => false,
    })
}

fn may_be_left_out(expr: &Expr) -> bool {
    desugar::attrs(expr).is_some_and(|attrs| attrs.iter().any(is_conditional))
}
