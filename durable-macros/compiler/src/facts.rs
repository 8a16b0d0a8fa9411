//! What a piece of untouched code means for the names around it: which it reads, which it assigns, and where it may jump.
//!
//! Names bound inside the code are its own. Closures, `async` blocks and macros are read for the names they capture; nested
//! items capture nothing.

use crate::{
    graph::{JumpKey, plain_name},
    macros,
};
use std::collections::BTreeSet;
use syn::{
    Block, Expr, Ident, Pat, Stmt,
    visit::{self, Visit},
};

/// A set of names.
pub type Names = BTreeSet<String>;

/// The facts of one piece of code.
#[derive(Debug, Default, Clone)]
pub struct Facts {
    /// Read, borrowed or moved.
    pub uses: Names,
    /// Assigned whole on some way.
    pub assigns: Names,
    /// Assigned whole on every way through.
    pub kills: Names,
    /// Jumps out of the code, each with the names that are bound inside where it stands.
    pub jumps: Vec<(JumpKey, Names)>,
}

/// The facts of an expression.
pub fn of_expr(expr: &Expr) -> Facts {
    let mut collect = Collect::default();
    collect.visit_expr(expr);
    collect.facts.kills = kills_of_expr(expr).unwrap_or_default();
    collect.facts
}

/// The facts of a statement. The names a `let` declares are not among them.
pub fn of_stmt(stmt: &Stmt) -> Facts {
    let mut collect = Collect::default();
    match stmt {
        Stmt::Local(local) => {
            if let Some(init) = &local.init {
                collect.visit_expr(&init.expr);
                if let Some((_, diverge)) = &init.diverge {
                    collect.visit_expr(diverge);
                }
            }
            collect.pattern_paths(&local.pat);
        }
        stmt => collect.visit_stmt(stmt),
    }
    collect.facts.kills = kills_of_stmt(stmt).unwrap_or_default();
    collect.facts
}

/// The facts of a pattern's guard and constants.
pub fn of_pattern(pat: &Pat) -> Facts {
    let mut collect = Collect::default();
    collect.pattern_paths(pat);
    collect.facts
}

/// A name that a pattern binds.
#[derive(Debug, Clone)]
pub struct PatternName {
    /// The name.
    pub ident: Ident,
    /// `mut`.
    pub mutable: bool,
    /// `ref`.
    pub by_ref: bool,
}

/// The names a pattern binds, each once, in order.
pub fn pattern_names(pat: &Pat) -> Vec<PatternName> {
    struct Find(Vec<PatternName>);
    impl<'ast> Visit<'ast> for Find {
        fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
            if is_binding(pat) && !self.0.iter().any(|known| known.ident == pat.ident) {
                let (mutable, by_ref) = (pat.mutability.is_some(), pat.by_ref.is_some());
                self.0.push(PatternName { ident: pat.ident.clone(), mutable, by_ref });
            }
            visit::visit_pat_ident(self, pat);
        }
        fn visit_expr(&mut self, _: &'ast Expr) {}
    }
    let mut find = Find(Vec::new());
    find.visit_pat(pat);
    find.0
}

/// A bare name in a pattern is a constant or a unit variant if it is written like one.
fn is_binding(pat: &syn::PatIdent) -> bool {
    let plain = pat.by_ref.is_none() && pat.mutability.is_none() && pat.subpat.is_none();
    !(plain && plain_name(&pat.ident).starts_with(|c: char| c.is_uppercase()))
}

#[derive(Default)]
struct Collect {
    facts: Facts,
    /// Names bound inside, innermost last.
    bound: Vec<String>,
    /// Loops and labelled blocks inside, innermost last: label, and whether it is a loop.
    inside: Vec<(Option<String>, bool)>,
}

impl Collect {
    fn name(&mut self, name: String) {
        if !self.bound.contains(&name) {
            self.facts.uses.insert(name);
        }
    }

    fn scoped(&mut self, body: impl FnOnce(&mut Self)) {
        let depth = self.bound.len();
        body(self);
        self.bound.truncate(depth);
    }

    fn bind(&mut self, pat: &Pat) {
        self.bound.extend(pattern_names(pat).into_iter().map(|name| plain_name(&name.ident)));
    }

    /// Guards and constants in a pattern.
    fn pattern_paths(&mut self, pat: &Pat) {
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
        let label = label.map(|label| label.ident.to_string());
        let stays = match &label {
            Some(label) => self.inside.iter().any(|(inner, _)| inner.as_ref() == Some(label)),
            None => self.inside.iter().any(|(_, is_loop)| *is_loop),
        };
        if !stays {
            self.facts.jumps.push((JumpKey { is_break, label }, self.bound.iter().cloned().collect()));
        }
    }

    fn inside(&mut self, label: Option<&syn::Label>, is_loop: bool, body: impl FnOnce(&mut Self)) {
        self.inside.push((label.map(|label| label.name.ident.to_string()), is_loop));
        body(self);
        self.inside.pop();
    }

