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
pub mod place;
pub mod step;
pub mod stored_name;
pub mod types;
pub mod verify;
pub mod workflows;

use proc_macro2::TokenStream;

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

/// Expands `#[step(attr)] item`.
pub fn expand_step(attr: TokenStream, item: TokenStream) -> TokenStream {
    step::expand(attr, item)
}

fn state_alone(compiled: &emit::Compiled<'_>, _: &diagnostic::Diagnostics) -> emit::Expansion {
    emit::Expansion { call: TokenStream::new(), beside: emit::emit_state(compiled) }
}

/// All stages, one after the other.
fn compile(
    attr: TokenStream,
    item: TokenStream,
    owner: Option<(&owner::Owner, &parse::Options)>,
    emit: impl FnOnce(&emit::Compiled<'_>, &diagnostic::Diagnostics) -> emit::Expansion,
) -> emit::Expansion {
    let diagnostics = diagnostic::Diagnostics::new();
    let Some(function) = parse::parse_within(attr, item.clone(), owner, &diagnostics) else {
        let errors = diagnostic::to_compile_errors(&diagnostics.finish());
        return emit::Expansion { call: quote::quote!(#item), beside: errors };
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
    let expanded = (!diagnostics.has_errors()).then(|| emit(&compiled, &diagnostics));
    let errors = diagnostics.finish();
    if let Some(expanded) = expanded.filter(|_| errors.is_empty()) {
        return expanded;
    }
    let errors = diagnostic::to_compile_errors(&errors);
    if !function.is_expandable() {
        return emit::emit_untouched(&errors, &function);
    }
    let emit::Expansion { call, beside } = emit::emit_fallback(&function, &desugared);
    emit::Expansion { call, beside: quote::quote!(#errors #beside) }
}
