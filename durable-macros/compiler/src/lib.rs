//! The compiler behind `#[durable::workflow]` and `#[durable::step]`, as an ordinary library.

pub mod check;
pub mod desugar;
pub mod diagnostic;
pub mod emit;
pub mod enclosing;
pub mod facts;
pub mod graph;
pub mod layout;
pub mod liveness;
pub mod lower;
pub mod macros;
pub mod parse;
pub mod place;
pub mod step;
pub mod types;
pub mod verify;

use proc_macro2::TokenStream;

/// Expands `#[workflow(attr)] item`.
pub fn expand_workflow(attr: TokenStream, item: TokenStream) -> TokenStream {
    compile(attr, item, emit::emit)
}

/// The state enum of `#[workflow(attr)] item` alone.
pub fn expand_state(attr: TokenStream, item: TokenStream) -> TokenStream {
    compile(attr, item, |compiled, _| emit::emit_state(compiled))
}

/// Expands `#[step(attr)] item`.
pub fn expand_step(attr: TokenStream, item: TokenStream) -> TokenStream {
    step::expand(attr, item)
}

/// All stages, one after the other.
fn compile(
    attr: TokenStream,
    item: TokenStream,
    emit: impl FnOnce(&emit::Compiled<'_>, &diagnostic::Diagnostics) -> TokenStream,
) -> TokenStream {
    let diagnostics = diagnostic::Diagnostics::new();
    let Some(function) = parse::parse(attr, item.clone(), &diagnostics) else {
        let errors = diagnostic::to_compile_errors(&diagnostics.finish());
        return quote::quote!(#errors #item);
    };
    let desugared = desugar::desugar(&function, &diagnostics);
    check::check_source(&desugared, &diagnostics);
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
    let expanded = if diagnostics.has_errors() { TokenStream::new() } else { emit(&compiled, &diagnostics) };
    let errors = diagnostics.finish();
    if errors.is_empty() {
        return expanded;
    }
    let errors = diagnostic::to_compile_errors(&errors);
    if !function.is_expandable() {
        return emit::emit_untouched(&errors, &function);
    }
    let fallback = emit::emit_fallback(&function, &desugared);
    quote::quote!(#errors #fallback)
}
