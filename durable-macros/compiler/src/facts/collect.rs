//! The walk through a piece of code: in the order of evaluation, with the names bound inside and the ways that part and meet.

use super::{
    Facts, Names, PatternName, WayOut, divergence, diverges, irrefutable_names, is_conditional, local_names,
    pattern_names, read_only::reads_only,
};
use crate::{
    desugar,
    enclosing::Enclosing,
    graph::{JumpKey, plain_name},
    lower, macros, place,
};
use syn::{
    Attribute, Block, Expr, Pat,
    visit::{self, Visit},
};

/// The walk's state.
#[derive(Default)]
pub(super) struct Collect {
    facts: Facts,
    /// Names bound inside, innermost last.
    bound: Vec<String>,
    /// Names outside that were assigned whole on every way here.
    assigned: Names,
    /// Loops and labelled blocks inside.
    inside: Enclosing,
    /// For each of these, what was assigned on each way out of it.
    exits: Vec<Vec<Names>>,
}

impl Collect {
    /// What was found.
    pub(super) fn finish(self) -> Facts {
        Facts { kills: self.assigned, ..self.facts }
    }

    fn name(&mut self, name: String) {
        if !self.bound.contains(&name) {
            if !self.assigned.contains(&name) {
                self.facts.exposed.insert(name.clone());
            }
            self.facts.uses.insert(name);
        }
    }

    /// Code that may not run, or not to its end: what it assigns counts only inside.
    fn perhaps(&mut self, code: impl FnOnce(&mut Self)) {
        let before = self.assigned.clone();
        code(self);
        self.assigned = before;
    }

    /// Code under these attributes: what may not be there at all does nothing for certain.
    fn under(&mut self, attrs: &[Attribute], code: impl FnOnce(&mut Self)) {
        match attrs.iter().any(is_conditional) {
            true => self.perhaps(code),
            false => code(self),
        }
    }

    /// A `let` without the names it binds.
    pub(super) fn local(&mut self, local: &syn::Local) {
        self.under(&local.attrs, |this| {
            if let Some(init) = &local.init {
                this.visit_expr(&init.expr);
                if let Some((_, diverge)) = &init.diverge {
                    this.perhaps(|this| this.visit_expr(diverge));
                }
            }
            this.pattern_paths(&local.pat);
        });
    }

    /// One of several ways that part here. Of what it assigns, gives what is assigned where it meets the others; `None` if it
    /// never does.
    fn way(&mut self, ends: bool, code: impl FnOnce(&mut Self)) -> Option<Names> {
        let before = self.assigned.clone();
        code(self);
        let after = std::mem::replace(&mut self.assigned, before);
        (!ends).then_some(after)
    }

    /// A condition; gives what is assigned where it holds, and all parts of a chain were evaluated.
    fn condition(&mut self, cond: &Expr) -> Names {
        match cond {
            Expr::Binary(chain) if matches!(chain.op, syn::BinOp::And(_)) => {
                let left = self.condition(&chain.left);
                let after = std::mem::replace(&mut self.assigned, left);
                let holds = self.condition(&chain.right);
                self.assigned = after;
                holds
            }
            cond => {
                self.visit_expr(cond);
                self.assigned.clone()
            }
        }
    }

    /// Ways meet.
    fn meet(&mut self, ways: impl IntoIterator<Item = Option<Names>>) {
        let both = |a: Names, b: Names| a.intersection(&b).cloned().collect();
        if let Some(all) = ways.into_iter().flatten().reduce(both) {
            self.assigned = all;
        }
    }

    fn scoped(&mut self, body: impl FnOnce(&mut Self)) {
        let depth = self.bound.len();
        body(self);
        self.bound.truncate(depth);
    }

    fn bind(&mut self, names: Vec<PatternName>) {
        self.bound.extend(names.into_iter().map(|name| plain_name(&name.ident)));
    }

