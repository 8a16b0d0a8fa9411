//! Stage 1: the attribute and the function, taken apart and checked for what a workflow cannot be.

mod half_typed;

pub use half_typed::{HalfTyped, half_typed};

use crate::diagnostic::{Code, Diagnostics};
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{
    Block, FnArg, GenericParam, Ident, ItemFn, Lit, Meta, Pat, Path, ReturnType, Safety, Token, Type,
    parse::Parser, parse_quote, punctuated::Punctuated, spanned::Spanned,
};

/// A workflow as written.
#[derive(Debug, Clone)]
pub struct Function {
    /// The function itself.
    pub item: ItemFn,
    /// What the attribute says.
    pub options: Options,
    /// Its parameters, in order.
    pub params: Vec<Param>,
    /// What it returns; `()` if nothing is written.
    pub output: Type,
}

/// The arguments of `#[workflow(..)]`.
#[derive(Debug, Clone)]
pub struct Options {
    /// Every saved local must have a type the macro can know.
    pub strict: bool,
    /// Its name in stores.
    pub name: Option<String>,
    /// The path of the `durable` crate.
    pub krate: Path,
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
    /// The name in stores.
    pub fn name(&self) -> String {
        let ident = self.item.sig.ident.to_string();
        self.options.name.clone().unwrap_or_else(|| ident.trim_start_matches("r#").to_owned())
    }

    /// The body.
    pub fn body(&self) -> &Block {
        &self.item.block
    }

