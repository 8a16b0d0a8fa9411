//! The walk's state: what is allowed where it is, the ways that meet, and the jumps out.

use crate::{
    random::Random,
    scope::{Lock, Scope},
    types::Ty,
};
use std::collections::BTreeSet;

/// Names are few, so that many hide one another, and some are those of the expansion and of callees.
const NAMES: [&str; 14] =
    ["a", "b", "c", "x", "y", "v", "t", "o", "p", "state", "next", "ask", "cx", "r#type"];

/// What code may do where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Allowed {
    pub(crate) awaits: bool,
    pub(crate) changes: bool,
    pub(crate) moves: bool,
    pub(crate) jumps: bool,
}

impl Allowed {
    pub(crate) const ALL: Self = Self { awaits: true, changes: true, moves: true, jumps: true };
    /// In guards.
    pub(crate) const LEAVES: Self = Self { jumps: true, ..Self::READS };
    /// In closures and `async` blocks.
    pub(crate) const READS: Self = Self { awaits: false, changes: false, moves: false, jumps: false };
}

/// Where a jump may go.
pub(crate) struct Target {
    pub(crate) label: String,
    pub(crate) is_loop: bool,
    /// What was gone when it began: no `continue` may take more.
    entry: Vec<bool>,
    /// What may be gone after each `break`.
    exits: Vec<Vec<bool>>,
    /// The type of its value, for `loop` and labelled blocks.
    value: Option<Ty>,
}

/// Writes one program.
pub(crate) struct Generator {
    pub(crate) random: Random,
    pub(crate) scope: Scope,
    pub(crate) allowed: Allowed,
    /// Await points still to be written.
    pub(crate) budget: usize,
    /// Statements still to be written; beyond, they are short.
    pub(crate) size: usize,
    pub(crate) targets: Vec<Target>,
    /// Returns a `Result`, so that `?` can stand anywhere.
    pub(crate) fallible: bool,
    /// `log` is borrowed by the expression around.
    pub(crate) log_is_borrowed: bool,
    points: usize,
    labels: usize,
    named: BTreeSet<&'static str>,
}

