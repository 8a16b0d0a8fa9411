//! How branches were written: noted before their expressions are taken apart, for the picture of the workflow.

use super::Lower;
use crate::{graph::Written, source};
use quote::ToTokens;
use syn::{Expr, ExprForLoop, ExprMatch};

impl Lower<'_> {
    /// A condition, or one part of a chain: the first part of a `while`'s is the `while`.
    pub(super) fn written_condition(&mut self, cond: &Expr) -> Written {
        Written { keyword: self.keyword.take().unwrap_or("if"), text: source::of_expr(cond) }
    }

    /// Notes how the end of the current sequence was written.
    pub(super) fn write_down(&mut self, written: Written) {
        if let Some(cur) = self.cur {
            self.graph.written.insert(cur, written);
        }
    }
}

/// `for PAT in EXPR`, without the `for`.
pub(super) fn written_for(repeat: &ExprForLoop) -> Written {
    let pat = source::text(repeat.pat.to_token_stream());
    Written { keyword: "for", text: format!("{pat} in {}", source::of_expr(&repeat.expr)) }
}

/// What is matched.
pub(super) fn written_match(choice: &ExprMatch) -> Written {
    Written { keyword: "match", text: source::of_expr(&choice.expr) }
}
