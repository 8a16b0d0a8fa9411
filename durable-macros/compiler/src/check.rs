//! Stage 6: what a workflow must not do. Part reads the source, part the layout; all errors are reported together.

use crate::{
    desugar::{self, Desugared},
    diagnostic::{Code, Diagnostics},
    facts,
    graph::{self, BindingKind, Graph, Lent, plain_name},
    layout::Layout,
    lower, macros,
    parse::Function,
    place,
};
use std::collections::{BTreeMap, BTreeSet};
use syn::{
    Expr, ExprAwait, Macro, Stmt,
    visit::{self, Visit},
    visit_mut::VisitMut,
};

/// Checks the source: macros that hide awaits, and what is awaited.
pub fn check_source(desugared: &Desugared, diagnostics: &Diagnostics) {
    let mut check = Source { diagnostics };
    check.visit_block(&desugared.body);
}

/// Checks what is saved: references, field names, and types under `strict`.
pub fn check_layout(function: &Function, graph: &Graph, layout: &Layout, diagnostics: &Diagnostics) {
    // Of two errors about one local the first is told: the one that knows the call.
    check_lent(graph, layout, diagnostics);
    check_references(graph, layout, diagnostics);
    check_conditional(graph, layout, diagnostics);
    check_fields(graph, layout, diagnostics);
    if function.options.strict {
        check_strict(graph, layout, diagnostics);
    }
}

struct Source<'a> {
    diagnostics: &'a Diagnostics,
}

/// Other libraries' combinators.
const FOREIGN: &[&str] = &["join", "try_join", "select", "select_biased"];

/// Calls that must give one value for all attempts.
const ONCE_ONLY: &[&str] = &[
    "Uuid::new_v4",
    "Uuid::now_v7",
    "Uuid::now_v6",
    "Uuid::now_v1",
    "Ulid::new",
    "Utc::now",
    "Local::now",
    "SystemTime::now",
    "Instant::now",
    "OffsetDateTime::now_utc",
    "Timestamp::now",
    "Zoned::now",
    "rand::random",
    "rand::rng",
    "rand::thread_rng",
    "thread_rng",
    "fastrand::u8",
    "fastrand::u16",
    "fastrand::u32",
    "fastrand::u64",
    "fastrand::usize",
    "fastrand::i32",
    "fastrand::i64",
    "fastrand::bool",
    "fastrand::f64",
];

/// Calls that begin their work before they are awaited.
const EAGER: &[&str] = &["spawn", "spawn_blocking", "spawn_local", "spawn_on", "block_in_place"];

impl<'ast> Visit<'ast> for Source<'_> {
    fn visit_macro(&mut self, mac: &'ast Macro) {
        let name = macros::last_segment(mac);
        let foreign = FOREIGN.contains(&name.as_str());
        let hides = macros::mentions_await(mac.tokens.clone());
        if foreign {
            self.diagnostics.error_at_with_help(
                Code::ForeignCombinator,
                mac,
                format!("`{}` keeps its branches in memory, so a workflow cannot be saved inside it", macros::display(mac)),
                format!(
                    "make it one step, which runs again as a whole after a crash: `async {{ {}!(..) }}.await`; or await one branch after the other",
                    macros::display(mac).trim_end_matches('!')
                ),
            );
        } else if hides && macros::operands(mac).is_none() {
            self.diagnostics.error_at_with_help(
                Code::HiddenAwait,
                mac,
                format!(
                    "this `.await` is hidden inside `{}`, where the workflow cannot be saved",
                    macros::display(mac)
                ),
                "await before the macro: `let value = .. .await;`, and use `value` in it",
            );
        }
        if let Some(operands) = macros::operands(mac) {
            for operand in
                operands.iter().skip(macros::evaluated(mac)).filter(|operand| facts::has_await(operand))
            {
                self.diagnostics.error_at_with_help(
                    Code::HiddenAwait,
                    operand,
                    format!(
                        "`{}` evaluates this only sometimes, and the workflow cannot be saved inside it",
                        macros::display(mac)
                    ),
                    format!(
                        "await before the macro: `let value = {};`, and use `value` in it",
                        shown(operand, ".. .await")
                    ),
                );
            }
        }
        // The operands of known macros are parsed and checked like any other code.
        if let Some(operands) = macros::operands(mac) {
            operands.iter().for_each(|operand| self.visit_expr(operand));
        }
    }

    fn visit_stmt(&mut self, stmt: &'ast Stmt) {
        let attrs = match stmt {
            Stmt::Local(local) => &local.attrs[..],
            Stmt::Macro(mac) => &mac.attrs,
            _ => &[],
        };
        if facts::stmt_has_await(stmt) {
            self.refuse_cfg(attrs);
        }
        visit::visit_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'ast Expr) {
        if let Some(attrs) = desugar::attrs(expr)
            && facts::has_await(expr)
        {
            self.refuse_cfg(attrs);
        }
        visit::visit_expr(self, expr);
    }

    fn visit_expr_match(&mut self, choice: &'ast syn::ExprMatch) {
        let awaiting = choice.arms.iter().filter(|arm| facts::has_await(&arm.body));
        awaiting.for_each(|arm| self.refuse_cfg(&arm.attrs));
        visit::visit_expr_match(self, choice);
    }

    fn visit_expr_await(&mut self, awaited: &'ast ExprAwait) {
        self.check_eager(&awaited.base);
        if desugar::is_combinator(&awaited.base) {
            Mutation { diagnostics: self.diagnostics, deferred: false, own: Vec::new() }
                .visit_expr(&awaited.base);
        }
        let mut once = OnceOnly { diagnostics: self.diagnostics };
        once.visit_expr(&awaited.base);
        visit::visit_expr_await(self, awaited);
    }

    fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}
    fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {}
    fn visit_item(&mut self, _: &'ast syn::Item) {}
}

