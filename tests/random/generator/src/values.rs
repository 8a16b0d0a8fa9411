//! Expressions of any type.

use crate::{
    generator::{Allowed, Generator, Way},
    scope::Lock,
    types::Ty,
};

impl Generator {
    /// A value of a type.
    pub(crate) fn value(&mut self, ty: Ty, depth: usize) -> String {
        match ty {
            Ty::Num => return self.number(depth),
            Ty::Bool => return self.condition(depth),
            _ => {}
        }
        let depth = if self.may_await() { depth } else { depth.min(1) };
        let choice = self.random.below(100);
        let deeper = depth.saturating_sub(1);
        match choice {
            0..=44 => {
                if let Some(value) = self.of_local(ty) {
                    return value;
                }
            }
            45..=59 if depth > 0 => {
                if let Some(value) = self.awaited(ty, depth) {
                    return value;
                }
            }
            60..=74 if depth > 0 => return self.composed(ty, deeper),
            _ => {}
        }
        self.literal(ty, deeper)
    }

    /// A local: copied, cloned, moved, or with something left in its place.
    fn of_local(&mut self, ty: Ty) -> Option<String> {
        if self.allowed.moves
            && !ty.is_copy()
            && self.random.percent(45)
            && let Some(at) = self.random.one_of(&self.scope.movable(ty))
        {
            self.scope.change(at);
            self.scope.locals[at].gone = true;
            return Some(self.scope.locals[at].name.clone());
        }
        if self.allowed.changes
            && ty.has_default()
            && self.random.percent(15)
            && let Some(at) = self.random.one_of(&self.scope.changeable(ty))
        {
            self.scope.change(at);
            let borrow = if self.scope.locals[at].hold.is_some() { "" } else { "&mut " };
            return Some(format!("std::mem::take({borrow}{})", self.scope.locals[at].name));
        }
        let at = self.random.one_of(&self.scope.readable(ty))?;
        self.scope.read(at);
        let local = &self.scope.locals[at];
        Some(match (local.hold.is_some(), ty.is_copy()) {
            (true, true) => format!("*{}", local.name),
            (false, true) => local.name.clone(),
            (_, false) => format!("{}.clone()", local.name),
        })
    }

    /// A new value.
    fn literal(&mut self, ty: Ty, depth: usize) -> String {
        match ty {
            Ty::Num => self.number(depth),
            Ty::Bool => self.condition(depth),
            Ty::Text => self.text(depth),
            Ty::Nums => match self.random.below(6) {
                0 => "Vec::<u64>::new()".into(),
                1 => {
                    let number = self.number(depth);
                    format!("vec![{number}; 2]")
                }
                2 => match self.random.one_of(&self.scope.readable(Ty::Nums)) {
                    Some(at) => {
                        self.scope.read(at);
                        let name = self.scope.locals[at].name.clone();
                        let added = self.under(Allowed::READS, |this| this.number(0));
                        format!("{name}.iter().map(|n| cap(n + {added})).collect::<Vec<u64>>()")
                    }
                    None => "vec![5u64]".into(),
                },
                _ => {
                    let (a, b) = (self.number(depth), self.number(depth));
                    format!("vec![{a}, {b}]")
                }
            },
            Ty::Texts => {
                let (a, b) = (self.value(Ty::Text, depth), self.value(Ty::Text, depth));
                format!("vec![{a}, {b}]")
            }
            Ty::Maybe => match self.random.below(4) {
                0 => "None::<u64>".into(),
                1 => {
                    let number = self.number(depth);
                    format!("({number}).checked_sub(3)")
                }
                _ => {
                    let number = self.number(depth);
                    format!("Some({number})")
                }
            },
            Ty::MaybeText => match self.random.below(4) {
                0 => "None::<String>".into(),
                _ => {
                    let text = self.value(Ty::Text, depth);
                    format!("Some({text})")
                }
            },
            Ty::Pair => {
                let (number, text) = (self.number(depth), self.value(Ty::Text, depth));
                format!("({number}, {text})")
            }
            Ty::Array => {
                let (a, b, c) = (self.number(depth), self.number(depth), self.number(depth));
                format!("[{a}, {b}, {c}]")
            }
            Ty::Parts => self.parts(depth),
            Ty::Kind => match self.random.below(4) {
                0 => "Kind::Free".into(),
                1 => {
                    let number = self.number(depth);
                    format!("(Kind::Cash {{ n: {number} }})")
                }
                _ => {
                    let (number, text) = (self.number(depth), self.value(Ty::Text, depth));
                    format!("Kind::Card({number}, {text})")
                }
            },
            Ty::Outcome => match self.random.below(3) {
                0 => {
                    let text = self.value(Ty::Text, depth);
                    format!("Err::<u64, String>({text})")
                }
                1 => {
                    let number = self.number(depth);
                    format!("even_now({number})")
                }
                _ => {
                    let number = self.number(depth);
                    format!("Ok::<u64, String>({number})")
                }
            },
        }
    }

