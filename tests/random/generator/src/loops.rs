//! Loops and labelled blocks. Every loop ends: those without a collection count their rounds.

use crate::{
    generator::{Allowed, Generator},
    scope::Lock,
    types::Ty,
};

impl Generator {
    /// A loop, and whether it never comes back.
    pub(crate) fn repeated(&mut self, depth: usize) -> (String, bool) {
        // Three loops around one another would run too often.
        if self.scope.loops >= 2 {
            return self.branch(depth);
        }
        match self.random.below(20) {
            0..=3 => self.while_loop(depth),
            4..=6 => self.while_let(depth),
            7..=9 => self.for_borrowed(depth),
            10 | 11 => self.for_exclusive(depth),
            12..=15 => self.for_owned(depth),
            16..=18 => self.for_range(depth),
            _ => {
                let text = self.loop_value(Ty::Num, depth);
                (format!("let _ = {text};"), false)
            }
        }
    }

    /// The body of a loop: what it takes away is there again for the next round.
    fn body(&mut self, depth: usize, before: impl FnOnce(&mut Self) -> String) -> String {
        let outer = self.scope.locals.len();
        let gone = self.scope.gone();
        let text = self.scoped(|this| {
            let before = before(this);
            let (text, ended) = this.block(depth);
            // The pattern's names are in scope, those of the body no more.
            let again = if ended { String::new() } else { this.brought_back(outer, &gone) };
            match again.is_empty() {
                true => format!("{before} {text}"),
                false => format!("{before} {{ {text} }}{again}"),
            }
        });
        self.scope.set_gone(&gone);
        text
    }

    /// Assigns what a round took away.
    fn brought_back(&mut self, outer: usize, gone: &[bool]) -> String {
        let mut again = String::new();
        for (at, was_gone) in gone.iter().enumerate().take(outer) {
            if self.scope.locals[at].gone && !was_gone {
                let ty = self.scope.locals[at].ty;
                let value = self.under(Allowed { moves: false, jumps: false, ..Allowed::ALL }, |this| {
                    this.locked(at, Lock::Untouchable, |this| this.value(ty, 1))
                });
                self.scope.change(at);
                self.scope.locals[at].gone = false;
                again += &format!(" {} = {value};", self.scope.locals[at].name);
            }
        }
        again
    }

    /// A loop that may run no round.
    fn rounds(&mut self, label: &str, write: impl FnOnce(&mut Self) -> String) -> String {
        self.scope.loops += 1;
        let (text, _) = self.target(label, true, None, |this| (write(this), true));
        self.scope.loops -= 1;
        text
    }

    fn while_loop(&mut self, depth: usize) -> (String, bool) {
        let (label, fuel) = (self.label(), self.unique("fuel"));
        let text = self.rounds(&label, |this| {
            let cond =
                this.under(Allowed { moves: false, jumps: false, ..Allowed::ALL }, |this| this.condition(1));
            let body = this.body(depth, |_| String::new());
            format!("while {fuel} < 3 && {cond} {{ {fuel} += 1; {body} }}")
        });
        (format!("let mut {fuel} = 0u64; {label}: {text}"), false)
    }

    fn while_let(&mut self, depth: usize) -> (String, bool) {
        let (label, fuel, name) = (self.label(), self.unique("fuel"), self.name());
        let text = self.rounds(&label, |this| {
            let allowed = Allowed { moves: false, jumps: false, ..Allowed::ALL };
            let maybe = match this.random.one_of(&this.scope.changeable(Ty::Nums)) {
                Some(at) if this.random.percent(40) => {
                    this.scope.change(at);
                    format!("{}.pop()", this.scope.locals[at].name)
                }
                _ => this.under(allowed, |this| this.value(Ty::Maybe, 1)),
            };
            let body = this.body(depth, |this| {
                this.scope.declare(name, Ty::Num, false);
                String::new()
            });
            format!("while let Some({name}) = {maybe} {{ {fuel} += 1; if {fuel} > 2 {{ break; }} {body} }}")
        });
        (format!("let mut {fuel} = 0u64; {label}: {text}"), false)
    }