    /// Guards and constants in a pattern.
    pub(super) fn pattern_paths(&mut self, pat: &Pat) {
        struct Guards<'a>(&'a mut Collect);
        impl<'ast> Visit<'ast> for Guards<'_> {
            fn visit_expr(&mut self, expr: &'ast Expr) {
                self.0.visit_expr(expr);
            }
            fn visit_macro(&mut self, mac: &'ast syn::Macro) {
                self.0.visit_macro(mac);
            }
        }
        Guards(self).visit_pat(pat);
    }

    fn jump(&mut self, is_break: bool, label: Option<&syn::Lifetime>) {
        if let Some(target) = self.inside.position(label) {
            if is_break {
                self.exits[target].push(self.assigned.clone());
            }
        } else {
            let label = label.map(|label| label.ident.to_string());
            self.facts.jumps.push(WayOut {
                key: JumpKey { is_break, label },
                bound: self.bound.iter().cloned().collect(),
                assigned: self.assigned.clone(),
            });
        }
    }

    fn inside(&mut self, label: Option<&syn::Label>, is_loop: bool, body: impl FnOnce(&mut Self)) {
        self.inside.enter(label, is_loop);
        self.exits.push(Vec::new());
        self.perhaps(body);
        self.inside.leave();
        let exits = self.exits.pop().expect("pushed before");
        self.meet(exits.into_iter().map(Some));
    }

    /// The innermost loop or labelled block may end here.
    fn may_end(&mut self) {
        self.exits.last_mut().expect("inside of one").push(self.assigned.clone());
    }

    /// The target of an assignment: a bare name is written, not read.
    fn assigned(&mut self, place: &Expr) {
        match place {
            Expr::Path(path) if path.path.get_ident().is_some() => {
                let name = plain_name(path.path.get_ident().expect("checked"));
                if !self.bound.contains(&name) {
                    self.facts.changes.insert(name.clone());
                    self.assigned.insert(name.clone());
                    self.facts.assigns.insert(name);
                }
            }
            Expr::Paren(paren) => self.assigned(&paren.expr),
            // Destructuring: the names of the fields are none of ours.
            Expr::Struct(literal) => literal.fields.iter().for_each(|field| self.assigned(&field.expr)),
            Expr::Call(call) => call.args.iter().for_each(|arg| self.assigned(arg)),
            Expr::Tuple(tuple) => tuple.elems.iter().for_each(|elem| self.assigned(elem)),
            Expr::Array(array) => array.elems.iter().for_each(|elem| self.assigned(elem)),
            Expr::Infer(_) => {}
            // The rest of a slice, `..`.
            Expr::Range(range) if range.start.is_none() && range.end.is_none() => {}
            other => {
                self.changed(other);
                self.visit_expr(other);
            }
        }
    }

    /// A part of this place is changed.
    fn changed(&mut self, place: &Expr) {
        if let Some(root) = place::root(place).filter(|root| !self.bound.contains(root)) {
            self.facts.changes.insert(root);
        }
    }

    /// This place may be changed.
    fn touched(&mut self, place: &Expr) {
        if let Some(root) = place::root(place).filter(|root| !self.bound.contains(root)) {
            self.facts.touches.insert(root);
        }
    }

    /// An operand of a known macro. `name = value` in a format is no assignment, and what is written to may change.
    fn macro_operand(&mut self, mac: &syn::Macro, at: usize, operand: &Expr) {
        let name = macros::last_segment(mac);
        match operand {
            Expr::Assign(named) if !["vec", "dbg"].contains(&name.as_str()) => self.visit_expr(&named.right),
            operand => {
                if at == 0 && ["write", "writeln"].contains(&name.as_str()) {
                    self.touched(operand);
                }
                self.visit_expr(operand);
            }
        }
    }

    /// Code that runs later or not at all: what it assigns it borrows exclusively, and no jump leaves it.
    fn captured(&mut self, body: impl FnOnce(&mut Self)) {
        let before = std::mem::take(&mut self.facts);
        self.perhaps(body);
        let inner = std::mem::replace(&mut self.facts, before);
        // What it only reads, it leaves as it is.
        self.facts.touches.extend(inner.assigns.iter().cloned().chain(inner.touches));
        self.facts.changes.extend(inner.changes);
        let assigned = inner.assigns.iter().filter(|name| !self.assigned.contains(*name)).cloned();
        self.facts.exposed.extend(inner.exposed.into_iter().chain(assigned));
        self.facts.uses.extend(inner.uses.into_iter().chain(inner.assigns));
    }
}

impl<'ast> Visit<'ast> for Collect {
    fn visit_block(&mut self, block: &'ast Block) {
        self.scoped(|this| {
            for stmt in &block.stmts {
                this.visit_stmt(stmt);
            }
        });
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        self.local(local);
        self.bind(local_names(local));
    }

