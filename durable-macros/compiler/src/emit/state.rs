//! The state enum: one variant per await point, as a person would have written it.

use super::{Compiled, drive::witness_ident, private};
pub(crate) use crate::graph::tidy;

use crate::{desugar::camel, graph::plain_name, layout::Field, parse::Function};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use std::collections::BTreeMap;

/// `PlaceOrderState` for `place_order`.
pub(super) fn enum_name(function: &Function) -> Ident {
    let ident = &function.item.sig.ident;
    let camel = camel(&plain_name(ident), ident.span()).unwrap_or_else(|| ident.clone());
    format_ident!("{camel}State", span = ident.span())
}

/// The enum.
pub(super) fn emit_enum(compiled: &Compiled<'_>) -> TokenStream {
    let function = compiled.function;
    let (vis, name) = (&function.item.vis, enum_name(function));
    let doc = format!(
        " Where an execution of `{}` stands: one variant for each await point, with the values that are saved there.",
        function.item.sig.ident
    );
    let variants = compiled.graph.points.iter().zip(&compiled.layout.points).map(|(point, layout)| {
        let (variant, doc) = (&point.name, point_doc(&point.callee));
        let fields = layout.fields.iter().map(|field| {
            let (name, ty) = (field_ident(compiled, field), field_type(function, field));
            quote!(#name: #ty)
        });
        match layout.fields.is_empty() {
            true => quote!(#[doc = #doc] #variant {}),
            false => quote!(#[doc = #doc] #variant { #(#fields),* }),
        }
    });
    quote! {
        #[doc = #doc]
        #[allow(private_interfaces, missing_docs, clippy::large_enum_variant, clippy::enum_variant_names)]
        #vis enum #name {
            #(#variants),*
        }
    }
}

/// `State` and `Debug`.
pub(super) fn emit_impls(compiled: &Compiled<'_>) -> TokenStream {
    let krate = &compiled.function.options.krate;
    let private = private(compiled.function);
    let name = enum_name(compiled.function);
    let variants: Vec<_> = compiled.graph.points.iter().map(|point| &point.name).collect();
    let texts: Vec<_> = compiled.graph.points.iter().map(|point| plain_name(&point.name)).collect();
    let typed: BTreeMap<_, _> = compiled
        .layout
        .points
        .iter()
        .flat_map(|layout| &layout.fields)
        .filter_map(|field| Some((field.binding, field.ty.as_ref()?)))
        .collect();
    // One witness for each local, spanned at its binding, so that one mistake is one error.
    let witnesses: TokenStream = typed
        .iter()
        .map(|(id, ty)| {
            let (witness, span) = (witness_ident(*id), compiled.graph.binding(*id).ident.span());
            let made = super::witness_at(compiled.function, span);
            quote!(let #witness: #private::Witness<#ty> = #made;)
        })
        .collect();
    let decoded = compiled.layout.points.iter().map(|layout| {
        let readers = layout.fields.iter().map(|field| match field.ty {
            Some(_) => witness_ident(field.binding).to_token_stream(),
            None => quote!(#private::InferredField),
        });
        (
            super::tuple(readers.collect()),
            layout.fields.iter().map(|field| field_ident(compiled, field)).collect::<Vec<_>>(),
        )
    });
    let decoded = decoded.zip(&variants).zip(&texts).map(|(((readers, idents), variant), text)| {
        let bound = (0..idents.len()).map(bound_ident);
        let pattern = super::tuple(bound.clone().map(|ident| ident.to_token_stream()).collect());
        quote! {
            #text => {
                let #pattern = __durable_fields.all(#readers)?;
                ::std::result::Result::Ok(Self::#variant { #(#idents: #bound),* })
            }
        }
    });
    let shown = compiled.graph.points.iter().zip(&compiled.layout.points).map(|(point, layout)| {
        let (variant, text) = (&point.name, plain_name(&point.name));
        let idents: Vec<_> = layout.fields.iter().map(|field| field_ident(compiled, field)).collect();
        let bound: Vec<_> = (0..idents.len()).map(bound_ident).collect();
        let shown = layout.fields.iter().zip(&bound).map(|(field, bound)| {
            let (name, witness) = (&field.name, witness_ident(field.binding));
            match field.ty {
                Some(_) => quote!(.field(#name, &#private::Show(#witness, #bound))),
                None => quote!(.field(#name, #bound)),
            }
        });
        quote! {
            Self::#variant { #(#idents: #bound),* } => __durable_f.debug_struct(#text) #(#shown)* .finish()
        }
    });
    quote! {
        impl #krate::State for #name {
            fn point(&self) -> &'static str {
                match self { #(Self::#variants { .. } => #texts),* }
            }

            fn decode(
                __durable_point: &str,
                __durable_fields: &mut #private::FieldReader<'_>,
            ) -> ::std::result::Result<Self, #krate::StateError> {
                #witnesses
                match __durable_point {
                    #(#decoded)*
                    other => ::std::result::Result::Err(#krate::StateError::UnknownPoint(other.to_owned())),
                }
            }
        }

        impl ::std::fmt::Debug for #name {
            fn fmt(&self, __durable_f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                #witnesses
                match self { #(#shown),* }
            }
        }
    }
}

/// A name of ours for a field in a pattern: a field may be called like anything.
fn bound_ident(at: usize) -> Ident {
    super::made(&format!("field_{at}"))
}

fn point_doc(callee: &str) -> String {
    if callee.is_empty() {
        return " The input, before the first await point.".into();
    }
    let mut text = tidy(callee);
    if text.chars().count() > 100 {
        text = text.chars().take(99).chain(['…']).collect();
    }
    format!(" Suspended at `{text}.await`.")
}

fn field_ident(compiled: &Compiled<'_>, field: &Field) -> Ident {
    let span = compiled.graph.binding(field.binding).ident.span();
    let own = &compiled.graph.binding(field.binding).ident;
    // A raw name stays raw.
    if plain_name(own) == field.name {
        let mut ident = own.clone();
        ident.set_span(span);
        return ident;
    }
    Ident::new(&field.name, span)
}

fn field_type(function: &Function, field: &Field) -> TokenStream {
    let krate = &function.options.krate;
    match &field.ty {
        Some(ty) => quote!(#ty),
        None => quote!(#krate::Inferred),
    }
}