impl Source<'_> {
    /// What is compiled on some targets only would be another workflow there, and the macro does not see which.
    fn refuse_cfg(&self, attrs: &[syn::Attribute]) {
        for attr in attrs.iter().filter(|attr| facts::is_conditional(attr)) {
            self.diagnostics.error_at_with_help(
                Code::Position,
                attr,
                "code with awaits cannot be compiled conditionally inside a workflow",
                "decide when it runs, `if cfg!(..) { .. }`, or put the `#[cfg]` on a function that is awaited or on the whole workflow",
            );
        }
    }

    fn check_eager(&self, operand: &Expr) {
        let Expr::Call(call) = operand else { return };
        let Expr::Path(path) = &*call.func else { return };
        let segments: Vec<_> = path.path.segments.iter().map(|segment| plain_name(&segment.ident)).collect();
        let Some(last) = segments.last() else { return };
        // A bare `spawn(child)` is this library's own.
        let qualified = segments.len() > 1 && segments[0] != "durable";
        if EAGER.contains(&last.as_str()) && (qualified || last != "spawn") {
            self.diagnostics.error_at_with_help(
                Code::Eager,
                operand,
                format!("`{}` begins its work before the workflow is saved, so after a crash it would run unrecorded", segments.join("::")),
                format!(
                    "wrap it, so that it begins when it is awaited: `async {{ {}.await }}.await`",
                    shown(operand, "..")
                ),
            );
        }
    }
}

/// An expression as the user wrote it, if it is short enough to be read in a line.
fn shown(expr: &Expr, otherwise: &str) -> String {
    let mut expr = expr.clone();
    desugar::StripAt.visit_expr_mut(&mut expr);
    let text = crate::source::of_expr(&expr);
    if text.len() > 80 { otherwise.to_owned() } else { text }
}

/// Finds changes of locals by the operand of a combinator: a branch that has finished is not run again, so after a resume the
/// change would be lost.
struct Mutation<'a> {
    diagnostics: &'a Diagnostics,
    /// Inside an `async` block or closure, where an assignment is one of the branch.
    deferred: bool,
    /// Names that the branch declares itself.
    own: Vec<String>,
}

impl Mutation<'_> {
    /// A place that is a local of the workflow, or a part of one.
    fn is_outer(&self, place: &Expr) -> bool {
        place::is_stable(place) && !facts::of_expr(place).uses.iter().any(|name| self.own.contains(name))
    }

    fn inside(&self, body: impl FnOnce(&mut Self)) {
        body(&mut Mutation { diagnostics: self.diagnostics, deferred: true, own: self.own.clone() });
    }

    fn refuse(&self, tokens: &impl quote::ToTokens) {
        self.diagnostics.error_at_with_help(
            Code::CombinatorBorrow,
            tokens,
            "a branch of a combinator changes a local of the workflow, and the change would be lost if the workflow resumed after the branch had finished",
            "let the branch return the value, and assign it after the `.await`",
        );
    }
}

