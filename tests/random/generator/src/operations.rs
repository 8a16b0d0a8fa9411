//! What is awaited.

use crate::{
    generator::{Allowed, Generator},
    scope::Lock,
    types::Ty,
};

impl Generator {
    /// An awaited operation of a type, if there may be one.
    pub(crate) fn awaited(&mut self, ty: Ty, depth: usize) -> Option<String> {
        if !self.may_await() {
            return None;
        }
        self.budget -= 1;
        let depth = depth.saturating_sub(1);
        if self.random.percent(18) {
            return Some(self.given(ty, depth));
        }
        Some(match ty {
            Ty::Num => self.awaited_number(depth),
            Ty::Bool => self.called("big", depth, ""),
            Ty::Text => self.called("text", depth, ""),
            Ty::Maybe => self.called("some", depth, ""),
            Ty::Outcome => self.called("even", depth, ""),
            other => self.given(other, depth),
        })
    }

    fn awaited_number(&mut self, depth: usize) -> String {
        match self.random.below(20) {
            0 | 1 if self.fallible && self.allowed.jumps => self.called("even", depth, "?"),
            2 => {
                let number = self.number(depth);
                let otherwise = self.number(0);
                let point = self.point("some");
                self.wrapped(
                    &point,
                    &format!("world.some({number}).await"),
                    &format!(".unwrap_or({otherwise})"),
                )
            }
            3 => self.called("even", depth, ".unwrap_or_else(|e| e.len() as u64)"),
            4 => self.called("big", depth, " as u64"),
            5 | 6 => self.stirred(depth).unwrap_or_else(|| self.called("ask", depth, "")),
            7..=9 => self.peeked().unwrap_or_else(|| self.called("ask", depth, "")),
            10 => self.async_block(depth),
            11 => {
                let number = self.number(depth);
                let point = self.point("relay");
                self.wrapped(&point, &format!("relay(world, {number}).await"), "")
            }
            12 => self.called("text", depth, ".len() as u64"),
            _ => self.called("ask", depth, ""),
        }
    }

    /// An operation that takes a number, and what is made of its result.
    fn called(&mut self, callee: &'static str, depth: usize, after: &str) -> String {
        let number = self.number(depth);
        let point = self.point(callee);
        self.wrapped(&point, &format!("world.{callee}({number}).await"), after)
    }

    /// Of any type, by value; it may fail.
    fn given(&mut self, ty: Ty, depth: usize) -> String {
        let value = self.value(ty, depth);
        if self.fallible && self.allowed.jumps && self.random.percent(40) {
            let number = self.number(depth.saturating_sub(1));
            let point = self.point("attempt");
            return self.wrapped(&point, &format!("world.attempt({value}, {number}).await"), "?");
        }
        let point = self.point("give");
        self.wrapped(&point, &format!("world.give({value}).await"), "")
    }

    /// What a local looks like, by reference.
    fn peeked(&mut self) -> Option<String> {
        let readable: Vec<_> =
            (0..self.scope.locals.len()).filter(|at| self.scope.is_readable(*at)).collect();
        let at = self.random.one_of(&readable)?;
        self.scope.read(at);
        let operand = match self.scope.locals[at].hold {
            Some(hold) if !hold.exclusive && self.random.percent(50) => self.scope.locals[at].name.clone(),
            _ => format!("&{}", self.scope.locals[at].name),
        };
        let point = self.point("peek");
        Some(self.wrapped(&point, &format!("world.peek({operand}).await"), ""))
    }

    /// Changes a number through a borrow that only the operation has.
    fn stirred(&mut self, depth: usize) -> Option<String> {
        if !self.allowed.changes {
            return None;
        }
        let at = self.random.one_of(&self.scope.changeable(Ty::Num))?;
        self.scope.change(at);
        let operand = match self.scope.locals[at].hold {
            Some(_) => self.scope.locals[at].name.clone(),
            None => format!("&mut {}", self.scope.locals[at].name),
        };
        let number = self.locked(at, Lock::Untouchable, |this| this.number(depth));
        let point = self.point("stir");
        Some(self.wrapped(&point, &format!("world.stir({operand}, {number}).await"), ""))
    }

    fn async_block(&mut self, depth: usize) -> String {
        let number = self.under(Allowed::READS, |this| this.number(depth));
        let point = self.numbered_point();

        self.wrapped(&point, &format!("async {{ world.ask({number}).await + 1 }}.await"), "")
    }

    /// An attribute stands before the whole expression, so what is made of the result stands outside of a block or parentheses.
    fn wrapped(&mut self, point: &str, operation: &str, after: &str) -> String {
        match self.random.below(3) {
            _ if point.is_empty() && after.is_empty() => operation.to_owned(),
            0 => format!("({{ {point}{operation} }}{after})"),
            _ => format!("(({point}{operation}){after})"),
        }
    }
}