    /// The target of an assignment: a bare name is written, not read.
    fn assigned(&mut self, place: &Expr) {
        match place {
            Expr::Path(path) if path.path.get_ident().is_some() => {
                let name = plain_name(path.path.get_ident().expect("checked"));
                if !self.bound.contains(&name) {
                    self.facts.assigns.insert(name);
                }
            }
            Expr::Paren(paren) => self.assigned(&paren.expr),
            Expr::Tuple(tuple) => tuple.elems.iter().for_each(|elem| self.assigned(elem)),
            Expr::Array(array) => array.elems.iter().for_each(|elem| self.assigned(elem)),
            Expr::Infer(_) => {}
            other => self.visit_expr(other),
        }
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
        if let Some(init) = &local.init {
            self.visit_expr(&init.expr);
            if let Some((_, diverge)) = &init.diverge {
                self.visit_expr(diverge);
            }
        }
        self.pattern_paths(&local.pat);
        self.bind(&local.pat);
    }

    fn visit_item(&mut self, _: &'ast syn::Item) {}

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let mut found = Vec::new();
        macros::words(mac.tokens.clone(), &mut |word| found.push(word));
        found.into_iter().for_each(|word| self.name(word));
        // A jump in an unknown macro cannot be seen; in the arguments of a known one it can.
        if let Some(operands) = macros::operands(mac) {
            operands.iter().for_each(|operand| self.visit_expr(operand));
        }
    }

    fn visit_lit_str(&mut self, lit: &'ast syn::LitStr) {
        let mut found = Vec::new();
        macros::captured(&lit.value(), &mut |word| found.push(word));
        found.into_iter().for_each(|word| self.name(word));
    }