impl<'ast> Visit<'ast> for Mutation<'_> {
    fn visit_expr_reference(&mut self, reference: &'ast syn::ExprReference) {
        if reference.mutability.is_some() && self.is_outer(&reference.expr) {
            self.refuse(reference);
        }
        visit::visit_expr_reference(self, reference);
    }

    fn visit_expr_assign(&mut self, assign: &'ast syn::ExprAssign) {
        if self.deferred && self.is_outer(&assign.left) {
            self.refuse(assign);
        }
        visit::visit_expr_assign(self, assign);
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        if self.deferred && lower::is_compound(&binary.op) && self.is_outer(&binary.left) {
            self.refuse(binary);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
        self.own.push(plain_name(&pat.ident));
    }

    fn visit_expr_closure(&mut self, closure: &'ast syn::ExprClosure) {
        self.inside(|inside| visit::visit_expr_closure(inside, closure));
    }

    fn visit_expr_async(&mut self, block: &'ast syn::ExprAsync) {
        self.inside(|inside| inside.visit_block(&block.block));
    }

    fn visit_item(&mut self, _: &'ast syn::Item) {}
}

/// Finds once-only calls in an awaited expression, but not inside the operation itself.
struct OnceOnly<'a> {
    diagnostics: &'a Diagnostics,
}

impl<'ast> Visit<'ast> for OnceOnly<'_> {
    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let Expr::Path(path) = &*call.func {
            let segments: Vec<_> =
                path.path.segments.iter().map(|segment| plain_name(&segment.ident)).collect();
            let full = segments.join("::");
            let once = ONCE_ONLY.iter().any(|once| full == *once || full.ends_with(&format!("::{once}")));
            if once {
                self.diagnostics.error_at_with_help(
                    Code::OnceOnly,
                    call,
                    format!("`{full}()` would give another value on every attempt: an awaited expression is evaluated again after a failure or a crash"),
                    format!("bind it before, so that it runs once and is saved: `let value = {full}();`"),
                );
            }
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}
    fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {}
    fn visit_item(&mut self, _: &'ast syn::Item) {}
}

fn check_references(graph: &Graph, layout: &Layout, diagnostics: &Diagnostics) {
    let mut reported = BTreeSet::new();
    for (point, fields) in graph.points.iter().zip(&layout.points) {
        for field in &fields.fields {
            let binding = graph.binding(field.binding);
            let (code, why) = match binding.kind {
                BindingKind::Reference(why) => (Code::Reference, why),
                BindingKind::PatternReference(why) => (Code::PatternReference, why),
                BindingKind::Code(code) if reported.insert(field.binding) => {
                    refuse_code(code, &binding.ident, &point.name, diagnostics);
                    continue;
                }
                _ => continue,
            };
            if !reported.insert(field.binding) {
                continue;
            }
            let (name, point) = (graph.name(field.binding), &point.name);
            let (message, help) = match why {
                lower::LITERALS => (
                    format!(
                        "`{name}` holds text as `&str`, which cannot be read back from the state saved at the await point `{point}`"
                    ),
                    "keep it as `String`: write `.to_owned()` after each text, or after the whole `if` or `match`; what never changes may be a `const`",
                ),
                why => (
                    format!(
                        "`{name}` borrows and is used after the await point `{point}`, but a resumed workflow cannot take the borrow again: {why}"
                    ),
                    match code {
                        Code::PatternReference => {
                            "bind the value itself with `let` first, and match `&value`; or keep an owned value (`.to_owned()`, `.clone()`)"
                        }
                        _ => "keep an owned value (`.to_owned()`, `.clone()`), or borrow after the `.await`",
                    },
                ),
            };
            diagnostics.error_with_help(code, binding.ident.span(), message, help);
        }
    }
}

fn refuse_code(code: graph::Code, local: &syn::Ident, point: &syn::Ident, diagnostics: &Diagnostics) {
    let (what, help) = match code {
        graph::Code::Closure => ("closure", "make it a nested `fn`, or write it again after the `.await`"),
        graph::Code::Future => (
            "future",
            "await it where it is made, `let value = async { .. }.await;`, or write the `async` block again after the `.await`",
        ),
    };
    diagnostics.error_with_help(
        Code::Unsaveable,
        local.span(),
        format!("the {what} `{local}` is alive across the await point `{point}`, and code cannot be saved"),
        help,
    );
}