    fn visit_item(&mut self, _: &'ast syn::Item) {}

    fn visit_stmt_macro(&mut self, mac: &'ast syn::StmtMacro) {
        self.under(&mac.attrs, |this| this.visit_macro(&mac.mac));
    }

    fn visit_field_value(&mut self, field: &'ast syn::FieldValue) {
        self.under(&field.attrs, |this| this.visit_expr(&field.expr));
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        // Known macros take their operands as functions do, or by shared reference: visiting those shows what they change. A jump
        // in an unknown macro cannot be seen; in the operands of a known one it can.
        let operands = macros::operands(mac);
        let unknown = if operands.is_some() { macros::rest(mac) } else { mac.tokens.clone() };
        let evaluated = macros::evaluated(mac);
        for (at, operand) in operands.iter().flatten().enumerate() {
            match at < evaluated {
                true => self.macro_operand(mac, at, operand),
                // The message of an assertion.
                false => self.perhaps(|this| this.macro_operand(mac, at, operand)),
            }
        }
        let mut found = Vec::new();
        macros::words(unknown, &mut |word| found.push(word));
        for word in found {
            if operands.is_none() && !self.bound.contains(&word) {
                self.facts.touches.insert(word.clone());
            }
            self.name(word);
        }
    }

    fn visit_lit_str(&mut self, lit: &'ast syn::LitStr) {
        let mut found = Vec::new();
        macros::captured(&lit.value(), &mut |word| found.push(word));
        found.into_iter().for_each(|word| self.name(word));
    }

    fn visit_expr(&mut self, expr: &'ast Expr) {
        self.under(desugar::attrs(expr).unwrap_or_default(), |this| this.expr(expr));
    }
}

impl Collect {
    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Path(path) => {
                if let Some(ident) = path.path.get_ident() {
                    self.name(plain_name(ident));
                }
            }
            Expr::Assign(assign) => {
                self.visit_expr(&assign.right);
                self.assigned(&assign.left);
            }
            Expr::Binary(binary) if lower::is_compound(&binary.op) => {
                self.changed(&binary.left);
                visit::visit_expr_binary(self, binary);
            }
            Expr::Reference(reference) => {
                if reference.mutability.is_some() {
                    self.changed(&reference.expr);
                }
                self.visit_expr(&reference.expr);
            }
            Expr::MethodCall(call) => {
                if !reads_only(&call.method) {
                    self.touched(&call.receiver);
                }
                visit::visit_expr_method_call(self, call);
            }
            Expr::Closure(closure) => self.captured(|this| {
                this.scoped(|this| {
                    closure.inputs.iter().for_each(|input| this.bind(irrefutable_names(input)));
                    this.visit_expr(&closure.body);
                });
            }),
            Expr::Async(block) => self.captured(|this| this.visit_block(&block.block)),
            // The right side may not run.
            Expr::Binary(lazy) if lower::is_lazy(&lazy.op) => {
                self.visit_expr(&lazy.left);
                self.perhaps(|this| this.visit_expr(&lazy.right));
            }
            Expr::If(branch) => {
                let depth = self.bound.len();
                let holds = self.condition(&branch.cond);
                let then = self.way(divergence::block_diverges(&branch.then_branch), |this| {
                    this.assigned = holds;
                    this.visit_block(&branch.then_branch);
                });
                self.bound.truncate(depth);
                let otherwise = match &branch.else_branch {
                    Some((_, otherwise)) => self.way(diverges(otherwise), |this| this.visit_expr(otherwise)),
                    None => Some(self.assigned.clone()),
                };
                self.meet([then, otherwise]);
            }
            // Its names live until the enclosing `if` or `while` ends.
            Expr::Let(binding) => {
                self.visit_expr(&binding.expr);
                self.pattern_paths(&binding.pat);
                self.bind(pattern_names(&binding.pat));
            }
            Expr::While(repeat) => self.inside(repeat.label.as_ref(), true, |this| {
                this.scoped(|this| {
                    let holds = this.condition(&repeat.cond);
                    this.may_end();
                    this.assigned = holds;
                    this.visit_block(&repeat.body);
                });
            }),
            Expr::Loop(repeat) => {
                self.inside(repeat.label.as_ref(), true, |this| this.visit_block(&repeat.body))
            }
            Expr::ForLoop(repeat) => {
                self.visit_expr(&repeat.expr);
                self.inside(repeat.label.as_ref(), true, |this| {
                    this.may_end();
                    this.scoped(|this| {
                        this.bind(irrefutable_names(&repeat.pat));
                        this.visit_block(&repeat.body);
                    });
                });
            }
            Expr::Block(block) if block.label.is_some() => {
                self.inside(block.label.as_ref(), false, |this| {
                    this.visit_block(&block.block);
                    if !divergence::block_diverges(&block.block) {
                        this.may_end();
                    }
                });
            }
            Expr::Match(choice) => {
                self.visit_expr(&choice.expr);
                // `ref mut` in a pattern borrows exclusively.
                if choice.arms.iter().any(|arm| pattern_names(&arm.pat).iter().any(|name| name.exclusive)) {
                    self.changed(&choice.expr);
                }
                let mut ways = Vec::new();
                for arm in &choice.arms {
                    ways.push(self.way(diverges(&arm.body), |this| {
                        this.scoped(|this| {
                            this.bind(pattern_names(&arm.pat));
                            this.pattern_paths(&arm.pat);
                            this.visit_expr(&arm.body);
                        });
                    }));
                }
                self.meet(ways);
            }
            Expr::Break(jump) => {
                if let Some(value) = &jump.expr {
                    self.visit_expr(value);
                }
                self.jump(true, jump.label.as_ref());
            }
            Expr::Continue(jump) => self.jump(false, jump.label.as_ref()),
            Expr::Struct(literal) => {
                // A field's name is no use of a local, its shorthand value is.
                literal.fields.iter().for_each(|field| self.visit_expr(&field.expr));
                if let Some(rest) = &literal.rest {
                    self.visit_expr(rest);
                }
            }
            other => visit::visit_expr(self, other),
        }
    }
}
