//! Stage 1: the attribute and the function, taken apart and checked for what a workflow cannot be.

mod half_typed;
mod signature;

pub use half_typed::{HalfTyped, half_typed};
pub(crate) use signature::{borrowed, ungrouped};

use crate::{
    diagnostic::{Code, Diagnostics},
    generics,
    graph::plain_name,
    owner::Owner,
    stored_name::StoredName,
};
use proc_macro2::{Span, TokenStream};
use quote::format_ident;
use syn::{
    Block, FnArg, Ident, ItemFn, Lit, LitStr, Meta, Pat, Path, ReturnType, Signature, Token, Type,
    parse::Parser, parse_quote, punctuated::Punctuated,
};

/// A workflow as written.
#[derive(Debug, Clone)]
pub struct Function {
    /// The function itself.
    pub item: ItemFn,
    /// Its signature, with type parameters for each `impl Trait`, and the type for `Self`.
    pub sig: Signature,
    /// The `impl` block it stands in, if it is a method or another associated function.
    pub owner: Option<Owner>,
    /// Its name in stores.
    pub stored_name: StoredName,
    /// What the attribute says.
    pub options: Options,
    /// Its parameters, in order.
    pub params: Vec<Param>,
    /// What it returns; `()` if nothing is written.
    pub output: Type,
    /// Whether items can be made for it at all, errors or not: everything has a type that can be written outside of it.
    expandable: bool,
}

/// The arguments of `#[workflow(..)]`.
#[derive(Debug, Clone)]
pub struct Options {
    /// Every saved local must have a type the macro can know.
    pub strict: bool,
    /// Its name in stores, where it is written.
    pub name: Option<LitStr>,
    /// Which of the workflows of its name it is, where it is written.
    pub version: Option<u32>,
    /// The path of the `durable` crate.
    pub krate: Path,
    /// What turns the states of earlier versions into those of this one, by await point.
    pub migrations: Vec<Migration>,
}

/// `Charge = charge_v1`, of `migrate(..)`.
#[derive(Debug, Clone)]
pub struct Migration {
    /// The await point, as earlier versions call it.
    pub point: Ident,
    /// The function.
    pub function: Path,
}

impl syn::parse::Parse for Migration {
    fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        let point = input.parse()?;
        input.parse::<Token![=]>()?;
        Ok(Self { point, function: input.parse()? })
    }
}

/// One parameter.
#[derive(Debug, Clone)]
pub struct Param {
    /// The name it has inside; made up for a pattern.
    pub ident: Ident,
    /// Whether the name is bound `mut`.
    pub mutable: bool,
    /// The pattern it is taken apart with, if it is one.
    pub pattern: Option<Pat>,
    /// Its type; for a resource, what the reference points to.
    pub ty: Type,
    /// By shared reference: supplied by the worker, never saved.
    pub resource: bool,
}

impl Function {
    /// The name in stores, for people: that of a generic workflow without its arguments.
    pub fn name(&self) -> String {
        self.stored_name.text().map_or_else(|| plain_name(self.ident()), str::to_owned)
    }

    /// The function's name.
    pub fn ident(&self) -> &Ident {
        &self.item.sig.ident
    }

    /// The body.
    pub fn body(&self) -> &Block {
        &self.item.block
    }

    /// Whether items can be made for it at all: everything has a type that can be written outside of it.
    pub fn is_expandable(&self) -> bool {
        self.expandable
    }

    /// By-value parameters.
    pub fn inputs(&self) -> impl Iterator<Item = &Param> {
        self.params.iter().filter(|param| !param.resource)
    }

    /// By-reference parameters.
    pub fn resources(&self) -> impl Iterator<Item = &Param> {
        self.params.iter().filter(|param| param.resource)
    }
}

/// Parses; `None` if not even a function is there. Other errors leave a function that can be worked with.
pub fn parse(attr: TokenStream, item: TokenStream, diagnostics: &Diagnostics) -> Option<Function> {
    parse_within(attr, item, None, diagnostics)
}

/// The same, of a function that may stand in an `impl` block.
pub fn parse_within(
    attr: TokenStream,
    item: TokenStream,
    owner: Option<(&Owner, &Options)>,
    diagnostics: &Diagnostics,
) -> Option<Function> {
    let inherited = owner.map_or_else(Options::default, |(_, options)| options.clone());
    let options = parse_options(attr, inherited, "workflow", diagnostics);
    let mut item: ItemFn = match syn::parse2(item.clone()) {
        Ok(item) => item,
        Err(error) => {
            if !refuse_other_item(item, diagnostics) {
                diagnostics.half_typed(Code::Signature, error);
            }
            return None;
        }
    };
    let owner = owner.map(|(owner, _)| owner.clone());
    let mut sig = item.sig.clone();
    if let Some(owner) = &owner {
        owner.name_self(&mut sig, &mut item.block);
    }
    generics::name_impl_traits(&mut sig);
    let expandable = signature::check(&sig, owner.as_ref(), diagnostics);
    let params =
        sig.inputs.iter().enumerate().filter_map(|(at, arg)| parse_param(at, arg, owner.as_ref())).collect();
    let output = match &sig.output {
        ReturnType::Default => parse_quote!(()),
        ReturnType::Type(_, ty) => (**ty).clone(),
    };
    let generics: Vec<_> = owner.iter().map(|owner| &owner.generics).chain([&sig.generics]).collect();
    let stored_name = match &options.name {
        Some(name) => StoredName::written(name, &generics, diagnostics),
        None => StoredName::with_all(plain_name(&sig.ident), &generics, diagnostics),
    };
    Some(Function { item, sig, owner, stored_name, options, params, output, expandable })
}

