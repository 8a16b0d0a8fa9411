//! Expressions of type `u64`, always small, and `bool`.

use crate::{
    generator::{Allowed, Generator, Way},
    scope::Lock,
    types::Ty,
};

impl Generator {
    /// A number less than a hundred or so.
    pub(crate) fn number(&mut self, depth: usize) -> String {
        // Without awaits there is little to find.
        let depth = if self.may_await() { depth } else { depth.min(1) };
        if depth == 0 || self.random.percent(20) {
            return self.small_number();
        }
        let deeper = depth - 1;
        match self.random.below(100) {
            0..=19 => self.awaited(Ty::Num, depth).unwrap_or_else(|| self.small_number()),
            20..=31 => self.arithmetic(deeper),
            32..=37 => {
                let (a, b, c) = (self.number(deeper), self.number(deeper), self.number(deeper));
                format!("three({a}, {b}, {c})")
            }
            38..=55 => self.of_other_type(deeper),
            56..=65 if self.allowed.changes => self.changing_number(deeper),
            66..=67 => {
                let cond = self.condition(deeper);
                format!("u64::from({cond})")
            }
            68..=70 => self.weighed(deeper),
            71..=73 => {
                let items: Vec<_> = (0..1 + self.random.below(3)).map(|_| self.number(deeper)).collect();
                format!("vec![{}].iter().sum::<u64>()", items.join(", "))
            }
            74..=76 => {
                let (text, number) = (self.value(Ty::Text, deeper), self.number(deeper));
                format!("(format!(\"{{}}{{:>3}}\", same({text}), {number}).len() as u64)")
            }
            77..=78 if self.fallible && self.allowed.jumps => {
                let number = self.number(deeper);
                format!("even_now({number})?")
            }
            _ => self.composed(Ty::Num, deeper),
        }
    }

    fn small_number(&mut self) -> String {
        if self.random.percent(75)
            && let Some(at) = self.random.one_of(&self.scope.readable(Ty::Num))
        {
            self.scope.read(at);
            let local = &self.scope.locals[at];
            return if local.hold.is_some() { format!("*{}", local.name) } else { local.name.clone() };
        }
        format!("{}u64", self.random.below(16))
    }

    fn arithmetic(&mut self, depth: usize) -> String {
        let (left, right) = (self.number(depth), self.number(depth));
        match self.random.below(6) {
            0 | 1 => format!("cap({left} + {right})"),
            2 => format!("cap(({left}).wrapping_mul({right}))"),
            3 => format!("({left}).max({right})"),
            4 => format!("({left} % ({right} + 1))"),
            _ => format!("({left}).abs_diff({right})"),
        }
    }

    /// Made of a value of another type.
    fn of_other_type(&mut self, depth: usize) -> String {
        match self.random.below(11) {
            10 => {
                let readable = self.owned(Ty::Texts);
                let (one, other) = (self.random.one_of(&readable), self.random.one_of(&readable));
                let (Some(one), Some(other)) = (one, other) else { return self.small_number() };
                self.scope.read(one);
                self.scope.read(other);
                let [a, b] = [one, other].map(|at| self.scope.locals[at].name.clone());
                format!("(longest(&{a}, &{b}).len() as u64)")
            }
            0 | 1 => match self.read(Ty::Nums) {
                Some(nums) => match self.random.below(4) {
                    0 => format!("({nums}.len() as u64)"),
                    1 => format!("cap({nums}.iter().sum::<u64>())"),
                    2 => {
                        let added = self.under(Allowed::READS, |this| this.number(0));
                        format!("cap({nums}.iter().map(|n| *n + {added}).max().unwrap_or(0))")
                    }
                    _ => format!("{nums}.first().copied().unwrap_or(3)"),
                },
                None => self.small_number(),
            },
            2 => self.read(Ty::Text).map_or("2u64".into(), |text| format!("({text}.len() as u64)")),
            3 | 4 => {
                let (maybe, otherwise) = (self.value(Ty::Maybe, depth), self.number(depth));
                format!("({maybe}).unwrap_or({otherwise})")
            }
            5 => self.read(Ty::Pair).map_or("4u64".into(), |pair| format!("{pair}.0")),
            6 => self.read(Ty::Parts).map_or("5u64".into(), |parts| match self.random.below(2) {
                0 => format!("{parts}.n"),
                _ => format!("({parts}.items.len() as u64)"),
            }),
            7 => match self.read(Ty::Array) {
                Some(array) => {
                    let at = self.number(depth.min(1));
                    format!("{array}[({at}) as usize % 3]")
                }
                None => "6u64".into(),
            },
            8 => match self.read(Ty::Maybe) {
                Some(maybe) => {
                    let added = self.under(Allowed::READS, |this| this.number(0));
                    format!("{maybe}.map_or(1, |n| cap(n + {added}))")
                }
                None => self.small_number(),
            },
            _ => self.read(Ty::Outcome).map_or("7u64".into(), |outcome| {
                format!("({outcome}.as_ref().map_or_else(|e| e.len() as u64, |n| *n))")
            }),
        }
    }

