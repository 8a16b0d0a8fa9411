//! The code that `#[workflow]` and `#[step]` generate, as formatted text: for snapshot tests on stable Rust.

use crate::Error;
use proc_macro2::TokenStream;
use quote::ToTokens;
use std::path::{Path, PathBuf};
use syn::{Attribute, ImplItem, Item, ItemEnum, Meta};

/// The code that `#[workflow]` or `#[step]` generates for the function `name` in the source file `path`, formatted.
///
/// A relative path starts at the package's `Cargo.toml`. A function in a module is found by its name alone, or as
/// `module::name`. Use it with a snapshot crate, so that a change of what is generated shows in review:
///
/// ```ignore
/// insta::assert_snapshot!(durable_test::expanded("src/orders.rs", "place_order"));
/// ```
///
/// # Panics
///
/// If there is no such file, or no such function in it; the message says what was tried and what is there.
#[track_caller]
pub fn expanded(path: impl AsRef<Path>, name: &str) -> String {
    try_expanded(path, name).unwrap_or_else(|error| panic!("{error}"))
}

/// As [`expanded`], but only the state enum of the workflow: what is saved at each await point.
///
/// ```ignore
/// insta::assert_snapshot!(durable_test::expanded_state("src/orders.rs", "place_order"));
/// ```
///
/// # Panics
///
/// As [`expanded`], and if the workflow does not compile.
#[track_caller]
pub fn expanded_state(path: impl AsRef<Path>, name: &str) -> String {
    try_expanded_state(path, name).unwrap_or_else(|error| panic!("{error}"))
}

/// As [`expanded`], without the panic.
pub fn try_expanded(path: impl AsRef<Path>, name: &str) -> Result<String, Error> {
    Ok(prettyplease::unparse(&expand(path.as_ref(), name)?))
}

/// As [`expanded_state`], without the panic.
pub fn try_expanded_state(path: impl AsRef<Path>, name: &str) -> Result<String, Error> {
    let mut file = expand(path.as_ref(), name)?;
    let last = name.rsplit("::").next().unwrap_or(name);
    let wanted = format!("{}State", upper_camel(last));
    let Some(state) = find_enum(&file.items, &wanted) else {
        return Err(Error::NoState { name: name.to_owned(), expansion: prettyplease::unparse(&file) });
    };
    file.items = vec![Item::Enum(state.clone())];
    Ok(prettyplease::unparse(&file))
}

fn expand(path: &Path, name: &str) -> Result<syn::File, Error> {
    let path = resolve(path);
    let source =
        std::fs::read_to_string(&path).map_err(|source| Error::Source { path: path.clone(), source })?;
    let file = syn::parse_file(&source).map_err(|source| {
        let start = source.span().start();
        Error::Parse { path: path.clone(), line: start.line, column: start.column + 1, source }
    })?;
    let mut functions = Vec::new();
    collect(file.items, "", &mut functions);
    let Some(found) = functions.iter().position(|function| function.is(name)) else {
        let found = functions.into_iter().map(|function| function.path).collect();
        return Err(Error::NoWorkflow { name: name.to_owned(), path, found });
    };
    let Function { kind, arguments, item, .. } = functions.swap_remove(found);
    let tokens = match kind {
        Kind::Workflow => stub::expand_workflow(arguments, item),
        Kind::Step => stub::expand_step(arguments, item),
    };
    let text = tokens.to_string();
    syn::parse2(tokens).map_err(|source| Error::Expansion { name: name.to_owned(), source, tokens: text })
}

/// Cargo says where the tested package is when it runs a test; without Cargo, the current folder counts.
fn resolve(path: &Path) -> PathBuf {
    match std::env::var_os("CARGO_MANIFEST_DIR") {
        Some(package) => PathBuf::from(package).join(path),
        None => path.to_owned(),
    }
}

/// A function under one of the two attributes.
struct Function {
    /// With the modules it is in.
    path: String,
    kind: Kind,
    arguments: TokenStream,
    /// The function without the attribute, as the macro receives it.
    item: TokenStream,
}

enum Kind {
    Workflow,
    Step,
}

impl Function {
    fn is(&self, name: &str) -> bool {
        self.path == name || self.path.strip_suffix(name).is_some_and(|before| before.ends_with("::"))
    }
}

/// Functions in the order of the source, those in inline modules and `impl` blocks too.
fn collect(items: Vec<Item>, within: &str, functions: &mut Vec<Function>) {
    for item in items {
        match item {
            Item::Mod(module) => {
                if let Some((_, items)) = module.content {
                    collect(items, &format!("{within}{}::", module.ident), functions);
                }
            }
            Item::Impl(block) => {
                let within = format!("{within}{}::", block.self_ty.to_token_stream());
                for item in block.items {
                    if let ImplItem::Fn(method) = item {
                        let name = method.sig.ident.to_string();
                        functions.extend(function(&within, &name, method, |method| &mut method.attrs));
                    }
                }
            }
            Item::Fn(free) => {
                let name = free.sig.ident.to_string();
                functions.extend(function(within, &name, free, |free| &mut free.attrs));
            }
            _ => {}
        }
    }
}

/// `None` if it has neither attribute.
fn function<F: ToTokens>(
    within: &str,
    name: &str,
    mut item: F,
    attributes: fn(&mut F) -> &mut Vec<Attribute>,
) -> Option<Function> {
    let attrs = attributes(&mut item);
    let (at, kind) = attrs.iter().enumerate().find_map(|(at, attr)| Some((at, kind(attr)?)))?;
    let arguments = match attrs.remove(at).meta {
        Meta::List(list) => list.tokens,
        _ => TokenStream::new(),
    };
    Some(Function { path: format!("{within}{name}"), kind, arguments, item: item.into_token_stream() })
}

/// However the attribute is imported, its last name says what it is.
fn kind(attr: &Attribute) -> Option<Kind> {
    let name = attr.path().segments.last()?.ident.to_string();
    match name.as_str() {
        "workflow" => Some(Kind::Workflow),
        "step" => Some(Kind::Step),
        _ => None,
    }
}

/// The state enum may stand inside a block that keeps generated names apart.
fn find_enum<'f>(items: &'f [Item], name: &str) -> Option<&'f ItemEnum> {
    items.iter().find_map(|item| match item {
        Item::Enum(found) if found.ident == name => Some(found),
        Item::Mod(inner) => find_enum(&inner.content.as_ref()?.1, name),
        _ => None,
    })
}

/// `place_order` as `PlaceOrder`.
fn upper_camel(name: &str) -> String {
    let mut camel = String::new();
    let mut word_begins = true;
    for letter in name.trim_start_matches("r#").chars() {
        match letter {
            '_' => word_begins = true,
            _ if std::mem::take(&mut word_begins) => camel.extend(letter.to_uppercase()),
            _ => camel.push(letter),
        }
    }
    camel
}

mod stub {
    use super::*;
    pub(super) fn expand_workflow(_: TokenStream, item: TokenStream) -> TokenStream {
        quote::quote! { pub enum PlaceOrderState { Start } #item }
    }
    pub(super) fn expand_step(_: TokenStream, item: TokenStream) -> TokenStream {
        item
    }
}
