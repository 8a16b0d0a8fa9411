//! Statements.

use crate::{
    generator::{Allowed, Generator},
    scope::Lock,
    types::Ty,
};

impl Generator {
    /// Statements of a block, and whether they never come back.
    pub(crate) fn statements(&mut self, depth: usize) -> (String, bool) {
        let mut all = Vec::new();
        for _ in 0..1 + self.random.below(if self.size == 0 { 1 } else { 4 }) {
            let (stmt, ended) = self.statement(depth);
            all.push(stmt);
            if ended {
                return (all.join(" "), true);
            }
        }
        (all.join(" "), false)
    }

    /// Statements in a scope of their own.
    pub(crate) fn block(&mut self, depth: usize) -> (String, bool) {
        self.scoped(|this| this.statements(depth))
    }

    /// One statement, and whether it never comes back.
    pub(crate) fn statement(&mut self, depth: usize) -> (String, bool) {
        self.size = self.size.saturating_sub(1);
        let depth = if self.size == 0 { 0 } else { depth };
        match self.random.below(100) {
            0..=35 => (self.declaration(), false),
            36..=56 => self.plain_statement(),
            57..=74 if depth > 0 => self.branch(depth - 1),
            75..=87 if depth > 0 => self.repeated(depth - 1),
            88..=91 if depth > 0 => {
                let (text, ended) = self.block(depth - 1);
                (format!("{{ {text} }}"), ended)
            }
            92..=94 if depth > 0 => self.labelled_block(depth - 1),
            95..=97 => {
                let cond = self.condition(1);
                let jump = |this: &mut Self| (this.jump(1), true);
                let (ways, _) = self.ways(vec![Box::new(jump), Box::new(|_| (String::new(), false))]);
                (format!("if {cond} {{ {}; }}", ways[0]), false)
            }
            _ => self.let_else(depth),
        }
    }

    /// A statement that declares nothing.
    pub(crate) fn plain_statement(&mut self) -> (String, bool) {
        let text = match self.random.below(100) {
            0..=24 if self.allowed.changes => self.assignment(),
            25..=44 if self.allowed.changes => self.change(),
            45..=64 if self.may_await() => self.note(),
            65..=69 if self.fallible && self.allowed.jumps => match self.may_await() {
                true => {
                    let value = self.awaited(Ty::Outcome, 1).unwrap_or_else(|| "even_now(2)".into());
                    format!("{value}?;")
                }
                false => {
                    let number = self.number(1);
                    format!("even_now({number})?;")
                }
            },
            70..=74 => {
                let cond = self.condition(2);
                format!("let _ = {cond};")
            }
            _ => self.logged(),
        };
        (text, false)
    }

    /// Into the result.
    pub(crate) fn logged(&mut self) -> String {
        if self.log_is_borrowed {
            let number = self.number(2);
            return format!("let _ = {number};");
        }
        let before = std::mem::replace(&mut self.log_is_borrowed, true);
        let number = self.number(2);
        self.log_is_borrowed = before;
        format!("log.push({number});")
    }

    fn note(&mut self) -> String {
        self.budget = self.budget.saturating_sub(1);
        let text = self.value(Ty::Text, 1);
        let point = self.numbered_point();
        format!("{point}world.note({text}).await;")
    }

    fn assignment(&mut self) -> String {
        let ty = self.any_type();
        if self.random.percent(12) {
            return self.assigned_together().unwrap_or_else(|| self.logged());
        }
        // What is gone is brought back more often than chance would.
        let assignable = self.scope.assignable(ty);
        let gone: Vec<_> = (0..self.scope.locals.len())
            .filter(|at| self.scope.locals[*at].gone && self.scope.is_assignable(*at))
            .collect();
        let at = match self.random.one_of(&gone) {
            Some(at) if self.random.percent(60) => Some(at),
            _ => self.random.one_of(&assignable),
        };
        let Some(at) = at else { return self.logged() };
        let ty = self.scope.locals[at].ty;
        let value = self.value(ty, 2);
        if !self.scope.is_assignable(at) {
            return format!("let _ = {value};");
        }
        self.scope.change(at);
        self.scope.locals[at].gone = false;
        format!("{} = {value};", self.scope.locals[at].name)
    }