    fn visit_expr(&mut self, expr: &'ast Expr) {
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
            Expr::Closure(closure) => self.scoped(|this| {
                closure.inputs.iter().for_each(|input| this.bind(input));
                // A jump cannot leave a closure.
                let jumps = this.facts.jumps.len();
                this.visit_expr(&closure.body);
                this.facts.jumps.truncate(jumps);
                let captured: Vec<_> = std::mem::take(&mut this.facts.assigns).into_iter().collect();
                // An assignment in a closure is a mutable borrow.
                this.facts.uses.extend(captured);
            }),
            Expr::Async(block) => {
                let jumps = self.facts.jumps.len();
                self.visit_block(&block.block);
                self.facts.jumps.truncate(jumps);
                let captured: Vec<_> = std::mem::take(&mut self.facts.assigns).into_iter().collect();
                self.facts.uses.extend(captured);
            }
            Expr::If(branch) => {
                self.scoped(|this| {
                    this.visit_expr(&branch.cond);
                    this.visit_block(&branch.then_branch);
                });
                if let Some((_, otherwise)) = &branch.else_branch {
                    self.visit_expr(otherwise);
                }
            }
            // Its names live until the enclosing `if` or `while` ends.
            Expr::Let(binding) => {
                self.visit_expr(&binding.expr);
                self.pattern_paths(&binding.pat);
                self.bind(&binding.pat);
            }
            Expr::While(repeat) => self.inside(repeat.label.as_ref(), true, |this| {
                this.scoped(|this| {
                    this.visit_expr(&repeat.cond);
                    this.visit_block(&repeat.body);
                });
            }),
            Expr::Loop(repeat) => self.inside(repeat.label.as_ref(), true, |this| this.visit_block(&repeat.body)),
            Expr::ForLoop(repeat) => {
                self.visit_expr(&repeat.expr);
                self.inside(repeat.label.as_ref(), true, |this| {
                    this.scoped(|this| {
                        this.bind(&repeat.pat);
                        this.visit_block(&repeat.body);
                    });
                });
            }
            Expr::Block(block) if block.label.is_some() => {
                self.inside(block.label.as_ref(), false, |this| this.visit_block(&block.block));
            }
            Expr::Match(choice) => {
                self.visit_expr(&choice.expr);
                for arm in &choice.arms {
                    self.scoped(|this| {
                        this.bind(&arm.pat);
                        this.pattern_paths(&arm.pat);
                        this.visit_expr(&arm.body);
                    });
                }
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

/// Names assigned on every way through; `None`: no way leads through.
fn kills_of_expr(expr: &Expr) -> Option<Names> {
    match expr {
        Expr::Assign(assign) => {
            let mut kills = kills_of_expr(&assign.right)?;
            let mut target = Collect::default();
            target.assigned(&assign.left);
            kills.extend(target.facts.assigns);
            Some(kills)
        }
        Expr::If(branch) => {
            let otherwise = match &branch.else_branch {
                Some((_, otherwise)) => kills_of_expr(otherwise),
                None => Some(Names::new()),
            };
            both(kills_of_block(&branch.then_branch), otherwise)
        }
        Expr::Match(choice) if !choice.arms.is_empty() => {
            choice.arms.iter().map(|arm| kills_of_expr(&arm.body)).reduce(both).flatten()
        }
        Expr::Block(block) if block.label.is_none() => kills_of_block(&block.block),
        Expr::Unsafe(block) => kills_of_block(&block.block),
        Expr::Paren(paren) => kills_of_expr(&paren.expr),
        Expr::Return(_) | Expr::Break(_) | Expr::Continue(_) => None,
        Expr::Macro(mac) if macros::diverges(&mac.mac) => None,
        _ => Some(Names::new()),
    }
}

fn kills_of_stmt(stmt: &Stmt) -> Option<Names> {
    match stmt {
        Stmt::Expr(expr, _) => kills_of_expr(expr),
        Stmt::Local(local) => local.init.as_ref().map_or(Some(Names::new()), |init| kills_of_expr(&init.expr)),
        Stmt::Macro(mac) if macros::diverges(&mac.mac) => None,
        Stmt::Macro(_) | Stmt::Item(_) => Some(Names::new()),
    }
}

/// A block's own names hide those outside.
fn kills_of_block(block: &Block) -> Option<Names> {
    let (mut kills, mut own) = (Names::new(), Names::new());
    for stmt in &block.stmts {
        kills.extend(kills_of_stmt(stmt)?.into_iter().filter(|name| !own.contains(name)));
        if let Stmt::Local(local) = stmt {
            own.extend(pattern_names(&local.pat).into_iter().map(|name| plain_name(&name.ident)));
        }
    }
    Some(kills)
}

fn both(a: Option<Names>, b: Option<Names>) -> Option<Names> {
    match (a, b) {
        (None, other) | (other, None) => other,
        (Some(a), Some(b)) => Some(a.intersection(&b).cloned().collect()),
    }
}

/// Whether an expression never comes back, as its tokens show.
pub fn diverges(expr: &Expr) -> bool {
    match expr {
        Expr::Return(_) | Expr::Break(_) | Expr::Continue(_) => true,
        Expr::Macro(mac) => macros::diverges(&mac.mac),
        Expr::Paren(paren) => diverges(&paren.expr),
        Expr::Block(block) if block.label.is_none() => block_diverges(&block.block),
        Expr::If(branch) => {
            let otherwise = branch.else_branch.as_ref().is_some_and(|(_, otherwise)| diverges(otherwise));
            otherwise && block_diverges(&branch.then_branch)
        }
        Expr::Match(choice) => !choice.arms.is_empty() && choice.arms.iter().all(|arm| diverges(&arm.body)),
        _ => false,
    }
}

fn block_diverges(block: &Block) -> bool {
    block.stmts.iter().any(|stmt| match stmt {
        Stmt::Expr(expr, _) => diverges(expr),
        Stmt::Macro(mac) => macros::diverges(&mac.mac),
        _ => false,
    })
}

/// Whether an expression contains an await of the workflow's own: not one inside an `async` block, closure or item.
pub fn has_await(expr: &Expr) -> bool {
    let mut find = FindAwait(false);
    find.visit_expr(expr);
    find.0
}

/// The same for a statement.
pub fn stmt_has_await(stmt: &Stmt) -> bool {
    let mut find = FindAwait(false);
    find.visit_stmt(stmt);
    find.0
}

/// The same for a block.
pub fn block_has_await(block: &Block) -> bool {
    block.stmts.iter().any(stmt_has_await)
}

struct FindAwait(bool);

impl<'ast> Visit<'ast> for FindAwait {
    fn visit_expr_await(&mut self, _: &'ast syn::ExprAwait) {
        self.0 = true;
    }
    fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}
    fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {}
    fn visit_item(&mut self, _: &'ast syn::Item) {}
    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        if macros::mentions_await(mac.tokens.clone())
            && let Some(operands) = macros::operands(mac)
        {
            operands.iter().for_each(|operand| self.visit_expr(operand));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn names(names: &Names) -> Vec<&str> {
        names.iter().map(String::as_str).collect()
    }

    #[test]
    fn inner_names_are_not_uses() {
        let facts = of_expr(&parse_quote!({ let a = b; xs.iter().map(|c| a + c + d).sum::<u8>() }));
        assert_eq!(names(&facts.uses), ["b", "d", "xs"]);
    }

    #[test]
    fn let_chains_bind_for_the_branch_only() {
        let facts = of_expr(&parse_quote!(if let Some(a) = a && a > b { a } else { c }));
        assert_eq!(names(&facts.uses), ["a", "b", "c"]);
    }

    #[test]
    fn assignment_on_every_way_kills() {
        let facts = of_expr(&parse_quote!(if c { x = 1; y = 1 } else { x = 2 }));
        assert_eq!(names(&facts.kills), ["x"]);
        assert_eq!(names(&facts.assigns), ["x", "y"]);
        let facts = of_expr(&parse_quote!(match c { 1 => x = 1, _ => return }));
        assert_eq!(names(&facts.kills), ["x"]);
    }

    #[test]
    fn jumps_of_inner_loops_stay_inside() {
        let facts = of_expr(&parse_quote!(loop { if a { break } else { continue 'outer } }));
        assert_eq!(facts.jumps.len(), 1);
        assert_eq!(facts.jumps[0].0, JumpKey { is_break: false, label: Some("outer".into()) });
    }

    #[test]
    fn captured_names_in_strings_and_macros_are_uses() {
        let facts = of_stmt(&parse_quote!(println!("{x:?} {0:w$}", y.z);));
        assert_eq!(names(&facts.uses), ["w", "x", "y"]);
    }
}
