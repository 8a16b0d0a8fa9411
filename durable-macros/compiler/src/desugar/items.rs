//! Nested items: those of blocks that are opened stand once, before both copies of the body.

use crate::{
    diagnostic::{Code, Diagnostics},
    facts,
    graph::plain_name,
    macros,
    parse::Param,
};
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use std::collections::BTreeSet;
use syn::{
    Block, Item, ItemMacro, PatIdent, Stmt, UseTree,
    visit::{self, Visit},
    visit_mut::{self, VisitMut},
};

/// Moves `fn`, `use`, `const` and other items out of the blocks that will be opened. Code without awaits keeps its own.
pub(super) fn move_out(body: &mut Block, params: &[Param], diagnostics: &Diagnostics) -> Vec<Item> {
    let whole = body.clone();
    let mut locals = Locals(params.iter().map(|param| plain_name(&param.ident)).collect());
    params.iter().filter_map(|param| param.pattern.as_ref()).for_each(|pat| locals.visit_pat(pat));
    locals.visit_block(&whole);
    let mut items = Items { whole: &whole, locals: locals.0, moved: Vec::new(), diagnostics, depth: 0 };
    items.visit_block_mut(body);
    items.moved
}

struct Items<'a> {
    whole: &'a Block,
    locals: BTreeSet<String>,
    moved: Vec<Item>,
    diagnostics: &'a Diagnostics,
    depth: usize,
}

impl VisitMut for Items<'_> {
    fn visit_block_mut(&mut self, block: &mut Block) {
        if self.depth > 0 && !facts::block_has_await(block) {
            return;
        }
        let inner = (self.depth > 0).then(|| block.clone());
        let stmts = std::mem::take(&mut block.stmts);
        for (at, stmt) in stmts.iter().cloned().enumerate() {
            match stmt {
                Stmt::Item(Item::Macro(mac)) => {
                    // It is textual: moved, it would be there before its place, too; its locals would not.
                    let name = mac.ident.as_ref().map(plain_name).unwrap_or_default();
                    match self.names_locals(&mac) || calls_in(&stmts[..at], &name) {
                        true => {
                            self.check_macro(&mac, &name, &stmts[at + 1..]);
                            block.stmts.push(Stmt::Item(Item::Macro(mac)));
                        }
                        false => {
                            let item = Item::Macro(mac);
                            if let Some(inner) = &inner {
                                self.check(&item, inner);
                            }
                            self.moved.push(item);
                        }
                    }
                }
                Stmt::Item(item) => {
                    if let Some(inner) = &inner {
                        self.check(&item, inner);
                    }
                    self.moved.push(item);
                }
                other => block.stmts.push(other),
            }
        }
        self.depth += 1;
        visit_mut::visit_block_mut(self, block);
        self.depth -= 1;
    }

    fn visit_expr_closure_mut(&mut self, _: &mut syn::ExprClosure) {}
    fn visit_expr_async_mut(&mut self, _: &mut syn::ExprAsync) {}
}

impl Items<'_> {
    /// Whether a macro may mean locals of the workflow.
    fn names_locals(&self, mac: &ItemMacro) -> bool {
        let mut found = false;
        macros::words(mac.mac.tokens.clone(), &mut |word| found |= self.locals.contains(&word));
        found
    }

    /// A macro that stays where it is, is known until the next await: what comes behind stands elsewhere.
    fn check_macro(&self, mac: &ItemMacro, name: &str, behind: &[Stmt]) {
        let awaits = behind.iter().position(facts::stmt_has_await);
        if awaits.is_some_and(|at| calls_in(&behind[at..], name)) {
            self.diagnostics.error_at_with_help(
                Code::Position,
                &mac.ident,
                "this macro names locals, so it is known up to the next await only",
                "give it what it names as arguments, or define it again after the await",
            );
        }
    }

    /// Outside its block, the name of a moved item would mean the item, too.
    fn check(&self, item: &Item, block: &Block) {
        let names = names(item);
        let elsewhere = |name: &String| {
            mentions(self.whole.to_token_stream(), name) > mentions(block.to_token_stream(), name)
        };
        if names.as_ref().is_none_or(|names| names.iter().any(elsewhere)) {
            self.diagnostics.error_at_with_help(
                Code::Position,
                item,
                "an item in an inner block with awaits must have a name that is used nowhere else in the workflow",
                "move it out of the workflow, or rename it",
            );
        }
    }
}

/// The names an item declares; `None` if the tokens do not tell.
fn names(item: &Item) -> Option<Vec<String>> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Mod(item) => &item.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        Item::Impl(_) => return Some(Vec::new()),
        Item::Use(item) => {
            let mut names = Vec::new();
            return imported(&item.tree, &mut names).then_some(names);
        }
        _ => return None,
    };
    Some(vec![plain_name(ident)])
}

/// `false` for a glob.
fn imported(tree: &UseTree, names: &mut Vec<String>) -> bool {
    match tree {
        UseTree::Path(path) => return imported(&path.tree, names),
        UseTree::Name(name) => names.push(plain_name(&name.ident)),
        UseTree::Rename(rename) => names.push(plain_name(&rename.rename)),
        UseTree::Glob(_) => return false,
        UseTree::Group(group) => return group.items.iter().all(|tree| imported(tree, names)),
    }
    true
}

/// Whether statements call a macro of this name.
fn calls_in(stmts: &[Stmt], name: &str) -> bool {
    stmts.iter().any(|stmt| calls(stmt.to_token_stream(), name))
}

fn calls(tokens: TokenStream, name: &str) -> bool {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let is_call = |at: usize| {
        matches!(tokens.get(at + 1), Some(TokenTree::Punct(bang)) if bang.as_char() == '!')
            && matches!(tokens.get(at + 2), Some(TokenTree::Group(_)))
    };
    tokens.iter().enumerate().any(|(at, token)| match token {
        TokenTree::Ident(ident) => plain_name(ident) == name && is_call(at),
        TokenTree::Group(group) => calls(group.stream(), name),
        _ => false,
    })
}

/// The names of all locals of a body, those of closures and the like included.
struct Locals(BTreeSet<String>);

impl<'ast> Visit<'ast> for Locals {
    fn visit_pat_ident(&mut self, pat: &'ast PatIdent) {
        self.0.insert(plain_name(&pat.ident));
        visit::visit_pat_ident(self, pat);
    }
}

/// How often a name stands in code.
fn mentions(tokens: TokenStream, name: &str) -> usize {
    tokens
        .into_iter()
        .map(|token| match token {
            TokenTree::Ident(ident) => usize::from(plain_name(&ident) == name),
            TokenTree::Group(group) => mentions(group.stream(), name),
            _ => 0,
        })
        .sum()
}
