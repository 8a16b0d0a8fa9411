//! Stage 8: the tokens.
//!
//! Outside: the function that makes a call, the type beside it, and the state enum. Inside an anonymous constant, out of the
//! user's sight: the plain copy, the drive function, and the impls.

mod block;
mod drive;
mod jump;
mod names;
mod open_types;
mod plain;
mod scope;
mod state;
mod walk;

use crate::{
    desugar::{Desugared, StripAt},
    diagnostic::{Code, Diagnostics},
    graph::{Graph, plain_name},
    layout::Layout,
    liveness::Liveness,
    parse::Function,
};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Attribute, Lifetime, visit_mut::VisitMut};

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

/// The whole expansion.
pub fn emit(compiled: &Compiled<'_>, diagnostics: &Diagnostics) -> TokenStream {
    let drive = drive::emit_drive(compiled, diagnostics);
    let state = state::emit_enum(compiled);
    let state_impls = state::emit_impls(compiled);
    assemble(compiled.function, compiled.desugared, state, state_impls, drive, points(compiled))
}

/// The state enum alone.
pub fn emit_state(compiled: &Compiled<'_>) -> TokenStream {
    state::emit_enum(compiled)
}

/// What stands in for a function with errors: the plain copy, so that rustc checks the user's own code, and items of the same
/// names, so that nothing else fails for want of them.
pub fn emit_fallback(function: &Function, desugared: &Desugared) -> TokenStream {
    let name = state::enum_name(function);
    let vis = &function.item.vis;
    let private = private(function);
    let krate = &function.options.krate;
    let enumeration = quote! {
        #[allow(dead_code)]
        #vis enum #name {}
    };
    let impls = quote! {
        impl #krate::State for #name {
            fn point(&self) -> &'static str { match *self {} }
            fn decode(point: &str, _: &mut #private::FieldReader<'_>) -> Result<Self, #krate::StateError> {
                Err(#krate::StateError::UnknownPoint(point.to_owned()))
            }
        }
    };
    let drive = quote!(::std::boxed::Box::pin(async move { match __durable_cx.never().await {} }));
    assemble(function, desugared, enumeration, impls, drive, quote!(&[]))
}