/// Whether this is an item of another kind, and was refused as that.
fn refuse_other_item(item: TokenStream, diagnostics: &Diagnostics) -> bool {
    let help = match syn::parse2(item.clone()) {
        Ok(syn::Item::Fn(_)) | Err(_) => return false,
        Ok(syn::Item::Impl(_)) => {
            "write `#[workflows]` before the `impl` block, and `#[workflow]` before methods of it"
        }
        Ok(syn::Item::Verbatim(_)) => {
            "give it a body; a method of a trait cannot be a workflow, but what implements the trait can call one"
        }
        Ok(_) => {
            "write it before the function that awaits: `async fn place_order(shop: &Shop, order: Order) -> ..`"
        }
    };
    diagnostics.error_at_with_help(
        Code::NotAsync,
        &item,
        "`#[workflow]` stands on an `async fn` with a body",
        help,
    );
    true
}

impl Default for Options {
    fn default() -> Self {
        Self {
            strict: false,
            name: None,
            version: None,
            krate: parse_quote!(::durable),
            migrations: Vec::new(),
        }
    }
}

/// The arguments of `#[workflow(..)]`, or of `#[workflows(..)]`, which gives them to all workflows of a block.
pub fn parse_options(
    attr: TokenStream,
    inherited: Options,
    macro_name: &str,
    diagnostics: &Diagnostics,
) -> Options {
    let mut options = inherited;
    let metas = match Punctuated::<Meta, Token![,]>::parse_terminated.parse2(attr) {
        Ok(metas) => metas,
        Err(error) => {
            diagnostics.syntax(Code::Argument, error);
            return options;
        }
    };
    let of_block = macro_name == "workflows";
    for meta in metas {
        match &meta {
            Meta::Path(path) if path.is_ident("strict") => options.strict = true,
            Meta::NameValue(pair) if pair.path.is_ident("name") && !of_block => match string(&pair.value) {
                Some(name) if (1..=256).contains(&name.value().len()) => options.name = Some(name),
                _ => {
                    diagnostics.error_at(
                        Code::Argument,
                        &pair.value,
                        "the name must be a string of 1 to 256 bytes",
                    );
                }
            },
            Meta::NameValue(pair) if pair.path.is_ident("version") && !of_block => match version(&pair.value)
            {
                Some(version) => options.version = Some(version),
                None => {
                    diagnostics.error_at(
                        Code::Argument,
                        &pair.value,
                        "the version must be a whole number from 1; a workflow without one is version 1",
                    );
                }
            },
            Meta::NameValue(pair) if pair.path.is_ident("crate") => {
                match string(&pair.value).and_then(|path| path.parse::<Path>().ok()) {
                    Some(path) => options.krate = path,
                    None => {
                        diagnostics.error_at(
                            Code::Argument,
                            &pair.value,
                            "the crate must be a path in a string, such as \"my_durable\"",
                        );
                    }
                }
            }
            Meta::List(list) if list.path.is_ident("migrate") && !of_block => {
                match list.parse_args_with(Punctuated::<Migration, Token![,]>::parse_terminated) {
                    Ok(migrations) => options.migrations.extend(migrations),
                    Err(_) => {
                        diagnostics.error_at_with_help(
                            Code::Argument,
                            &list.tokens,
                            "`migrate(..)` takes await points and functions",
                            "write `migrate(Charge = charge_v1)`: `charge_v1` takes what an earlier version saved at `Charge`, and \
                             gives a state of this one",
                        );
                    }
                }
            }
            other => {
                diagnostics.error_at_with_help(
                    Code::Argument,
                    other,
                    format!("`#[{macro_name}]` does not know this argument"),
                    match of_block {
                        true => "it takes `strict` and `crate = \"..\"`, for all workflows of the block",
                        false => "it takes `strict`, `name = \"..\"`, `version = 2`, `migrate(..)` and `crate = \"..\"`",
                    },
                );
            }
        }
    }
    options
}

fn version(expr: &syn::Expr) -> Option<u32> {
    match expr {
        syn::Expr::Lit(lit) => match &lit.lit {
            Lit::Int(number) if number.suffix().is_empty() => {
                number.base10_parse().ok().filter(|version| *version > 0)
            }
            _ => None,
        },
        _ => None,
    }
}

fn string(expr: &syn::Expr) -> Option<LitStr> {
    match expr {
        syn::Expr::Lit(lit) => match &lit.lit {
            Lit::Str(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// `None` for what is no parameter of a workflow; it was reported.
fn parse_param(at: usize, arg: &FnArg, owner: Option<&Owner>) -> Option<Param> {
    let typed = match arg {
        FnArg::Receiver(receiver) => {
            let ty = owner?.ty.clone();
            let ident = Ident::new("self", receiver.self_token.span);
            return Some(Param { ident, mutable: false, pattern: None, ty, resource: true });
        }
        FnArg::Typed(typed) => typed,
    };
    let (ident, mutable, pattern) = match &*typed.pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => {
            (pat.ident.clone(), pat.mutability.is_some(), None)
        }
        other => (format_ident!("input_{at}", span = Span::call_site()), false, Some(other.clone())),
    };
    let (ty, resource) = match signature::ungrouped(&typed.ty) {
        Type::Reference(reference) => ((*reference.elem).clone(), true),
        _ => ((*typed.ty).clone(), false),
    };
    Some(Param { ident, mutable, pattern, ty, resource })
}

impl Param {
    /// The name of its value in generated code, where `self` cannot be one.
    pub fn bound(&self) -> Ident {
        match self.is_self() {
            true => crate::owner::self_ident(self.ident.span()),
            false => self.ident.clone(),
        }
    }

    /// `&self`.
    pub fn is_self(&self) -> bool {
        self.ident == "self"
    }
}
