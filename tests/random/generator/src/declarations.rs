//! `let`, in all its forms.

use crate::{
    generator::{Allowed, Generator, Way},
    scope::Lock,
    types::Ty,
};

impl Generator {
    /// A statement that declares.
    pub(crate) fn declaration(&mut self) -> String {
        match self.random.below(20) {
            0..=7 => self.plain_let(),
            8 => self.lent(),
            9 | 10 => self.borrow(),
            11 | 12 => self.deferred(),
            13 => self.taken_apart(),
            14 => {
                let (a, b) = (self.name(), self.name());
                let (one, other) = (self.number(2), self.number(2));
                if a == b {
                    return format!("let _ = ({one}, {other});");
                }
                self.scope.declare(a, Ty::Num, true);
                self.scope.declare(b, Ty::Num, false);
                format!("let (mut {a}, {b}) = ({one}, {other});")
            }
            15 => self.filled_later(),
            16 => self.moved(),
            17 => self.declared_and_assigned_later(),
            18 => self.of_loop(),
            _ => self.of_option(),
        }
    }

    fn plain_let(&mut self) -> String {
        let (ty, name, mutable) = (self.any_type(), self.name(), self.random.percent(55));
        let value = self.value(ty, 3);
        self.scope.declare(name, ty, mutable);
        let annotation = if self.random.percent(45) { format!(": {}", ty.name()) } else { String::new() };
        format!("let {}{name}{annotation} = {value};", if mutable { "mut " } else { "" })
    }

    /// A borrow that may be used after awaits.
    fn borrow(&mut self) -> String {
        let name = self.name();
        let ty = self.any_type();
        if self.random.percent(30) {
            let free: Vec<_> = self.scope.changeable(ty);
            let free: Vec<_> = free.into_iter().filter(|at| self.scope.locals[*at].hold.is_none()).collect();
            if let Some(at) = self.random.one_of(&free) {
                self.scope.change(at);
                let owner = self.scope.locals[at].name.clone();
                self.scope.declare_borrow(name, ty, at, true);
                return format!("let {name} = &mut {owner};");
            }
        }
        if self.random.percent(25)
            && let Some(at) = self.random.one_of(&self.owned(Ty::Parts))
        {
            self.scope.read(at);
            let owner = self.scope.locals[at].name.clone();
            let (field, ty) = match self.random.below(3) {
                0 => ("n", Ty::Num),
                1 => ("text", Ty::Text),
                _ => ("items", Ty::Nums),
            };
            self.scope.declare_borrow(name, ty, at, false);
            return format!("let {name} = &{owner}.{field};");
        }
        let Some(at) = self.random.one_of(&self.owned(ty)) else { return self.plain_let() };
        self.scope.read(at);
        let owner = self.scope.locals[at].name.clone();
        self.scope.declare_borrow(name, ty, at, false);
        format!("let {name} = &{owner};")
    }

    /// What a call lends, used up to the next await: it cannot be taken again.
    fn lent(&mut self) -> String {
        let ty = self.any_type();
        let owned = self.owned(ty);
        let (Some(one), Some(other)) = (self.random.one_of(&owned), self.random.one_of(&owned)) else {
            return self.plain_let();
        };
        self.scope.read(one);
        self.scope.read(other);
        let [a, b] = [one, other].map(|at| self.scope.locals[at].name.clone());
        let name = self.name();
        let annotation = if self.random.percent(30) { format!(": &{}", ty.name()) } else { String::new() };
        let at = self.scope.declare_borrow(name, ty, one, false);
        let between = self.locked(one, Lock::Steady, |this| {
            this.locked(other, Lock::Steady, |this| {
                this.under(Allowed { awaits: false, ..Allowed::ALL }, |this| {
                    let count = 1 + this.random.below(3);
                    (0..count).map(|_| this.plain_statement().0).collect::<Vec<_>>().join(" ")
                })
            })
        });
        // Its name goes on hiding others.
        self.scope.locals[at].dead = true;
        format!("let {name}{annotation} = longest(&{a}, &{b}); {between}")
    }

    /// Locals that may be borrowed.
    pub(crate) fn owned(&self, ty: Ty) -> Vec<usize> {
        self.scope
            .readable(ty)
            .into_iter()
            .filter(|at| self.scope.locals[*at].hold.is_none() && self.scope.locals[*at].lock == Lock::None)
            .collect()
    }

