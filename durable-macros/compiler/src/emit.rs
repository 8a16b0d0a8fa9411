//! Stage 8: the tokens.
//!
//! Outside: the function that makes a call, the type beside it, and the state enum. Inside an anonymous constant, out of the
//! user's sight: the plain copy, the drive function, and the impls.

mod block;
mod drive;
mod end;
mod frame;
mod jump;
mod lists;
mod local;
mod migrations;
mod names;
mod open_types;
mod plain;
mod reach;
mod retake;
mod scope;
mod state;
mod variants;
mod whole;

use crate::{
    desugar::{Desugared, StripAt},
    graph::{BindingId, Graph, plain_name},
    layout::Layout,
    liveness::Liveness,
    parse::Function,
    picture::{self, Picture},
};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Attribute, Lifetime, Type, visit_mut::VisitMut};

/// Everything the stages before made.
#[derive(Debug, Clone, Copy)]
pub struct Compiled<'a> {
    /// The function.
    pub function: &'a Function,
    /// With its awaits named.
    pub desugared: &'a Desugared,
    /// As a graph.
    pub graph: &'a Graph,
    /// What is alive where.
    pub liveness: &'a Liveness,
    /// What is carried and saved.
    pub layout: &'a Layout,
}

/// What a workflow becomes.
#[derive(Debug, Clone, Default)]
pub struct Expansion {
    /// In the place of the function: what makes a call.
    pub call: TokenStream,
    /// Beside it, or beside the `impl` block around it.
    pub beside: TokenStream,
}

/// The whole expansion.
pub fn emit(compiled: &Compiled<'_>) -> Expansion {
    let drive = drive::emit_drive(compiled);
    let state = state::emit_enum(compiled);
    let state_impls = state::emit_impls(compiled);
    let state_type = state::state_type(compiled);
    let picture = picture::picture(compiled.function, compiled.graph);
    let emitted = Emitted {
        state,
        state_type,
        state_impls,
        drive,
        points: points(compiled, &picture),
        graph: emit_graph(compiled, &picture),
        migrations: migrations::emit_migrations(compiled),
    };
    assemble(compiled.function, compiled.desugared, emitted)
}

/// The state enum alone.
pub fn emit_state(compiled: &Compiled<'_>) -> TokenStream {
    state::emit_enum(compiled)
}

