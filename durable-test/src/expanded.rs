//! The code that `#[workflow]` and `#[step]` generate, as formatted text: for snapshot tests on stable Rust.

use crate::Error;
use proc_macro2::TokenStream;
use quote::ToTokens;
use std::path::{Path, PathBuf};
use syn::{Attribute, ImplItem, Item, ItemImpl, Meta};

/// The code that `#[workflow]` or `#[step]` generates for the function `name` in the source file `path`, formatted.
///
/// A relative path starts at the package's `Cargo.toml`. A function in a module is found by its name alone, or as
/// `module::name`. Use it with a snapshot crate, so that a change of what is generated shows in review:
///
/// ```no_run
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
/// ```no_run
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

/// As [`expanded`], but only the picture of the workflow: its await points, branches, loops and ends, as a Mermaid flowchart.
///
/// It is the text of the workflow's `GRAPH`, found without compiling the workflow.
///
/// ```no_run
/// insta::assert_snapshot!(durable_test::expanded_graph("src/orders.rs", "place_order"));
/// ```
///
/// # Panics
///
/// As [`expanded`], and if the workflow does not compile.
#[track_caller]
pub fn expanded_graph(path: impl AsRef<Path>, name: &str) -> String {
    try_expanded_graph(path, name).unwrap_or_else(|error| panic!("{error}"))
}

/// As [`expanded`], without the panic.
pub fn try_expanded(path: impl AsRef<Path>, name: &str) -> Result<String, Error> {
    let Function { kind, arguments, item, .. } = find(path.as_ref(), name)?;
    let tokens = match kind {
        Kind::Workflow => durable_compiler::expand_workflow(arguments, item),
        Kind::Method => durable_compiler::expand_workflows(arguments, item),
        Kind::Step => durable_compiler::expand_step(arguments, item),
    };
    Ok(prettyplease::unparse(&parse(name, tokens)?))
}

/// As [`expanded_state`], without the panic.
pub fn try_expanded_state(path: impl AsRef<Path>, name: &str) -> Result<String, Error> {
    let function = find(path.as_ref(), name)?;
    let tokens = match function.kind {
        Kind::Workflow => durable_compiler::expand_state(function.arguments, function.item),
        Kind::Method => durable_compiler::expand_states(function.arguments, function.item),
        Kind::Step => {
            return Err(Error::NoState { name: name.to_owned(), why: "it is a step, not a workflow".into() });
        }
    };
    let file = parse(name, tokens)?;
    let text = prettyplease::unparse(&file);
    if file.items.iter().any(is_compile_error) {
        return Err(Error::NoState { name: name.to_owned(), why: format!("it does not compile:\n\n{text}") });
    }
    Ok(text)
}

/// As [`expanded_graph`], without the panic.
pub fn try_expanded_graph(path: impl AsRef<Path>, name: &str) -> Result<String, Error> {
    let no_graph = |why| Error::NoGraph { name: name.to_owned(), why };
    let function = find(path.as_ref(), name)?;
    let picture = match function.kind {
        Kind::Workflow => durable_compiler::picture(function.arguments, function.item),
        Kind::Method => durable_compiler::picture_of_method(function.arguments, function.item),
        Kind::Step => return Err(no_graph("it is a step, not a workflow".into())),
    };
    match picture {
        Ok(picture) => Ok(picture.to_mermaid()),
        Err(expanded) => {
            let mut file = parse(name, expanded)?;
            file.items.retain(is_compile_error);
            Err(no_graph(format!("it does not compile:\n\n{}", prettyplease::unparse(&file))))
        }
    }
}

fn find(path: &Path, name: &str) -> Result<Function, Error> {
    let path = resolve(path);
    let source =
        std::fs::read_to_string(&path).map_err(|source| Error::Source { path: path.clone(), source })?;
    let file = syn::parse_file(&source).map_err(|source| {
        let start = source.span().start();
        Error::Parse { path: path.clone(), line: start.line, column: start.column + 1, source }
    })?;
    let mut functions = Vec::new();
    collect(file.items, "", &mut functions);
    match functions.iter().position(|function| function.is(name)) {
        Some(found) => Ok(functions.swap_remove(found)),
        None => {
            let found = functions.into_iter().map(|function| function.path).collect();
            Err(Error::NoWorkflow { name: name.to_owned(), path, found })
        }
    }
}

fn parse(name: &str, tokens: TokenStream) -> Result<syn::File, Error> {
    let text = tokens.to_string();
    syn::parse2(tokens).map_err(|source| Error::Expansion { name: name.to_owned(), source, tokens: text })
}

fn is_compile_error(item: &Item) -> bool {
    let Item::Macro(call) = item else { return false };
    call.mac.path.segments.last().is_some_and(|segment| segment.ident == "compile_error")
}

/// Cargo says where the tested package is when it runs a test; without Cargo, the current folder counts.
pub(crate) fn resolve(path: &Path) -> PathBuf {
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
    /// A workflow in a block under `#[workflows]`: the item is that block, without its other methods.
    Method,
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
                if let Some((arguments, block)) = workflows(&block) {
                    functions.extend(methods(&within, &arguments, &block));
                    continue;
                }
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

/// The arguments of `#[workflows]` and the block without it.
fn workflows(block: &ItemImpl) -> Option<(TokenStream, ItemImpl)> {
    let mut block = block.clone();
    let at = block.attrs.iter().position(|attr| last_name(attr).as_deref() == Some("workflows"))?;
    Some((arguments(block.attrs.remove(at)), block))
}

/// The steps of such a block, and its workflows, each in a block of its own.
fn methods(within: &str, arguments: &TokenStream, block: &ItemImpl) -> Vec<Function> {
    let mut functions = Vec::new();
    for item in &block.items {
        let ImplItem::Fn(method) = item else { continue };
        let name = method.sig.ident.to_string();
        let Some(found) = function(within, &name, method.clone(), |method| &mut method.attrs) else {
            continue;
        };
        functions.push(match found.kind {
            Kind::Workflow => {
                let block = ItemImpl { items: vec![item.clone()], ..block.clone() };
                let (arguments, item) = (arguments.clone(), block.into_token_stream());
                Function { kind: Kind::Method, arguments, item, ..found }
            }
            _ => found,
        });
    }
    functions
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
    let arguments = arguments(attrs.remove(at));
    Some(Function { path: format!("{within}{name}"), kind, arguments, item: item.into_token_stream() })
}

/// However the attribute is imported, its last name says what it is.
fn kind(attr: &Attribute) -> Option<Kind> {
    match last_name(attr)?.as_str() {
        "workflow" => Some(Kind::Workflow),
        "step" => Some(Kind::Step),
        _ => None,
    }
}

fn last_name(attr: &Attribute) -> Option<String> {
    Some(attr.path().segments.last()?.ident.to_string())
}

fn arguments(attr: Attribute) -> TokenStream {
    match attr.meta {
        Meta::List(list) => list.tokens,
        _ => TokenStream::new(),
    }
}
