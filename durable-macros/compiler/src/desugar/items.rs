//! Nested items: those of blocks that are opened stand once, before both copies of the body.

use crate::{
    diagnostic::{Code, Diagnostics},
    facts,
    graph::plain_name,
};
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Block, Item, Stmt, UseTree,
    visit_mut::{self, VisitMut},
};

/// Moves `fn`, `use`, `const` and other items out of the blocks that will be opened. Code without awaits keeps its own.
pub(super) fn move_out(body: &mut Block, diagnostics: &Diagnostics) -> Vec<Item> {
    let whole = body.clone();
    let mut items = Items { whole: &whole, moved: Vec::new(), diagnostics, depth: 0 };
    items.visit_block_mut(body);
    items.moved
}

struct Items<'a> {
    whole: &'a Block,
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
        for stmt in std::mem::take(&mut block.stmts) {
            match stmt {
                // A `macro_rules!` is textual: it must stay before its uses.
                Stmt::Item(item) if !matches!(item, Item::Macro(_)) => {
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