/// What stands in for a function with errors: the plain copy, so that rustc checks the user's own code, and items of the same
/// names, so that nothing else fails for want of them. The state has its variants, if the function could be laid out.
pub fn emit_fallback(
    function: &Function,
    desugared: &Desugared,
    compiled: Option<&Compiled<'_>>,
) -> Expansion {
    let krate = &function.options.krate;
    let state = match compiled.filter(|compiled| state::is_well_formed(compiled)) {
        Some(compiled) => state::StandIn::with_variants(compiled),
        None => state::StandIn::empty(function),
    };
    let drive = quote!(::std::boxed::Box::pin(async move { match __durable_cx.never().await {} }));
    let emitted = Emitted {
        state: state.item,
        state_type: state.ty,
        state_impls: state.impls,
        drive,
        points: written_points(&function.options.krate, quote!()),
        graph: quote!(&#krate::Graph::new(&[], &[])),
        migrations: quote!(),
    };
    assemble(function, desugared, emitted)
}

/// The function as it was written: what can stand beside an error where no items can.
pub fn emit_untouched(errors: &TokenStream, function: &Function) -> Expansion {
    let mut item = function.item.clone();
    StripAt.visit_item_fn_mut(&mut item);
    // In an `impl`, an error can only stand inside a function.
    let stmts = std::mem::take(&mut item.block.stmts);
    item.block.stmts = vec![syn::Stmt::Expr(syn::Expr::Verbatim(quote!(#errors)), None)];
    item.block.stmts.extend(stmts);
    Expansion { call: quote!(#[allow(unused, clippy::all)] #item), beside: TokenStream::new() }
}

/// What earlier parts of the stage made.
struct Emitted {
    state: TokenStream,
    state_type: TokenStream,
    state_impls: TokenStream,
    drive: TokenStream,
    /// Static data for people and tools.
    points: TokenStream,
    graph: TokenStream,
    /// What it says of earlier versions.
    migrations: TokenStream,
}

fn assemble(function: &Function, desugared: &Desugared, emitted: Emitted) -> Expansion {
    let Emitted { state, state_type, state_impls, drive, points, graph, migrations } = emitted;
    let version = function.options.version.map(|version| {
        let version = Literal::u32_unsuffixed(version);
        quote!(const VERSION: u32 = #version;)
    });
    let krate = &function.options.krate;
    let private = private(function);
    let vis = &function.item.vis;
    let ident = function.ident();
    let output = &function.output;
    let docs = docs(&function.item.attrs);
    let own_cfgs = cfgs(&function.item.attrs);
    let block_cfgs = function.owner.iter().flat_map(|owner| cfgs(&owner.attrs));
    let cfgs: Vec<_> = block_cfgs.chain(own_cfgs.iter().copied()).collect();

    let life = Lifetime::new("'durable", Span::mixed_site());
    let params = function.params.iter().map(|param| {
        let (ident, ty) = (&param.ident, &param.ty);
        match param.resource {
            _ if param.is_self() => quote!(&#life #ident),
            true => quote!(#ident: &#life #ty),
            false => quote!(#ident: #ty),
        }
    });
    let resource_idents: Vec<_> = function.resources().map(|param| &param.ident).collect();
    let resource_bound: Vec<_> = function.resources().map(|param| param.bound()).collect();
    let resource_types: Vec<_> = function.resources().map(|param| &param.ty).collect();
    let input_idents: Vec<_> = function.inputs().map(|param| &param.ident).collect();
    let input_types: Vec<_> = function.inputs().map(|param| &param.ty).collect();
    let all_bound: Vec<_> = function.params.iter().map(|param| param.bound()).collect();
    let resource_names = resource_idents.iter().map(|ident| plain_name(ident));
    let saves = function.inputs().map(|param| {
        let ident = &param.ident;
        let name = witness_name(function, Some(&param.ty), ident.span());
        let witness = witness_at(function, name, ident.span());
        quote!(#private::save(&mut __durable_saver, &#witness, &#ident);)
    });
    let items = &desugared.items;
    let type_doc = format!("The workflow [`{ident}()`]({ident}()) as a type: what a worker registers.");
    let type_doc = match &function.owner {
        None => type_doc,
        Some(owner) => {
            let method = crate::source::text(owner.ty.to_token_stream());
            format!("The workflow `{method}::{ident}` as a type: what a worker registers.")
        }
    };
    let input_doc = format!("The input of a new execution of `{}`.", function.name());

    let all = function.parameters();
    let (generics, arguments, bounds) = all.split_for_impl();
    let own = function.own_parameters();
    let (_, _, call_bounds) = own.split_for_impl();
    let call_params = &own.params;
    let call_generics = match call_params.is_empty() {
        true => quote!(<#life>),
        false => quote!(<#life, #call_params>),
    };
    let Declared { params: declared, bounds: declared_bounds, marker } = declared(function, &all);
    // Where rustc says that a type is more private than the workflow.
    let types = quote_spanned! {ident.span()=>
        type Input = (#(#input_types,)*);
        type Output = #output;
        type State = #state_type;
        type Resources<#life> = (#(&#life #resource_types,)*);
    };
    let (name, name_parts) = match function.stored_name.text() {
        Some(name) => (quote!(#name), None),
        None => {
            let parts = function.stored_name.parts(&private, krate);
            let parts = quote! {
                impl #generics #private::NameParts for #ident #arguments #bounds {
                    const PARTS: &'static [#private::NamePart] = #parts;
                }
            };
            (quote!(#private::Joined::<Self>::NAME), Some(parts))
        }
    };
    let plain = plain::emit_plain(function, desugared);
    let (drive, drive_fn) = drive::place_drive(function, drive);
    let plain_path = within(function, &plain::plain_ident(function));

    let two_places = function.is_generic().then(|| quote!(, clippy::multiple_bound_locations));
    // Of such a name the plain copy speaks.
    let capitals = all_bound.iter().any(|name| plain_name(name).contains(char::is_uppercase));
    let capitals = capitals.then(|| quote!(, non_snake_case));
    let call = quote! {
        #(#own_cfgs)*
        #(#docs)*
        #[allow(clippy::too_many_arguments #two_places #capitals)]
        #vis fn #ident #call_generics(#(#params),*) -> #krate::Child<#life, #ident #arguments> #call_bounds {
            #krate::Child::new((#(#resource_idents,)*), (#(#input_idents,)*))
        }
    };
    let beside = quote! {
        #(#cfgs)*
        #[doc = #type_doc]
        #[allow(non_camel_case_types, private_interfaces, private_bounds)]
        #vis struct #ident #declared #declared_bounds { _p: #marker }

        #(#cfgs)*
        #state

        #(#cfgs)*
        #[allow(warnings, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]
        impl #generics #ident #arguments #bounds {
            /// Its name in stores.
            #vis const NAME: &'static str = #name;

            /// Its picture: await points, branches, loops and ends.
            #vis const GRAPH: &'static #krate::Graph = #graph;

            #[doc = #input_doc]
            #vis fn input(#(#input_idents: #input_types),*) -> #krate::Input<Self> {
                let mut __durable_saver = #private::Saver::new();
                #(#saves)*
                #krate::Input::new(__durable_saver)
            }
        }

        #(#cfgs)*
        const _: () = {
            #[allow(unused_imports)]
            use #private::{self as __durable, Await as _};

            #points

            #(#items)*

            #plain

            #drive_fn

            #name_parts

            #[allow(warnings, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]
            impl #generics #krate::Workflow for #ident #arguments #bounds {
                const NAME: &'static str = #name;
                #version
                const POINTS: &'static [#krate::Point] = __DURABLE_POINTS;
                #types
                #migrations

                // Both runs in one function: where a local cannot be saved, rustc does not go on to ask whether it is `Send`.
                fn run<'a, 'r: 'a, const PLAIN: bool>(
                    __durable_mode: __durable::Mode<'a, 'r, Self>,
                ) -> __durable::BoxFuture<'a, Self::Output> {
                    if PLAIN {
                        let (__durable_resources, __durable_input) = __durable_mode.plain();
                        let (#(#resource_bound,)*) = __durable_resources;
                        let (#(#input_idents,)*) = __durable_input;
                        ::std::boxed::Box::pin(async move { #plain_path(#(#all_bound),*).await })
                    } else {
                        let (__durable_cx, __durable_resources, __durable_entry) = __durable_mode.drive();
                        #drive
                    }
                }

                fn resources(
                    __durable_from: &#krate::Resources,
                ) -> ::std::result::Result<Self::Resources<'_>, #krate::MissingResource> {
                    ::std::result::Result::Ok((#(__durable_from.get::<#resource_types>(#name, #resource_names)?,)*))
                }

                fn error(__durable_output: &Self::Output) -> ::std::option::Option<::std::string::String> {
                    use __durable::{ErrorDebug as _, ErrorFallback as _, ErrorSilent as _, ErrorText as _};
                    (&&&&__durable::Probe(__durable_output)).error_text()
                }
            }

            #[allow(warnings, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]
            const _: () = { #state_impls };
        };
    };
    Expansion { call, beside }
}

/// A function of ours that stands beside the user's: in an `impl` of the same type, if that is where the user's stands.
fn within(function: &Function, name: &Ident) -> TokenStream {
    let turbofish = function.turbofish();
    match &function.owner {
        None => quote!(#name #turbofish),
        Some(owner) => {
            let ty = &owner.ty;
            quote!(<#ty>::#name #turbofish)
        }
    }
}

/// The workflow's output, as the drive function may call it. It has no type where the plain copy has a mistake, so that the
/// mistake is not told again (`durable-core/src/sound.rs`). A constant cannot depend on type parameters.
fn output(function: &Function) -> TokenStream {
    let output = workflow_type(function, quote!(Output));
    match function.is_generic() {
        true => output,
        false => quote!(__durable::Output<#output, __DURABLE_SOUND>),
    }
}

/// Where the output is without a type if the plain copy has a mistake: what decides it.
fn emit_sound(function: &Function) -> Option<TokenStream> {
    let plain = within(function, &plain::plain_ident(function));
    let arguments = function.params.iter().map(|_| quote!(__durable::argument()));
    (!function.is_generic())
        .then(|| quote!(const __DURABLE_SOUND: bool = __durable::sound(&|| #plain(#(#arguments),*));))
}

/// An associated type of the workflow: in an `impl` of the user's type, `Self` is that one.
fn workflow_type(function: &Function, name: TokenStream) -> TokenStream {
    if function.owner.is_none() {
        return quote!(Self::#name);
    }
    let (krate, ident, all) = (&function.options.krate, function.ident(), function.parameters());
    let (_, arguments, _) = all.split_for_impl();
    quote!(<#ident #arguments as #krate::Workflow>::#name)
}

/// How the type of a workflow is declared.
struct Declared {
    params: TokenStream,
    bounds: Option<syn::WhereClause>,
    /// The type of its field.
    marker: TokenStream,
}

/// The workflow's parameters, as those of a type that only mentions them.
fn declared(function: &Function, all: &syn::Generics) -> Declared {
    // Function pointers may be sent and shared, whatever they take.
    let types = all.type_params().map(|param| &param.ident);
    let marker = quote!(#(::std::marker::PhantomData<fn(*const #types)>,)*);
    // A function may be more visible than a type in its signature; a type that stands beside it may not, with that type in its
    // impl. Unless the type is part of the impl's header, too: then the impl is as visible as the least visible part of it.
    if !matches!(function.item.vis, syn::Visibility::Inherited) {
        let (params, output) = (&all.params, &function.output);
        let params = params.iter().map(|param| quote!(#param,));
        let mentioned = function.params.iter().map(|param| &param.ty).chain([output]);
        let default = quote!((#(::std::marker::PhantomData<#mentioned>,)*));
        return Declared {
            params: quote!(<#(#params)* __DurableTypes = #default>),
            bounds: all.where_clause.clone(),
            marker: quote!((#marker ::std::marker::PhantomData<fn(__DurableTypes)>,)),
        };
    }
    if all.params.is_empty() {
        return Declared { params: quote!(), bounds: None, marker: quote!(()) };
    }
    let params = all.params.iter().map(|param| match param {
        syn::GenericParam::Type(param) => {
            let ident = &param.ident;
            quote!(#ident: ?::std::marker::Sized)
        }
        other => other.to_token_stream(),
    });
    Declared { params: quote!(<#(#params),*>), bounds: None, marker: quote!((#marker)) }
}

fn cfgs(attrs: &[Attribute]) -> Vec<&Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect()
}

fn written_points(krate: &syn::Path, points: TokenStream) -> TokenStream {
    quote!(static __DURABLE_POINTS: &[#krate::Point] = &[#points];)
}

/// The description of the await points for people and tools.
fn points(compiled: &Compiled<'_>, picture: &Picture) -> TokenStream {
    let krate = &compiled.function.options.krate;
    let fields = compiled.layout.points.iter();
    let fields = fields.map(|layout| layout.fields.iter().map(|field| &field.name).collect());
    let fields = lists::written("FIELDS", &quote!(&str), &fields.collect::<Vec<Vec<_>>>());
    let points = compiled.graph.points.iter().zip(&fields.uses).map(|(point, fields)| {
        let (name, callee, operation) = (plain_name(&point.name), &point.callee, &point.operation);
        let next = picture.next(&name);
        quote! {
            #krate::Point {
                name: #name,
                callee: #callee,
                operation: #operation,
                fields: #fields,
                next: &[#(#next),*],
            }
        }
    });
    let (shared, points) = (&fields.items, written_points(krate, quote!(#(#points),*)));
    quote!(#shared #points)
}

/// The picture, line by line.
fn emit_graph(compiled: &Compiled<'_>, picture: &Picture) -> TokenStream {
    let krate = &compiled.function.options.krate;
    let (mermaid, dot) = (picture.mermaid_lines(), picture.dot_lines());
    quote!(&#krate::Graph::new(&[#(#mermaid),*], &[#(#dot),*]))
}

/// The path of what only generated code names.
fn private(function: &Function) -> TokenStream {
    let krate = &function.options.krate;
    quote!(#krate::private)
}

/// A witness whose every token stands at a binding: an error of its bound is reported there, and wherever else it is
/// reported, in the same words and place, and so only once.
fn witness_at(function: &Function, name: TokenStream, span: Span) -> TokenStream {
    let private = private(function).into_iter().map(|mut token| {
        token.set_span(span);
        token
    });
    let private: TokenStream = private.collect();
    quote_spanned!(span=> #private::#name())
}

/// What makes the witness of a local, and where it stands. That of a loop's place stands where that of its item does.
fn witness_of(function: &Function, graph: &Graph, id: BindingId) -> (TokenStream, Span) {
    let binding = graph.binding(id);
    let parameter = binding.ty.as_ref().is_some_and(|ty| function.mentions_parameter(ty));
    match graph.is_place(id) && !parameter {
        true => (quote_spanned!(graph.span(id)=> witness_of_place), graph.span(id)),
        false => {
            let span = binding.ident.span();
            (witness_name(function, binding.ty.as_ref(), span), span)
        }
    }
}

/// What makes a witness: where the type is known to contain a type parameter, the error asks for its bound.
fn witness_name(function: &Function, ty: Option<&Type>, span: Span) -> TokenStream {
    match ty.is_some_and(|ty| function.mentions_parameter(ty)) {
        true => quote_spanned!(span=> witness_of_parameter),
        false => quote_spanned!(span=> witness),
    }
}

fn docs(attrs: &[Attribute]) -> Vec<&Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("doc") || attr.path().is_ident("deprecated")).collect()
}

/// Attributes of the function that belong on the plain copy: lints.
fn lints(attrs: &[Attribute]) -> Vec<&Attribute> {
    let lints = ["allow", "expect", "warn", "deny", "forbid"];
    attrs.iter().filter(|attr| lints.iter().any(|lint| attr.path().is_ident(lint))).collect()
}

/// A tuple, nested in tens, so that any number of elements has the traits of short tuples.
fn tuple(elements: Vec<TokenStream>) -> TokenStream {
    if elements.len() <= TUPLE_MAX {
        return quote!((#(#elements,)*));
    }
    let chunks = elements.chunks(TUPLE_MAX).map(|chunk| quote!((#(#chunk,)*))).collect();
    tuple(chunks)
}

const TUPLE_MAX: usize = 10;

/// An identifier of ours.
fn made(name: &str) -> Ident {
    format_ident!("__durable_{name}", span = Span::mixed_site())
}