    /// `let x; if .. { x = .. } else { x = .. }`.
    fn deferred(&mut self) -> String {
        let (ty, name) = (self.any_type(), self.name());
        let at = self.scope.declare(name, ty, false);
        self.scope.locals[at].gone = true;
        let cond = self.condition(1);
        let way = |leaves: usize| -> Way<'_, String> {
            Box::new(move |this| {
                if this.random.percent(leaves) {
                    return (format!("{};", this.jump(1)), true);
                }
                let (before, _) = match this.random.percent(40) {
                    // What it declares could hide what is assigned.
                    true => this.plain_statement(),
                    false => (String::new(), false),
                };
                let value = this.value(ty, 2);
                this.scope.locals[at].gone = false;
                (format!("{before} {name} = {value};"), false)
            })
        };
        let (ways, _) = self.ways(vec![way(0), way(10)]);
        let annotation = if self.random.percent(50) { format!(": {}", ty.name()) } else { String::new() };
        format!("let {name}{annotation}; if {cond} {{ {} }} else {{ {} }}", ways[0], ways[1])
    }

    /// Declared here, assigned anywhere, perhaps never.
    fn declared_and_assigned_later(&mut self) -> String {
        let (ty, name) = (self.any_type(), self.name());
        let at = self.scope.declare(name, ty, true);
        self.scope.locals[at].gone = true;
        format!("let mut {name}: {};", ty.name())
    }

    /// A value taken apart by a pattern.
    fn taken_apart(&mut self) -> String {
        let (a, b, c) = (self.name(), self.name(), self.name());
        if a == b || b == c || a == c {
            return self.plain_let();
        }
        match self.random.below(3) {
            0 => {
                let value = self.value(Ty::Pair, 2);
                self.scope.declare(a, Ty::Num, false);
                self.scope.declare(b, Ty::Text, true);
                format!("let ({a}, mut {b}) = {value};")
            }
            1 => {
                let value = self.value(Ty::Array, 2);
                self.scope.declare(a, Ty::Num, false);
                self.scope.declare(b, Ty::Num, false);
                format!("let [{a}, {b}, _] = {value};")
            }
            _ => {
                let value = self.value(Ty::Parts, 2);
                self.scope.declare(a, Ty::Num, true);
                self.scope.declare(b, Ty::Text, false);
                self.scope.declare(c, Ty::Nums, true);
                format!("let Parts {{ n: mut {a}, text: {b}, items: mut {c} }} = {value};")
            }
        }
    }

    /// A type that only later use fixes.
    fn filled_later(&mut self) -> String {
        let name = self.name();
        let note = if self.may_await() {
            self.budget -= 1;
            let point = self.numbered_point();
            format!(" {point}world.note(\"empty\").await;")
        } else {
            String::new()
        };
        match self.random.below(2) {
            0 => {
                let at = self.scope.declare(name, Ty::Nums, true);
                let number = self.locked(at, Lock::Untouchable, |this| this.number(1));
                format!("let mut {name} = Vec::new();{note} {name}.push({number});")
            }
            _ => {
                let at = self.scope.declare(name, Ty::Maybe, true);
                let number = self.locked(at, Lock::Untouchable, |this| this.number(1));
                format!("let mut {name} = None;{note} {name} = Some({number});")
            }
        }
    }

    /// One local into another.
    fn moved(&mut self) -> String {
        let ty = self.any_type();
        let movable = if ty.is_copy() { Vec::new() } else { self.scope.movable(ty) };
        let Some(at) = self.random.one_of(&movable).filter(|_| self.allowed.moves) else {
            return self.plain_let();
        };
        self.scope.change(at);
        self.scope.locals[at].gone = true;
        let (from, name) = (self.scope.locals[at].name.clone(), self.name());
        self.scope.declare(name, ty, true);
        format!("let mut {name} = {from};")
    }

    /// The value of a `loop`.
    fn of_loop(&mut self) -> String {
        let (ty, name) = (self.any_type(), self.name());
        let text = self.loop_value(ty, 1);
        self.scope.declare(name, ty, false);
        format!("let {name} = {text};")
    }

    fn of_option(&mut self) -> String {
        let name = self.name();
        let maybe = self.value(Ty::Maybe, 2);
        let otherwise = self.under(Allowed::READS, |this| this.number(1));
        self.scope.declare(name, Ty::Num, false);
        format!("let {name}: u64 = ({maybe}).unwrap_or_else(|| {otherwise});")
    }
}