impl Generator {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let (budget, fallible) = (3 + random.below(10), random.percent(60));
        Self {
            random,
            scope: Scope::default(),
            allowed: Allowed::ALL,
            budget,
            size: 10 + 2 * budget,
            targets: Vec::new(),
            fallible,
            log_is_borrowed: false,
            points: 0,
            labels: 0,
            named: BTreeSet::new(),
        }
    }

    /// The whole function.
    pub(crate) fn program(&mut self, name: &str) -> String {
        for (name, ty, mutable) in
            [("a", Ty::Num, true), ("x", Ty::Num, false), ("v", Ty::Nums, true), ("t", Ty::Text, false)]
        {
            self.scope.declare(name, ty, mutable);
        }
        let mut body = String::new();
        for _ in 0..3 + self.random.below(6) {
            // Nothing stands after a statement that never comes back: the tail must be reached.
            let (stmt, _) = self.statement(2);
            body += &format!("    {stmt}\n");
        }
        let output = if self.fallible { "Result<Vec<u64>, String>" } else { "Vec<u64>" };
        let tail = self.tail();
        format!(
            "#[durable::workflow]\nasync fn {name}(world: &World, mut a: u64, x: u64, mut v: Vec<u64>, t: String) -> {output} {{\n    \
             let mut log: Vec<u64> = Vec::new();\n{body}    {tail}\n}}\n"
        )
    }

    /// Everything that is left goes into the result.
    fn tail(&mut self) -> String {
        let mut left: Vec<_> =
            (0..self.scope.locals.len()).filter(|at| self.scope.is_readable(*at)).collect();
        self.random.shuffle(&mut left);
        let mut tail = String::new();
        for at in left {
            // An earlier one may have ended this borrow.
            if self.scope.is_readable(at) {
                self.scope.read(at);
                tail += &format!("log.push(weight(&{}));\n    ", self.scope.locals[at].name);
            }
        }
        tail + &self.returned()
    }

    /// The workflow's result where it ends well.
    fn returned(&self) -> String {
        let log = if self.log_is_borrowed { "Vec::new()" } else { "log" };
        if self.fallible { format!("Ok({log})") } else { log.to_owned() }
    }

    pub(crate) fn name(&mut self) -> &'static str {
        self.random.pick(&NAMES)
    }

    pub(crate) fn label(&mut self) -> String {
        self.labels += 1;
        format!("'l{}", self.labels)
    }

    /// A name nothing else has.
    pub(crate) fn unique(&mut self, prefix: &str) -> String {
        self.labels += 1;
        format!("{prefix}{}", self.labels)
    }

    /// Names the next await point: its callee does it once, then an attribute must.
    pub(crate) fn point(&mut self, callee: &'static str) -> String {
        self.points += 1;
        if self.named.insert(callee) {
            return String::new();
        }
        format!("#[at(P{})] ", self.points)
    }

    /// An await point with an attribute in any case.
    pub(crate) fn numbered_point(&mut self) -> String {
        self.points += 1;
        format!("#[at(P{})] ", self.points)
    }

    pub(crate) fn may_await(&self) -> bool {
        self.allowed.awaits && self.budget > 0
    }

    /// Writes something in which other things are allowed.
    pub(crate) fn under<T>(&mut self, allowed: Allowed, write: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.allowed;
        self.allowed = Allowed {
            awaits: before.awaits && allowed.awaits,
            changes: before.changes && allowed.changes,
            moves: before.moves && allowed.moves,
            jumps: before.jumps && allowed.jumps,
        };
        let written = write(self);
        self.allowed = before;
        written
    }

    /// Writes something while a local is borrowed.
    pub(crate) fn locked<T>(&mut self, at: usize, lock: Lock, write: impl FnOnce(&mut Self) -> T) -> T {
        let owner = self.scope.owner(at);
        let before = (self.scope.locals[at].lock, self.scope.locals[owner].lock);
        for local in [at, owner] {
            self.scope.locals[local].lock = self.scope.locals[local].lock.max(lock);
        }
        let written = write(self);
        self.scope.locals[owner].lock = before.1;
        self.scope.locals[at].lock = before.0;
        written
    }

    /// Writes something in a scope of its own.
    pub(crate) fn scoped<T>(&mut self, write: impl FnOnce(&mut Self) -> T) -> T {
        let depth = self.scope.locals.len();
        let written = write(self);
        self.scope.locals.truncate(depth);
        written
    }

    /// Writes ways that part here and meet again: what is gone on one of them is gone afterwards. Each says whether it
    /// comes back. Gives whether none does.
    pub(crate) fn ways<T>(&mut self, ways: Vec<Way<'_, T>>) -> (Vec<T>, bool) {
        let before = self.scope.gone();
        let (mut written, mut ends) = (Vec::new(), Vec::new());
        for way in ways {
            self.scope.set_gone(&before);
            let (text, ended) = self.scoped(way);
            written.push(text);
            if !ended {
                ends.push(self.scope.gone());
            }
        }
        let none = ends.is_empty();
        self.meet(&before, &ends);
        (written, none)
    }

    fn meet(&mut self, if_none: &[bool], ends: &[Vec<bool>]) {
        let Some(first) = ends.first() else { return self.scope.set_gone(if_none) };
        let met: Vec<bool> =
            (0..if_none.len().min(first.len())).map(|at| ends.iter().any(|end| end[at])).collect();
        self.scope.set_gone(&met);
    }

    /// Writes something that a `break` may leave. Gives whether control comes out of it.
    pub(crate) fn target<T>(
        &mut self,
        label: &str,
        is_loop: bool,
        value: Option<Ty>,
        write: impl FnOnce(&mut Self) -> (T, bool),
    ) -> (T, bool) {
        let entry = self.scope.gone();
        self.targets.push(Target {
            label: label.to_owned(),
            is_loop,
            entry: entry.clone(),
            exits: Vec::new(),
            value,
        });
        let (written, falls_through) = self.scoped(write);
        let mut exits = self.targets.pop().expect("pushed before").exits;
        if falls_through {
            exits.push(self.scope.gone());
        }
        self.meet(&entry, &exits);
        (written, !exits.is_empty())
    }

    /// Leaves the innermost loop with a value. No jump may stand in it: a `continue` would begin another round for ever.
    pub(crate) fn break_with(&mut self, ty: Ty) -> String {
        let value = self.under(Allowed { jumps: false, ..Allowed::ALL }, |this| this.value(ty, 1));
        let target = self.targets.last_mut().expect("in a loop");
        let gone = self.scope.gone()[..target.entry.len()].to_vec();
        target.exits.push(gone);
        format!("break {} {value};", target.label)
    }

    /// A jump out of here; it never comes back.
    pub(crate) fn jump(&mut self, depth: usize) -> String {
        let gone = self.scope.gone();
        if !self.targets.is_empty() && self.random.percent(75) {
            let at = self.random.below(self.targets.len());
            let value = self.targets[at].value;
            let entry = self.targets[at].entry.clone();
            let label = self.targets[at].label.clone();
            // rustc wants a label where a labelled block stands between.
            let innermost = self.targets[at].is_loop && at + 1 == self.targets.len();
            let label =
                if innermost && self.random.percent(30) { String::new() } else { format!(" {label}") };
            let continues = self.targets[at].is_loop
                && entry.iter().zip(&gone).all(|(entry, gone)| *entry || !gone)
                && self.random.percent(50);
            if continues {
                return format!("continue{label}");
            }
            let value = value.map(|ty| format!(" {}", self.value(ty, depth.min(1))));
            let gone = self.scope.gone()[..entry.len()].to_vec();
            self.targets[at].exits.push(gone);
            return format!("break{label}{}", value.unwrap_or_default());
        }
        match self.random.below(4) {
            0 if self.fallible => format!("return Err({})", self.value(Ty::Text, depth.min(1))),
            1 => {
                let number = self.number(depth.min(1));
                let list = format!("vec![{number}]");
                if self.fallible { format!("return Ok({list})") } else { format!("return {list}") }
            }
            _ => format!("return {}", self.returned()),
        }
    }
}

/// One of several ways: its code, and whether it never comes back.
pub(crate) type Way<'a, T> = Box<dyn FnOnce(&mut Generator) -> (T, bool) + 'a>;
