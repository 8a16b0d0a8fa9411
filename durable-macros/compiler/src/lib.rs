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
pub mod picture;
pub mod place;
pub mod source;
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

/// The picture of `#[workflow(attr)] item`; `Err` is its expansion, with the errors in it.
pub fn picture(attr: TokenStream, item: TokenStream) -> Result<picture::Picture, TokenStream> {
    let mut drawn = None;
    let expanded = compile(attr, item, |compiled, _| {
        drawn = Some(picture::picture(compiled.function, compiled.graph));
        TokenStream::new()
    });
    drawn.ok_or(expanded)
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
    let Some(function) = parse::parse(attr.clone(), item.clone(), &diagnostics) else {
        let errors = diagnostic::to_compile_errors(&diagnostics.finish());
        let stand_in = half_typed(attr, item);
        return quote::quote!(#errors #stand_in);
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

/// What stands in for a function that does not parse: as for one with errors, as far as its names can be read. What follows
/// from the syntax error is not reported.
fn half_typed(attr: TokenStream, item: TokenStream) -> TokenStream {
    let unread = diagnostic::Diagnostics::new();
    let readable = parse::half_typed(item.clone());
    let function = parse::parse(attr, readable.item, &unread);
    let stand_in = function.filter(parse::Function::is_expandable).map(|mut function| {
        *function.item.block = readable.body;
        let desugared = desugar::desugar(&function, &unread);
        emit::emit_fallback(&function, &desugared)
    });
    let _ = unread.finish();
    stand_in.unwrap_or(item)
}