/// The function as it was written: what can stand beside an error where no items can.
pub fn emit_untouched(errors: &TokenStream, function: &Function) -> TokenStream {
    let mut item = function.item.clone();
    StripAt.visit_item_fn_mut(&mut item);
    // In an `impl`, an error can only stand inside a function.
    let stmts = std::mem::take(&mut item.block.stmts);
    item.block.stmts = vec![syn::Stmt::Expr(syn::Expr::Verbatim(quote!(#errors)), None)];
    item.block.stmts.extend(stmts);
    quote!(#[allow(unused, clippy::all)] #item)
}

fn assemble(
    function: &Function,
    desugared: &Desugared,
    state: TokenStream,
    state_impls: TokenStream,
    drive: TokenStream,
    points: TokenStream,
) -> TokenStream {
    let krate = &function.options.krate;
    let private = private(function);
    let vis = &function.item.vis;
    let ident = &function.item.sig.ident;
    let name = function.name();
    let enum_name = state::enum_name(function);
    let output = &function.output;
    let docs = docs(&function.item.attrs);
    let cfgs: Vec<_> = function.item.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();

    let life = Lifetime::new("'durable", Span::mixed_site());
    let params = function.params.iter().map(|param| {
        let (ident, ty) = (&param.ident, &param.ty);
        if param.resource { quote!(#ident: &#life #ty) } else { quote!(#ident: #ty) }
    });
    let resource_idents: Vec<_> = function.resources().map(|param| &param.ident).collect();
    let resource_types: Vec<_> = function.resources().map(|param| &param.ty).collect();
    let input_idents: Vec<_> = function.inputs().map(|param| &param.ident).collect();
    let input_types: Vec<_> = function.inputs().map(|param| &param.ty).collect();
    let all_idents: Vec<_> = function.params.iter().map(|param| &param.ident).collect();
    let resource_names = resource_idents.iter().map(|ident| plain_name(ident));
    let saves = function.inputs().map(|param| {
        let ident = &param.ident;
        let witness = quote_spanned!(ident.span()=> #private::witness());
        quote!(#private::save(&mut __durable_saver, &#witness, &#ident);)
    });
    let plain = plain::emit_plain(function, desugared);
    let plain_name = plain::plain_ident();
    let items = &desugared.items;
    let type_doc = format!("The workflow [`{ident}()`]({ident}()) as a type: what a worker registers.");
    let input_doc = format!("The input of a new execution of `{name}`.");

    quote! {
        #(#cfgs)*
        #(#docs)*
        #[allow(clippy::too_many_arguments)]
        #vis fn #ident<#life>(#(#params),*) -> #krate::Child<#life, #ident> {
            #krate::Child::new((#(#resource_idents,)*), (#(#input_idents,)*))
        }

        #(#cfgs)*
        #[doc = #type_doc]
        #[allow(non_camel_case_types)]
        #vis struct #ident { _p: () }

        #(#cfgs)*
        #state

        #(#cfgs)*
        #[allow(warnings, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]
        impl #ident {
            /// Its name in stores.
            #vis const NAME: &'static str = #name;

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
            use #private::{self as __durable, AtPoint as _, PlainRun as _};

            #(#items)*

            #plain

            #[allow(warnings, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]
            impl #krate::Workflow for #ident {
                const NAME: &'static str = #name;
                const POINTS: &'static [#krate::Point] = #points;
                type Input = (#(#input_types,)*);
                type Output = #output;
                type State = #enum_name;
                type Resources<#life> = (#(&#life #resource_types,)*);

                fn drive<'a, 'r: 'a>(
                    __durable_cx: &'a __durable::Context,
                    __durable_resources: ::std::option::Option<Self::Resources<'r>>,
                    __durable_entry: __durable::Entry<'a, Self::Input>,
                ) -> __durable::BoxFuture<'a, Self::Output> {
                    #drive
                }

                fn plain<'a>(
                    __durable_resources: Self::Resources<'a>,
                    __durable_input: Self::Input,
                ) -> __durable::BoxFuture<'a, Self::Output> {
                    let (#(#resource_idents,)*) = __durable_resources;
                    let (#(#input_idents,)*) = __durable_input;
                    ::std::boxed::Box::pin(#plain_name(#(#all_idents),*))
                }

                fn resources(
                    __durable_from: &#krate::Resources,
                ) -> ::std::result::Result<Self::Resources<'_>, #krate::MissingResource> {
                    Ok((#(__durable_from.get::<#resource_types>(#name, #resource_names)?,)*))
                }

                fn error(__durable_output: &Self::Output) -> ::std::option::Option<::std::string::String> {
                    use __durable::{ErrorDebug as _, ErrorFallback as _, ErrorSilent as _, ErrorText as _};
                    (&&&&__durable::Probe(__durable_output)).error_text()
                }
            }

            #[allow(warnings, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]
            const _: () = { #state_impls };
        };
    }
}

/// The description of the await points for people and tools.
fn points(compiled: &Compiled<'_>) -> TokenStream {
    let krate = &compiled.function.options.krate;
    let points = compiled.graph.points.iter().zip(&compiled.layout.points).map(|(point, layout)| {
        let (name, callee) = (plain_name(&point.name), state::tidy(&point.callee));
        let fields = layout.fields.iter().map(|field| &field.name);
        quote!(#krate::Point { name: #name, callee: #callee, fields: &[#(#fields),*] })
    });
    quote!(&[#(#points),*])
}

/// The path of what only generated code names.
fn private(function: &Function) -> TokenStream {
    let krate = &function.options.krate;
    quote!(#krate::private)
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

/// A `SPAN`ned error for what cannot be emitted.
fn refuse_hidden(diagnostics: &Diagnostics, tokens: &impl ToTokens, name: &str) {
    diagnostics.error_at_with_help(
        Code::Position,
        tokens,
        format!("a name bound here hides the outer `{name}`, which is still needed across an await"),
        "rename the inner one",
    );
}
