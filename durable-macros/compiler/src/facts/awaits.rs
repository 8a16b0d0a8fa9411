//! Whether code contains an await of the workflow's own.

use crate::macros;
use syn::{Block, Expr, Stmt, visit::Visit};

/// Whether an expression contains an await of the workflow's own: not one inside an `async` block, closure or item.
pub fn has_await(expr: &Expr) -> bool {
    let mut find = FindAwait(false);
    find.visit_expr(expr);
    find.0
}

/// The same for a statement.
pub fn stmt_has_await(stmt: &Stmt) -> bool {
    let mut find = FindAwait(false);
    find.visit_stmt(stmt);
    find.0
}

/// The same for a block.
pub fn block_has_await(block: &Block) -> bool {
    block.stmts.iter().any(stmt_has_await)
}

struct FindAwait(bool);

impl<'ast> Visit<'ast> for FindAwait {
    fn visit_expr_await(&mut self, _: &'ast syn::ExprAwait) {
        self.0 = true;
    }
    fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}
    fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {}
    fn visit_item(&mut self, _: &'ast syn::Item) {}
    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        if macros::mentions_await(mac.tokens.clone())
            && let Some(operands) = macros::operands(mac)
        {
            operands.iter().for_each(|operand| self.visit_expr(operand));
        }
    }
}
