//! `if`, `match`, `let .. else`.

use crate::{
    generator::{Allowed, Generator, Way},
    types::Ty,
};

/// A block of statements as a way.
fn block_way(depth: usize) -> Way<'static, String> {
    Box::new(move |this| this.statements(depth))
}

/// The same after a pattern has bound numbers.
fn bound_way(names: Vec<&'static str>, depth: usize) -> Way<'static, String> {
    Box::new(move |this| {
        for name in names {
            this.scope.declare(name, Ty::Num, false);
        }
        this.statements(depth)
    })
}

fn nothing() -> Way<'static, String> {
    Box::new(|_| (String::new(), false))
}

impl Generator {
    /// A statement that branches.
    pub(crate) fn branch(&mut self, depth: usize) -> (String, bool) {
        match self.random.below(20) {
            0..=5 => self.if_else(depth),
            6 | 7 => self.if_let(depth),
            8 | 9 => self.if_chain(depth),
            10..=12 => self.match_option(depth),
            13 => self.match_number(depth),
            14 => self.match_pair(depth),
            15 | 16 => self.match_kind(depth),
            17 => self.match_outcome(depth),
            _ => self.match_borrowed(depth),
        }
    }

    fn if_else(&mut self, depth: usize) -> (String, bool) {
        let cond = self.condition(2);
        if self.random.percent(40) {
            let (ways, _) = self.ways(vec![block_way(depth), nothing()]);
            return (format!("if {cond} {{ {} }}", ways[0]), false);
        }
        let (ways, ended) = self.ways(vec![block_way(depth), block_way(depth)]);
        (format!("if {cond} {{ {} }} else {{ {} }}", ways[0], ways[1]), ended)
    }

    fn if_let(&mut self, depth: usize) -> (String, bool) {
        let maybe = self.value(Ty::Maybe, 2);
        let name = self.name();
        let (ways, ended) = self.ways(vec![bound_way(vec![name], depth), block_way(depth)]);
        (format!("if let Some({name}) = {maybe} {{ {} }} else {{ {} }}", ways[0], ways[1]), ended)
    }