    /// A local to read something of, for the time of one call.
    fn read(&mut self, ty: Ty) -> Option<String> {
        let at = self.random.one_of(&self.scope.readable(ty))?;
        self.scope.read(at);
        Some(self.scope.locals[at].name.clone())
    }

    fn changing_number(&mut self, depth: usize) -> String {
        let Some(at) = self.random.one_of(&self.scope.changeable(Ty::Num)) else {
            return self.popped().unwrap_or_else(|| self.small_number());
        };
        let name = self.scope.locals[at].name.clone();
        let target = if self.scope.locals[at].hold.is_some() { format!("*{name}") } else { name.clone() };
        if self.random.percent(30) {
            self.scope.change(at);
            let number = self.locked(at, Lock::Untouchable, |this| this.number(depth));
            let operand = if self.scope.locals[at].hold.is_some() { name } else { format!("&mut {name}") };
            return format!("bump({operand}, {number})");
        }
        let value = self.number(depth);
        if !self.scope.is_changeable(at) {
            return value;
        }
        self.scope.change(at);
        let then = self.number(depth);
        match self.random.below(2) {
            0 => format!("{{ {target} = {value}; {then} }}"),
            _ => format!("{{ {target} += {value}; {target} %= 97; {then} }}"),
        }
    }

    fn popped(&mut self) -> Option<String> {
        let at = self.random.one_of(&self.scope.changeable(Ty::Nums))?;
        self.scope.change(at);
        Some(format!("{}.pop().unwrap_or(8)", self.scope.locals[at].name))
    }

    /// A borrow, and then another operand.
    fn weighed(&mut self, depth: usize) -> String {
        let readable: Vec<_> =
            (0..self.scope.locals.len()).filter(|at| self.scope.is_readable(*at)).collect();
        let Some(at) = self.random.one_of(&readable) else { return self.small_number() };
        self.scope.read(at);
        let number = self.locked(at, Lock::Steady, |this| this.number(depth));
        format!("heavy(&{}, {number})", self.scope.locals[at].name)
    }

    /// A condition.
    pub(crate) fn condition(&mut self, depth: usize) -> String {
        if depth == 0 || self.random.percent(40) {
            let deeper = depth.saturating_sub(1);
            let (left, right) = (self.number(deeper), self.number(deeper));
            let operator = self.random.pick(&[">", "==", "!=", ">=", "<"]);
            return format!("(({left}) {operator} ({right}))");
        }
        let deeper = depth - 1;
        match self.random.below(12) {
            operator @ 0..=4 => {
                let left = self.condition(deeper);
                let mut right = String::new();
                // The right side may not run: what it takes is gone only perhaps, what it assigns is assigned only perhaps.
                let right_side: Way<'_, ()> = Box::new(|this| {
                    right = this.condition(deeper);
                    ((), false)
                });
                self.ways(vec![right_side, Box::new(|_| ((), false))]);
                format!("({left} {} {right})", if operator < 3 { "&&" } else { "||" })
            }
            5 => format!("!{}", self.condition(deeper)),
            6 | 7 => self.awaited(Ty::Bool, depth).unwrap_or_else(|| "true".into()),
            8 => {
                let (maybe, other) = (self.value(Ty::Maybe, deeper), self.random.below(9));
                format!("matches!({maybe}, Some(n) if n > {other})")
            }
            9 => self.read(Ty::Nums).map_or("false".into(), |nums| format!("{nums}.contains(&3)")),
            10 => self.read(Ty::Bool).map_or("true".into(), |name| format!("({name} == true)")),
            _ => self.composed(Ty::Bool, deeper),
        }
    }
}