    /// Whether items can be made for it at all: an `impl` takes no others, and some parameters have no type to name.
    pub fn is_expandable(&self) -> bool {
        let sig = &self.item.sig;
        let named = |arg: &FnArg| match arg {
            FnArg::Receiver(_) => false,
            FnArg::Typed(typed) => match &*typed.ty {
                Type::ImplTrait(_) => false,
                Type::Reference(reference) => reference.mutability.is_none() && !is_unsized(&reference.elem),
                _ => true,
            },
        };
        let generic = sig.generics.params.iter().any(|param| !matches!(param, GenericParam::Lifetime(_)));
        sig.inputs.iter().all(named) && !generic && !matches!(self.output, Type::ImplTrait(_))
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
    let options = parse_options(attr, diagnostics);
    let item: ItemFn = match syn::parse2(item) {
        Ok(item) => item,
        Err(error) => {
            diagnostics.syntax(Code::Signature, error);
            return None;
        }
    };
    check_signature(&item, diagnostics);
    let params = item
        .sig
        .inputs
        .iter()
        .enumerate()
        .filter_map(|(at, arg)| parse_param(at, arg, diagnostics))
        .collect();
    let output = match &item.sig.output {
        ReturnType::Default => parse_quote!(()),
        ReturnType::Type(_, ty) => (**ty).clone(),
    };
    if let Type::ImplTrait(_) = output {
        diagnostics.error_at_with_help(
            Code::Signature,
            &output,
            "a workflow cannot return `impl Trait`: its output is saved, so its type must have a name",
            "name the type",
        );
    }
    Some(Function { item, options, params, output })
}

fn parse_options(attr: TokenStream, diagnostics: &Diagnostics) -> Options {
    let mut options = Options { strict: false, name: None, krate: parse_quote!(::durable) };
    let metas = match Punctuated::<Meta, Token![,]>::parse_terminated.parse2(attr) {
        Ok(metas) => metas,
        Err(error) => {
            diagnostics.syntax(Code::Argument, error);
            return options;
        }
    };
    for meta in metas {
        match &meta {
            Meta::Path(path) if path.is_ident("strict") => options.strict = true,
            Meta::NameValue(pair) if pair.path.is_ident("name") => match string(&pair.value) {
                Some(name) if (1..=256).contains(&name.len()) => options.name = Some(name),
                _ => {
                    diagnostics.error_at(
                        Code::Argument,
                        &pair.value,
                        "the name must be a string of 1 to 256 bytes",
                    );
                }
            },
            Meta::NameValue(pair) if pair.path.is_ident("crate") => {
                match string(&pair.value).and_then(|path| syn::parse_str::<Path>(&path).ok()) {
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
            other => {
                diagnostics.error_at_with_help(
                    Code::Argument,
                    other,
                    "`#[workflow]` does not know this argument",
                    "it takes `strict`, `name = \"..\"` and `crate = \"..\"`",
                );
            }
        }
    }
    options
}

fn string(expr: &syn::Expr) -> Option<String> {
    match expr {
        syn::Expr::Lit(lit) => match &lit.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

fn check_signature(item: &ItemFn, diagnostics: &Diagnostics) {
    let sig = &item.sig;
    if sig.asyncness.is_none() {
        diagnostics.error_with_help(
            Code::NotAsync,
            sig.fn_token.span,
            format!("the workflow `{}` is not `async`, so it has no await points to save", sig.ident),
            format!("write `async fn {}`", sig.ident),
        );
    }
    let refuse = |tokens: &dyn quote::ToTokens, message: &str, help: &str| {
        diagnostics.error_at_with_help(Code::Signature, &tokens.to_token_stream(), message, help);
    };
    if let Some(constness) = &sig.constness {
        refuse(constness, "a workflow cannot be `const`", "remove `const`");
    }
    if let Safety::Unsafe(unsafety) = &sig.safety {
        refuse(unsafety, "a workflow cannot be `unsafe`", "remove `unsafe`");
    }
    if let Some(abi) = &sig.abi {
        refuse(abi, "a workflow cannot be `extern`", "remove the ABI");
    }
    for generic in &sig.generics.params {
        if !matches!(generic, GenericParam::Lifetime(_)) {
            refuse(
                generic,
                "a workflow cannot be generic: its saved state must be one type",
                "write one workflow for each type, or take a trait object inside a resource",
            );
        }
    }
}

fn parse_param(at: usize, arg: &FnArg, diagnostics: &Diagnostics) -> Option<Param> {
    let typed = match arg {
        FnArg::Receiver(receiver) => {
            diagnostics.error_at_with_help(
                Code::Signature,
                receiver,
                "a workflow cannot be a method",
                "make it a free function that takes the object by reference: `shop: &Shop`",
            );
            return None;
        }
        FnArg::Typed(typed) => typed,
    };
    let (ident, mutable, pattern) = match &*typed.pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => {
            (pat.ident.clone(), pat.mutability.is_some(), None)
        }
        other => (format_ident!("input_{at}", span = Span::call_site()), false, Some(other.clone())),
    };
    match &*typed.ty {
        Type::Reference(reference) if reference.mutability.is_some() => {
            diagnostics.error_at_with_help(
                Code::MutParameter,
                &typed.ty,
                format!("the workflow takes `{}` by exclusive reference, which cannot be taken again after a crash", quote!(#ident)),
                "take it by value (it is saved with the state), or by shared reference (the worker supplies it)",
            );
            Some(Param { ident, mutable, pattern, ty: (*reference.elem).clone(), resource: true })
        }
        Type::Reference(reference) => Some(Param { ident, mutable, pattern, ty: (*reference.elem).clone(), resource: true }),
        Type::ImplTrait(ty) => {
            diagnostics.error_at_with_help(
                Code::Signature,
                ty,
                "a workflow cannot take `impl Trait`: its input is saved, so its type must have a name",
                "name the type",
            );
            None
        }
        ty => Some(Param { ident, mutable, pattern, ty: ty.clone(), resource: false }),
    }
    .inspect(|param| {
        if param.resource && is_unsized(&param.ty) {
            diagnostics.error_with_help(
                Code::Signature,
                param.ty.span(),
                "a resource must be a sized type: the worker finds it by its type",
                "wrap it in a struct of your own",
            );
        }
    })
}

/// A type that a worker cannot find by its `TypeId`.
fn is_unsized(ty: &Type) -> bool {
    match ty {
        Type::TraitObject(_) | Type::Slice(_) | Type::ImplTrait(_) => true,
        Type::Path(path) => path.path.is_ident("str"),
        _ => false,
    }
}
