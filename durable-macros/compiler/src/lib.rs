//! The compiler behind `#[durable::workflow]` and `#[durable::step]`, as an ordinary library.

pub mod check;
pub mod desugar;
pub mod diagnostic;
pub mod emit;
pub mod enclosing;
pub mod facts;
pub mod generics;
pub mod graph;
pub mod layout;
pub mod liveness;
pub mod lower;
pub mod macros;
pub mod owner;
pub mod parse;
pub mod picture;
pub mod place;
pub mod source;
pub mod step;
pub mod stored_name;
pub mod types;
pub mod verify;
pub mod walk;
pub mod workflows;

use proc_macro2::TokenStream;
use std::cell::RefCell;

/// Expands `#[workflow(attr)] item`.
pub fn expand_workflow(attr: TokenStream, item: TokenStream) -> TokenStream {
    let emit::Expansion { call, beside } = compile(attr, item, None, emit::emit);
    quote::quote!(#call #beside)
}

/// Expands `#[workflows(attr)] item`, where the item is an `impl` block.
pub fn expand_workflows(attr: TokenStream, item: TokenStream) -> TokenStream {
    workflows::expand(attr, item, emit::emit)
}

/// The state enum of `#[workflow(attr)] item` alone.
pub fn expand_state(attr: TokenStream, item: TokenStream) -> TokenStream {
    compile(attr, item, None, state_alone).beside
}

/// The state enums of `#[workflows(attr)] item` alone.
pub fn expand_states(attr: TokenStream, item: TokenStream) -> TokenStream {
    workflows::expand_beside(attr, item, state_alone)
}

/// The picture of `#[workflow(attr)] item`; `Err` is its expansion, with the errors in it.
pub fn picture(attr: TokenStream, item: TokenStream) -> Result<picture::Picture, TokenStream> {
    let drawn = RefCell::new(None);
    let emit::Expansion { call, beside } = compile(attr, item, None, |compiled| draw_alone(compiled, &drawn));
    drawn.into_inner().ok_or_else(|| quote::quote!(#call #beside))
}

/// The picture of the last workflow in `#[workflows(attr)] item`; `Err` is what stands beside the block, with the errors in it.
pub fn picture_of_method(attr: TokenStream, item: TokenStream) -> Result<picture::Picture, TokenStream> {
    let drawn = RefCell::new(None);
    let beside = workflows::expand_beside(attr, item, |compiled| draw_alone(compiled, &drawn));
    drawn.into_inner().ok_or(beside)
}

fn draw_alone(compiled: &emit::Compiled<'_>, drawn: &RefCell<Option<picture::Picture>>) -> emit::Expansion {
    drawn.replace(Some(picture::picture(compiled.function, compiled.graph)));
    emit::Expansion { call: TokenStream::new(), beside: TokenStream::new() }
}

/// Expands `#[step(attr)] item`.
pub fn expand_step(attr: TokenStream, item: TokenStream) -> TokenStream {
    step::expand(attr, item)
}

fn state_alone(compiled: &emit::Compiled<'_>) -> emit::Expansion {
    emit::Expansion { call: TokenStream::new(), beside: emit::emit_state(compiled) }
}

/// All stages, one after the other.
fn compile(
    attr: TokenStream,
    item: TokenStream,
    owner: Option<(&owner::Owner, &parse::Options)>,
    emit: impl FnOnce(&emit::Compiled<'_>) -> emit::Expansion,
) -> emit::Expansion {
    let diagnostics = diagnostic::Diagnostics::new();
    let Some(function) = parse::parse_within(attr.clone(), item.clone(), owner, &diagnostics) else {
        let errors = diagnostic::to_compile_errors(&diagnostics.finish());
        let emit::Expansion { call, beside } = half_typed(attr, item, owner);
        return emit::Expansion { call, beside: quote::quote!(#errors #beside) };
    };
    let desugared = desugar::desugar(&function, &diagnostics);
    check::check_source(&desugared, &diagnostics);
    if function.params.iter().any(parse::Param::is_self) {
        owner::check_texts(&desugared, &diagnostics);
    }
    let graph = lower::lower(&function, &desugared, &diagnostics);
    let liveness = liveness::liveness(&graph);
    let layout = layout::layout(&graph, &liveness);
    check::check_layout(&function, &graph, &layout, &diagnostics);
    if !diagnostics.has_errors() {
        verify::verify(&graph, &liveness, &layout, &diagnostics);
    }
    let compiled = emit::Compiled {
        function: &function,
        desugared: &desugared,
        graph: &graph,
        liveness: &liveness,
        layout: &layout,
    };
    let expanded = (!diagnostics.has_errors()).then(|| emit(&compiled));
    let errors = diagnostics.finish();
    if let Some(expanded) = expanded.filter(|_| errors.is_empty()) {
        return expanded;
    }
    let errors = diagnostic::to_compile_errors(&errors);
    if !function.is_expandable() {
        return emit::emit_untouched(&errors, &function);
    }
    let emit::Expansion { call, beside } = emit::emit_fallback(&function, &desugared, Some(&compiled));
    emit::Expansion { call, beside: quote::quote!(#errors #beside) }
}

/// What stands in for a function that does not parse: as for one with errors, as far as its names can be read. What follows
/// from the syntax error is not reported.
fn half_typed(
    attr: TokenStream,
    item: TokenStream,
    owner: Option<(&owner::Owner, &parse::Options)>,
) -> emit::Expansion {
    let unread = diagnostic::Diagnostics::new();
    let readable = parse::half_typed(item.clone());
    let function = parse::parse_within(attr, readable.item, owner, &unread);
    let stand_in = function.filter(parse::Function::is_expandable).map(|mut function| {
        *function.item.block = readable.body;
        let desugared = desugar::desugar(&function, &unread);
        emit::emit_fallback(&function, &desugared, None)
    });
    let _ = unread.finish();
    stand_in.unwrap_or(emit::Expansion { call: item, beside: TokenStream::new() })
}