    /// `if let .. && .. && let ..`: later parts run perhaps.
    fn if_chain(&mut self, depth: usize) -> (String, bool) {
        let (one, other) = (self.name(), self.name());
        let (mut first, mut cond, mut second) = (String::new(), String::new(), String::new());
        let taken: Way<'_, String> = Box::new(|this| {
            this.scope.declare(one, Ty::Num, false);
            cond = this.condition(1);
            second = this.value(Ty::Maybe, 1);
            this.scope.declare(other, Ty::Num, false);
            this.statements(depth)
        });
        first += &self.value(Ty::Maybe, 1);
        let gone = self.scope.gone();
        let (ways, _) = self.ways(vec![taken]);
        // The chain may end after any part; what the parts take is gone only perhaps.
        let after = self.scope.gone();
        let met: Vec<bool> = gone.iter().zip(&after).map(|(before, after)| *before || *after).collect();
        self.scope.set_gone(&met);
        let text = format!(
            "if let Some({one}) = {first} && {cond} && let Some({other}) = {second} {{ {} }}",
            ways[0]
        );
        (text, false)
    }

    fn match_option(&mut self, depth: usize) -> (String, bool) {
        let maybe = self.value(Ty::Maybe, 2);
        let name = self.name();
        let mut guard = String::new();
        let guarded: Way<'_, String> = Box::new(|this| {
            this.scope.declare(name, Ty::Num, false);
            guard = this.guard();
            this.statements(depth)
        });
        let (ways, ended) = self.ways(vec![guarded, bound_way(vec![name], depth), block_way(depth)]);
        let text = format!(
            "match {maybe} {{ Some({name}) if {guard} => {{ {} }} Some({name}) => {{ {} }} None => {{ {} }} }}",
            ways[0], ways[1], ways[2]
        );
        (text, ended)
    }

    fn match_number(&mut self, depth: usize) -> (String, bool) {
        let number = self.number(2);
        let name = self.name();
        let (mut first, mut second) = (String::new(), String::new());
        let small: Way<'_, String> = Box::new(|this| {
            first = this.guard();
            this.statements(depth)
        });
        let medium: Way<'_, String> = Box::new(|this| {
            this.scope.declare(name, Ty::Num, false);
            second = this.guard();
            this.statements(depth)
        });
        let (ways, ended) = self.ways(vec![small, medium, block_way(depth)]);
        let text = format!(
            "match {number} {{ 0 | 3 if {first} => {{ {} }} {name} @ 4..=9 if {second} => {{ {} }} _ => {{ {} }} }}",
            ways[0], ways[1], ways[2]
        );
        (text, ended)
    }

    /// The guard of an arm, which may leave instead of deciding.
    pub(crate) fn guard(&mut self) -> String {
        self.under(Allowed::LEAVES, |this| {
            if !this.allowed.jumps || this.random.percent(60) {
                return this.condition(1);
            }
            let leave = this.condition(1);
            let jump = |this: &mut Self| (this.jump(1), true);
            let (ways, _) = this.ways(vec![Box::new(jump), Box::new(|_| (String::new(), false))]);
            format!("{{ if {leave} {{ {}; }} {} }}", ways[0], this.condition(1))
        })
    }

    fn match_pair(&mut self, depth: usize) -> (String, bool) {
        let (number, maybe) = (self.number(2), self.value(Ty::Maybe, 1));
        let (one, other) = (self.name(), self.name());
        if one == other {
            return self.match_number(depth);
        }
        let (ways, ended) = self.ways(vec![bound_way(vec![one, other], depth), bound_way(vec![one], depth)]);
        let text = format!(
            "match (cap({number}), {maybe}) {{ ({one}, Some({other})) => {{ {} }} ({one}, None) => {{ {} }} }}",
            ways[0], ways[1]
        );
        (text, ended)
    }

    /// By value: what the pattern takes is moved.
    fn match_kind(&mut self, depth: usize) -> (String, bool) {
        let kind = self.value(Ty::Kind, 2);
        let (number, text) = (self.name(), self.name());
        if number == text {
            return self.if_else(depth);
        }
        let card: Way<'_, String> = Box::new(|this| {
            this.scope.declare(number, Ty::Num, true);
            this.scope.declare(text, Ty::Text, false);
            this.statements(depth)
        });
        let (ways, ended) = self.ways(vec![card, bound_way(vec![number], depth), block_way(depth)]);
        let text = format!(
            "match {kind} {{ Kind::Card(mut {number}, {text}) => {{ {} }} Kind::Cash {{ n: {number} }} => {{ {} }} Kind::Free => {{ {} }} }}",
            ways[0], ways[1], ways[2]
        );
        (text, ended)
    }

    fn match_outcome(&mut self, depth: usize) -> (String, bool) {
        let outcome = self.value(Ty::Outcome, 2);
        let name = self.name();
        let failed: Way<'_, String> = Box::new(|this| {
            this.scope.declare(name, Ty::Text, true);
            this.statements(depth)
        });
        let (ways, ended) = self.ways(vec![bound_way(vec![name], depth), failed]);
        let text = format!(
            "match {outcome} {{ Ok({name}) => {{ {} }} Err(mut {name}) => {{ {} }} }}",
            ways[0], ways[1]
        );
        (text, ended)
    }

    /// Bindings by reference into a local, alive across awaits.
    fn match_borrowed(&mut self, depth: usize) -> (String, bool) {
        let ty = [Ty::Kind, Ty::MaybeText, Ty::Parts, Ty::Maybe][self.random.below(4)];
        let Some(owner) = self.random.one_of(&self.owned(ty)) else { return self.match_option(depth) };
        self.scope.read(owner);
        let place = self.scope.locals[owner].name.clone();
        let (one, other) = (self.name(), self.name());
        if one == other {
            return self.if_let(depth);
        }
        let borrows = |bound: Vec<(&'static str, Ty)>| -> Way<'static, String> {
            Box::new(move |this| {
                for (name, ty) in bound {
                    this.scope.declare_borrow(name, ty, owner, false);
                }
                this.statements(depth)
            })
        };
        match ty {
            Ty::Kind => {
                let card = borrows(vec![(one, Ty::Num), (other, Ty::Text)]);
                let (ways, ended) = self.ways(vec![card, borrows(vec![(one, Ty::Num)]), block_way(depth)]);
                let text = format!(
                    "match &{place} {{ Kind::Card({one}, {other}) => {{ {} }} Kind::Cash {{ n: {one} }} => {{ {} }} Kind::Free => {{ {} }} }}",
                    ways[0], ways[1], ways[2]
                );
                (text, ended)
            }
            Ty::Parts => {
                let (text, ended) = self.scoped(|this| {
                    this.scope.declare_borrow(one, Ty::Text, owner, false);
                    this.scope.declare_borrow(other, Ty::Nums, owner, false);
                    this.statements(depth)
                });
                let head = format!("Parts {{ text: {one}, items: {other}, .. }}");
                (format!("{{ let {head} = &{place}; {text} }}"), ended)
            }
            ty => {
                let inner = if ty == Ty::Maybe { Ty::Num } else { Ty::Text };
                let (ways, ended) = self.ways(vec![borrows(vec![(one, inner)]), block_way(depth)]);
                (format!("if let Some({one}) = &{place} {{ {} }} else {{ {} }}", ways[0], ways[1]), ended)
            }
        }
    }

    pub(crate) fn let_else(&mut self, depth: usize) -> (String, bool) {
        let name = self.name();
        let maybe = self.value(Ty::Maybe, 2);
        let otherwise: Way<'_, String> = Box::new(|this| {
            let before = if this.random.percent(50) { this.plain_statement().0 } else { String::new() };
            let jump = this.jump(1);
            (format!("{before} {jump};"), true)
        });
        let (ways, _) = self.ways(vec![otherwise, nothing()]);
        let _ = depth;
        self.scope.declare(name, Ty::Num, false);
        (format!("let Some({name}) = ({maybe}) else {{ {} }};", ways[0]), false)
    }
}