    /// Fields in any order, and the rest of another.
    fn parts(&mut self, depth: usize) -> String {
        let mut fields = vec![("n", Ty::Num), ("text", Ty::Text), ("items", Ty::Nums)];
        self.random.shuffle(&mut fields);
        let rest = self.random.percent(30);
        if rest {
            fields.pop();
        }
        let fields: Vec<_> =
            fields.iter().map(|(name, ty)| format!("{name}: {}", self.value(*ty, depth))).collect();
        let rest = match rest {
            false => String::new(),
            true => match self.random.one_of(&self.scope.readable(Ty::Parts)) {
                Some(at) => {
                    self.scope.read(at);
                    format!(", ..{}.clone()", self.scope.locals[at].name)
                }
                None => ", ..Parts::default()".into(),
            },
        };
        format!("(Parts {{ {}{rest} }})", fields.join(", "))
    }

    fn text(&mut self, depth: usize) -> String {
        match self.random.below(6) {
            0 | 1 => format!("String::from(\"{}\")", self.random.pick(&["hey", "so", ""])),
            2 => {
                let (a, b) = (self.number(depth), self.number(depth));
                format!("format!(\"{{}}-{{}}\", cap({a}), {b})")
            }
            3 => {
                // Names inside of text are uses.
                let at = self.random.one_of(&self.scope.readable(Ty::Num));
                match at.filter(|at| !self.scope.locals[*at].name.starts_with("r#")) {
                    Some(at) => {
                        self.scope.read(at);
                        let name = self.scope.locals[at].name.clone();
                        let number = self.locked(at, Lock::Steady, |this| this.number(depth));
                        format!("format!(\"{{{name}}}:{{0}}\", {number})")
                    }
                    None => "\"text\".to_owned()".into(),
                }
            }
            4 => {
                let number = self.number(depth);
                format!("({number}).to_string()")
            }
            _ => match self.random.one_of(&self.scope.readable(Ty::Parts)) {
                Some(at) => {
                    self.scope.read(at);
                    format!("{}.text.clone()", self.scope.locals[at].name)
                }
                None => "\"none\".to_string()".into(),
            },
        }
    }

    /// A value of several ways, or of a block.
    pub(crate) fn composed(&mut self, ty: Ty, depth: usize) -> String {
        match self.random.below(12) {
            0..=2 => {
                let cond = self.condition(depth);
                let (ways, _) = self.ways(vec![self.value_way(ty, depth, 0), self.value_way(ty, depth, 12)]);
                format!("(if {cond} {{ {} }} else {{ {} }})", ways[0], ways[1])
            }
            3 | 4 => self.matched_value(ty, depth),
            5 | 6 => self.block_value(ty, depth),
            7 | 8 if self.allowed.jumps => self.labelled_value(ty, depth),
            9 if self.allowed.changes => self.scoped(|this| {
                let (stmt, _) = this.plain_statement();
                let value = this.value(ty, depth);
                format!("{{ {stmt} {value} }}")
            }),
            10 => {
                let value = self.value(ty, depth);
                format!("same({value})")
            }
            _ => self.value(ty, depth),
        }
    }

    /// A way that gives a value, or sometimes leaves.
    fn value_way<'a>(&self, ty: Ty, depth: usize, leaves: usize) -> Way<'a, String> {
        Box::new(move |this| {
            if this.allowed.jumps && this.random.percent(leaves) {
                return (this.jump(depth), true);
            }
            (this.value(ty, depth), false)
        })
    }

    fn matched_value(&mut self, ty: Ty, depth: usize) -> String {
        let scrutinee = self.value(Ty::Maybe, depth);
        let name = self.name();
        let bound = self.random.below(9);
        let mut guard = format!("{name} > {bound}");
        let some = |this: &mut Self| {
            this.scope.declare(name, Ty::Num, false);
            (this.value(ty, depth), false)
        };
        let guarded = |this: &mut Self| {
            this.scope.declare(name, Ty::Num, false);
            if this.random.percent(40) {
                guard = this.guard();
            }
            (this.value(ty, depth), false)
        };
        let ways: Vec<Way<'_, String>> =
            vec![Box::new(guarded), Box::new(some), self.value_way(ty, depth, 15)];
        let (ways, _) = self.ways(ways);
        format!(
            "(match {scrutinee} {{ Some({name}) if {guard} => {}, Some({name}) => {}, None => {} }})",
            ways[0], ways[1], ways[2]
        )
    }

    /// A block with a local of its own, which hides another or not.
    fn block_value(&mut self, ty: Ty, depth: usize) -> String {
        self.scoped(|this| {
            let (inner, name, mutable) = (this.any_type(), this.name(), this.random.percent(50));
            let value = this.value(inner, depth);
            this.scope.declare(name, inner, mutable);
            let then = this.value(ty, depth);
            let mutable = if mutable { "mut " } else { "" };
            format!("{{ let {mutable}{name}: {} = {value}; {then} }}", inner.name())
        })
    }

    fn labelled_value(&mut self, ty: Ty, depth: usize) -> String {
        let label = self.label();
        let (text, _) = self.target(&label, false, Some(ty), |this| {
            let cond = this.condition(depth);
            let (ways, _) = this.ways(vec![
                Box::new(|this: &mut Self| (this.jump(depth), true)) as Way<'_, String>,
                Box::new(|_| (String::new(), false)),
            ]);
            let value = this.value(ty, depth);
            (format!("if {cond} {{ {}; }} {value}", ways[0]), true)
        });
        format!("({label}: {{ {text} }})")
    }

    pub(crate) fn any_type(&mut self) -> Ty {
        if self.random.percent(45) { Ty::Num } else { Ty::OTHERS[self.random.below(Ty::OTHERS.len())] }
    }
}