/// References that calls gave. Across an await point most are an error of rustc's, at the binding. Where ways only join, the
/// locals move on into another block, which what is borrowed cannot.
fn check_lent(graph: &Graph, layout: &Layout, diagnostics: &Diagnostics) {
    let mut reported = BTreeSet::new();
    for (block, carried) in graph.blocks.iter().zip(&layout.carried) {
        for id in carried {
            let Some(Lent { method, text, written, local, owned, .. }) = graph.lent.get(id) else { continue };
            let own = match owned {
                Some(owned) => format!(", `{owned}`"),
                None => " (`.to_owned()`, `.clone()`)".to_owned(),
            };
            let (name, span) = (graph.name(*id), graph.binding(*id).ident.span());
            if graph.binding(*id).kind == BindingKind::Cursor {
                if let Some(point) = block.point
                    && reported.insert(*id)
                {
                    let guessed = match written {
                        true => "",
                        false => "; if these do not borrow, write their type: `.collect::<Vec<Type>>()`",
                    };
                    diagnostics.error_with_help(
                        Code::Reference,
                        graph.span(*id),
                        format!(
                            "this loop goes over references from `{method}()`, and the state saved at the await point `{}` cannot hold those that are left",
                            graph.points[point].name
                        ),
                        format!("loop over owned items{own}{guessed}"),
                    );
                }
                continue;
            }
            let guessed = match graph.binding(*id).annotation {
                Some(_) => String::new(),
                None => format!("; if it does not borrow, write its type: `let {name}: Type = ..`"),
            };
            match block.point.map(|point| &graph.points[point].name) {
                Some(point) if *text && reported.insert(*id) => diagnostics.error_with_help(
                    Code::Reference,
                    span,
                    format!("`{name}` borrows and is used after the await point `{point}`, but a resumed workflow cannot take the borrow again: it comes from `{method}()`"),
                    format!("keep an owned value{own}, or call `{method}` again after the `.await`{guessed}"),
                ),
                None if *local && reported.insert(*id) => diagnostics.error_with_help(
                    Code::Reference,
                    span,
                    format!("`{name}` borrows and is used after a branch or loop that awaits, where the borrow cannot be taken again: it comes from `{method}()`"),
                    format!("keep an owned value{own}, or call `{method}` again after the branch or loop{guessed}"),
                ),
                _ => continue,
            };
        }
    }
}

/// A local that is there on some targets only would be another state on each.
fn check_conditional(graph: &Graph, layout: &Layout, diagnostics: &Diagnostics) {
    let carried: BTreeSet<_> = layout.carried.iter().flatten().collect();
    for id in graph.conditional.iter().filter(|id| carried.contains(id)) {
        let name = graph.name(*id);
        diagnostics.error_with_help(
            Code::Position,
            graph.binding(*id).ident.span(),
            format!("`{name}` is compiled conditionally and alive across an `.await`, so there would be two kinds of saved state"),
            format!("declare it always: `let {name} = if cfg!(..) {{ Some(..) }} else {{ None }};`"),
        );
    }
}

fn check_fields(graph: &Graph, layout: &Layout, diagnostics: &Diagnostics) {
    for (point, fields) in graph.points.iter().zip(&layout.points) {
        let mut known = BTreeMap::new();
        for field in &fields.fields {
            let span = graph.span(field.binding);
            if known.insert(&field.name, field.binding).is_some() {
                diagnostics.error_with_help(
                    Code::FieldClash,
                    span,
                    format!(
                        "two values saved at the await point `{}` are both named `{}`",
                        point.name, field.name
                    ),
                    "rename one of the locals (the place of a `for` loop is saved as `<binding>_at`, a hidden local as `<name>_outer`)",
                );
            }
        }
    }
}

fn check_strict(graph: &Graph, layout: &Layout, diagnostics: &Diagnostics) {
    let mut reported = BTreeSet::new();
    for (point, fields) in graph.points.iter().zip(&layout.points) {
        for field in fields.fields.iter().filter(|field| field.ty.is_none()) {
            let binding = graph.binding(field.binding);
            if matches!(binding.kind, BindingKind::Reference(_) | BindingKind::PatternReference(_))
                || !reported.insert(field.binding)
            {
                continue;
            }
            let (span, what, help) = match binding.kind {
                BindingKind::Local => {
                    let name = graph.name(field.binding);
                    (
                        binding.ident.span(),
                        format!("`{name}`"),
                        match graph.in_patterns.contains(&field.binding) {
                            true => format!("bind it again, with its type: `let {name}: Type = {name};`"),
                            false => format!("annotate it: `let {name}: Type = ..`"),
                        },
                    )
                }
                BindingKind::Cursor => (
                    graph.span(field.binding),
                    format!("the loop's place, `{}`,", field.name),
                    "loop over a local whose type is written, `let items: Vec<Item> = ..;`, or over `&items`, whose place is an index; \
                     a range tells its type by a suffix, `0..3u32`"
                        .to_owned(),
                ),
                _ => (
                    point.span,
                    format!("`{}`", field.name),
                    "bind the value with an annotated `let` before this expression".to_owned(),
                ),
            };
            diagnostics.error_with_help(
                Code::Strict,
                span,
                format!("under `#[workflow(strict)]` the type of every saved value is written, and that of {what} is not (await point `{}`)", point.name),
                help,
            );
        }
    }
}