    /// `(a, b) = (.., ..)`.
    fn assigned_together(&mut self) -> Option<String> {
        let all = self.scope.assignable(Ty::Num);
        let (one, other) = (self.random.one_of(&all)?, self.random.one_of(&all)?);
        if one == other || self.scope.locals[one].gone || self.scope.locals[other].gone {
            return None;
        }
        let (a, b) = (self.number(2), self.number(2));
        if !self.scope.is_assignable(one) || !self.scope.is_assignable(other) {
            return Some(format!("let _ = ({a}, {b});"));
        }
        self.scope.change(one);
        self.scope.change(other);
        let name = |at: usize| self.scope.locals[at].name.clone();
        Some(match self.random.below(3) {
            0 => format!("std::mem::swap(&mut {}, &mut {});", name(one), name(other)),
            _ => format!("({}, {}) = ({a}, {b});", name(one), name(other)),
        })
    }

    /// A change in place.
    fn change(&mut self) -> String {
        let ty = self.any_type();
        let Some(at) = self.random.one_of(&self.scope.changeable(ty)) else { return self.logged() };
        let refers = self.scope.locals[at].hold.is_some();
        let name = self.scope.locals[at].name.clone();
        let place = if refers { format!("*{name}") } else { name.clone() };
        match ty {
            Ty::Num => {
                let value = self.number(2);
                self.changed(at, value, |value| format!("{place} += {value}; {place} %= 97;"))
            }
            Ty::Nums => match self.random.below(6) {
                0 => {
                    self.scope.change(at);
                    format!("if let Some(slot) = {name}.first_mut() {{ *slot += 1; }}")
                }
                1 => {
                    self.scope.change(at);
                    let least = self.under(Allowed::READS, |this| {
                        this.locked(at, Lock::Untouchable, |this| this.number(0))
                    });
                    format!("{name}.retain(|n| *n > {least});")
                }
                2 => {
                    self.scope.change(at);
                    let more = self.locked(at, Lock::Untouchable, |this| this.value(Ty::Nums, 1));
                    format!("{name}.extend({more}); {name}.truncate(5);")
                }
                _ => {
                    self.scope.change(at);
                    let number = self.locked(at, Lock::Steady, |this| this.number(2));
                    format!("{name}.push({number}); {name}.truncate(5);")
                }
            },
            Ty::Texts => {
                self.scope.change(at);
                let text = self.locked(at, Lock::Steady, |this| this.value(Ty::Text, 2));
                format!("{name}.push({text}); {name}.truncate(4);")
            }
            Ty::Text => {
                self.scope.change(at);
                let text = self.locked(at, Lock::Untouchable, |this| this.value(Ty::Text, 1));
                match self.random.below(2) {
                    0 => format!("{place} += &{text};"),
                    _ => format!("{name}.push_str(&{text}); {name}.truncate(9);"),
                }
            }
            Ty::Pair => {
                let value = self.number(2);
                self.changed(at, value, |value| format!("{name}.0 = {value};"))
            }
            Ty::Array => {
                let value = self.number(2);
                let index = self.random.below(3);
                self.changed(at, value, |value| format!("{name}[{index}] = {value};"))
            }
            Ty::Parts => match self.random.below(3) {
                0 => {
                    let value = self.number(2);
                    self.changed(at, value, |value| format!("{name}.n += {value}; {name}.n %= 97;"))
                }
                1 => {
                    let value = self.value(Ty::Nums, 1);
                    self.changed(at, value, |value| format!("{name}.items = {value};"))
                }
                _ => {
                    self.scope.change(at);
                    let number = self.locked(at, Lock::Untouchable, |this| this.number(2));
                    format!("{name}.items.push({number}); {name}.items.truncate(4);")
                }
            },
            Ty::Maybe => match self.random.below(2) {
                0 => {
                    self.scope.change(at);
                    format!("if let Some(ref mut n) = {place} {{ *n += 1; }}")
                }
                _ => {
                    self.scope.change(at);
                    format!("let _ = {name}.take();")
                }
            },
            other => {
                let value = self.value(other, 2);
                self.changed(at, value, |value| format!("{place} = {value};"))
            }
        }
    }

    /// The value stands first: it may have made the change impossible.
    fn changed(&mut self, at: usize, value: String, write: impl FnOnce(String) -> String) -> String {
        if !self.scope.is_changeable(at) {
            return format!("let _ = {value};");
        }
        self.scope.change(at);
        write(value)
    }
}