    /// `for x in &v`.
    fn for_borrowed(&mut self, depth: usize) -> (String, bool) {
        let Some(owner) = self.random.one_of(&self.owned(Ty::Nums)) else {
            return self.for_range(depth);
        };
        self.scope.read(owner);
        let (label, name, place) = (self.label(), self.name(), self.scope.locals[owner].name.clone());
        let form = self.random.below(4);
        let (pattern, iter) = match form {
            0 => (format!("&{name}"), format!("&{place}")),
            1 => (format!("&(mut {name})"), format!("&{place}")),
            2 => (name.to_owned(), format!("&{place}")),
            _ => (name.to_owned(), format!("{place}.iter()")),
        };
        let depths = self.scope.locals.len();
        // Nothing can name it, and nothing in the loop can end it.
        self.scope.declare_borrow("", Ty::Nums, owner, false);
        let text = self.rounds(&label, |this| {
            let body = this.body(depth, |this| {
                match form {
                    0 | 1 => this.scope.declare(name, Ty::Num, form == 1),
                    _ => this.scope.declare_borrow(name, Ty::Num, owner, false),
                };
                String::new()
            });
            format!("for {pattern} in {iter} {{ {body} }}")
        });
        self.scope.locals.truncate(depths);
        (format!("{label}: {text}"), false)
    }

    /// `for x in &mut v`.
    fn for_exclusive(&mut self, depth: usize) -> (String, bool) {
        let free: Vec<_> = self.scope.changeable(Ty::Nums);
        let free: Vec<_> = free.into_iter().filter(|at| self.scope.locals[*at].hold.is_none()).collect();
        let Some(owner) = self.random.one_of(&free) else { return self.for_owned(depth) };
        self.scope.change(owner);
        let (label, name, place) = (self.label(), self.name(), self.scope.locals[owner].name.clone());
        let depths = self.scope.locals.len();
        let lender = self.scope.declare_borrow("", Ty::Nums, owner, true);
        let text = self.rounds(&label, |this| {
            let body = this.body(depth, |this| {
                // The loop's borrow lends each item.
                this.scope.declare_borrow(name, Ty::Num, lender, true);
                String::new()
            });
            format!("for {name} in &mut {place} {{ {body} }}")
        });
        self.scope.locals.truncate(depths);
        (format!("{label}: {text}"), false)
    }

    fn for_owned(&mut self, depth: usize) -> (String, bool) {
        let (label, name) = (self.label(), self.name());
        let ty = [Ty::Nums, Ty::Nums, Ty::Texts, Ty::Maybe, Ty::Array][self.random.below(5)];
        let items = self.value(ty, 2);
        let item = if ty == Ty::Texts { Ty::Text } else { Ty::Num };
        let mutable = self.random.percent(40);
        let text = self.rounds(&label, |this| {
            let body = this.body(depth, |this| {
                this.scope.declare(name, item, mutable);
                String::new()
            });
            let mutable = if mutable { "mut " } else { "" };
            format!("for {mutable}{name} in {items} {{ {body} }}")
        });
        (format!("{label}: {text}"), false)
    }

    fn for_range(&mut self, depth: usize) -> (String, bool) {
        let (label, name) = (self.label(), self.name());
        let range = match self.random.below(4) {
            0 => "0..3u64".to_owned(),
            1 => "1..=2u64".to_owned(),
            2 => "0..=0u64".to_owned(),
            _ => {
                let number = self.number(1);
                format!("0..({number}) % 4")
            }
        };
        let text = self.rounds(&label, |this| {
            let body = this.body(depth, |this| {
                this.scope.declare(name, Ty::Num, false);
                String::new()
            });
            format!("for {name} in {range} {{ {body} }}")
        });
        (format!("{label}: {text}"), false)
    }

    /// `loop` with a value.
    pub(crate) fn loop_value(&mut self, ty: Ty, depth: usize) -> String {
        if self.scope.loops >= 2 {
            return self.value(ty, depth);
        }
        let (label, fuel) = (self.label(), self.unique("fuel"));
        self.scope.loops += 1;
        let (text, _) = self.target(&label, true, Some(ty), |this| {
            let leave = |this: &mut Self| (this.break_with(ty), true);
            let (ways, _) = this.ways(vec![Box::new(leave), Box::new(|_| (String::new(), false))]);
            let body = this.body(depth, |_| String::new());
            (format!("{fuel} += 1; if {fuel} > 2 {{ {} }} {body}", ways[0]), false)
        });
        self.scope.loops -= 1;
        format!("{{ let mut {fuel} = 0u64; {label}: loop {{ {text} }} }}")
    }

    pub(crate) fn labelled_block(&mut self, depth: usize) -> (String, bool) {
        let label = self.label();
        let (text, comes_out) = self.target(&label, false, None, |this| {
            let (text, ended) = this.statements(depth);
            (text, !ended)
        });
        (format!("{label}: {{ {text} }}"), !comes_out)
    }
}
