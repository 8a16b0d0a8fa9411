//! The state enum: one variant per await point, as a person would have written it.

use super::{Compiled, drive::witness_ident, private, variants::Variants};
use crate::{
    desugar::camel,
    generics,
    graph::{PointInfo, plain_name},
    layout::Field,
    parse::Function,
    source,
};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use std::collections::{BTreeMap, BTreeSet};
use syn::{Generics, Type};

/// `PlaceOrderState` for `place_order`.
pub(super) fn enum_name(function: &Function) -> Ident {
    let ident = &function.item.sig.ident;
    let camel = camel(&plain_name(ident), ident.span()).unwrap_or_else(|| ident.clone());
    format_ident!("{camel}State", span = ident.span())
}

/// The type parameters of the enum: those that its fields name.
fn parameters(compiled: &Compiled<'_>) -> (Generics, Vec<Ident>) {
    let all = compiled.function.sig.generics.clone();
    let types: Vec<Type> = typed_fields(compiled).cloned().collect();
    let mut declared = Generics::default();
    for generics in compiled.function.owner.iter().map(|owner| &owner.generics).chain([&all]) {
        declared.params.extend(generics.params.iter().cloned());
        if let Some(clause) = &generics.where_clause {
            declared.make_where_clause().predicates.extend(clause.predicates.iter().cloned());
        }
    }
    generics::needed_by(&declared, &types)
}

fn typed_fields<'a>(compiled: &'a Compiled<'_>) -> impl Iterator<Item = &'a Type> {
    compiled.layout.points.iter().flat_map(|layout| &layout.fields).filter_map(|field| field.ty.as_ref())
}

/// The enum as a type, in terms of the workflow's parameters.
pub(super) fn state_type(compiled: &Compiled<'_>) -> TokenStream {
    let (name, (generics, _)) = (enum_name(compiled.function), parameters(compiled));
    let (_, arguments, _) = generics.split_for_impl();
    quote!(#name #arguments)
}

/// The enum.
pub(super) fn emit_enum(compiled: &Compiled<'_>) -> TokenStream {
    let function = compiled.function;
    let (vis, name) = (&function.item.vis, enum_name(function));
    let doc = format!(
        " Where an execution of `{}` stands: one variant for each await point, with the values that are saved there.",
        function.item.sig.ident
    );
    let docs = user_docs(function);
    let (generics, unnamed) = parameters(compiled);
    let (declared, bounds) = (&generics, &generics.where_clause);
    let private_bounds = (!generics.params.is_empty()).then(|| quote!(private_bounds,));
    // A parameter that only bounds speak of would count as unused; one field mentions it.
    let mut unmentioned = (!unnamed.is_empty()).then_some(unnamed);
    let variants = compiled.graph.points.iter().zip(&compiled.layout.points).map(|(point, layout)| {
        let (variant, doc) = (&point.name, point_doc(point));
        let fields: Vec<_> = layout.fields.iter().map(|field| {
            let (name, mut ty) = (field_ident(compiled, field), field_type(function, field));
            if field.ty.is_some()
                && let Some(unnamed) = unmentioned.take()
            {
                let private = private(function);
                ty = quote!(<#ty as #private::Mentions<(#(::std::marker::PhantomData<#unnamed>,)*)>>::Itself);
            }
            quote!(#name: #ty)
        }).collect();
        match layout.fields.is_empty() {
            true => quote!(#(#[doc = #doc])* #variant {}),
            false => quote!(#(#[doc = #doc])* #variant { #(#fields),* }),
        }
    });
    let variants: Vec<_> = variants.collect();
    quote! {
        #[doc = #doc]
        #docs
        #[allow(private_interfaces, #private_bounds missing_docs, clippy::large_enum_variant, clippy::enum_variant_names)]
        #vis enum #name #declared #bounds {
            #(#variants),*
        }
    }
}

/// The user's documentation of the function, as a paragraph below ours.
fn user_docs(function: &Function) -> TokenStream {
    let docs: Vec<_> = function.item.attrs.iter().filter(|attr| attr.path().is_ident("doc")).collect();
    match docs.is_empty() {
        true => quote!(),
        false => quote!(#[doc = ""] #(#docs)*),
    }
}

/// One witness for each local, spanned at its binding, so that one mistake is one error.
pub(super) fn witnesses(compiled: &Compiled<'_>) -> TokenStream {
    let private = private(compiled.function);
    let fields = compiled.layout.points.iter().flat_map(|layout| &layout.fields);
    let typed: BTreeMap<_, _> =
        fields.filter_map(|field| Some((field.binding, field.ty.as_ref()?))).collect();
    let witnesses = typed.iter().map(|(id, ty)| {
        let (witness, span) = (witness_ident(*id), compiled.graph.binding(*id).ident.span());
        let made = super::witness_at(compiled.function, ty, span);
        quote!(let #witness: #private::Witness<#ty> = #made;)
    });
    witnesses.collect()
}

/// `State` and `Debug`.
pub(super) fn emit_impls(compiled: &Compiled<'_>) -> TokenStream {
    let krate = &compiled.function.options.krate;
    let private = private(compiled.function);
    let name = enum_name(compiled.function);
    let (generics, _) = parameters(compiled);
    let (generics, arguments, bounds) = generics.split_for_impl();
    let texts: Vec<_> = compiled.graph.points.iter().map(|point| plain_name(&point.name)).collect();
    let witnesses = witnesses(compiled);
    let variants = Variants::of(compiled);
    let (before_reading, read) = variants.arms(|variant| {
        let (name, readers, idents, bound) =
            (&variant.name, &variant.readers, variant.idents, &variant.bound);
        let tuple = variant.tuple();
        quote! {{
            let #tuple = __durable_fields.all(#readers)?;
            ::std::result::Result::Ok(Self::#name { #(#idents: #bound),* })
        }}
    });
    let others = (texts.len() > 1).then(|| quote!(_ => ::std::result::Result::Ok(()),));
    let (before_showing, shown) = variants.arms(|variant| {
        let (name, at, idents, bound) = (&variant.name, &variant.at, variant.idents, &variant.bound);
        let (readers, tuple) = (&variant.readers, variant.tuple());
        quote! {
            match self {
                Self::#name { #(#idents: #bound),* } =>
                    #private::show_variant(__durable_f, __DURABLE_POINTS, #at, #readers, #tuple),
                #others
            }
        }
    });
    let variants = variants.names();
    quote! {
        impl #generics #krate::State for #name #arguments #bounds {
            // Compiled where it is used.
            #[inline]
            fn point(&self) -> &'static str {
                match self { #(Self::#variants { .. } => #texts),* }
            }

            #[inline]
            fn decode(
                __durable_point: &str,
                __durable_fields: &mut #private::FieldReader<'_>,
            ) -> ::std::result::Result<Self, #krate::StateError> {
                #witnesses
                #before_reading
                match __durable_point {
                    #(#texts => #read,)*
                    other => ::std::result::Result::Err(#krate::StateError::UnknownPoint(other.to_owned())),
                }
            }
        }

        impl #generics ::std::fmt::Debug for #name #arguments #bounds {
            #[inline]
            fn fmt(&self, __durable_f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                #witnesses
                #before_showing
                match self { #(Self::#variants { .. } => #shown),* }
            }
        }
    }
}

/// Whether every variant and every field has a name of its own: after some errors they do not.
pub(super) fn is_well_formed(compiled: &Compiled<'_>) -> bool {
    let unique = |names: Vec<String>| names.iter().collect::<BTreeSet<_>>().len() == names.len();
    unique(compiled.graph.points.iter().map(|point| plain_name(&point.name)).collect())
        && compiled
            .layout
            .points
            .iter()
            .all(|layout| unique(layout.fields.iter().map(|field| field.name.clone()).collect()))
}

/// The state of a workflow with errors: what others write about it is right or wrong as it will be without them.
pub(super) struct StandIn {
    /// The enum.
    pub(super) item: TokenStream,
    /// The enum as a type.
    pub(super) ty: TokenStream,
    /// What it implements: none of it is ever called.
    pub(super) impls: TokenStream,
}

impl StandIn {
    /// With the variants of the state.
    pub(super) fn with_variants(compiled: &Compiled<'_>) -> Self {
        let (generics, _) = parameters(compiled);
        let impls = Self::impls(compiled.function, &generics);
        Self { item: emit_enum(compiled), ty: state_type(compiled), impls }
    }

    /// With the name alone.
    pub(super) fn empty(function: &Function) -> Self {
        let (vis, name) = (&function.item.vis, enum_name(function));
        let item = quote! {
            #[allow(dead_code)]
            #vis enum #name {}
        };
        Self { item, ty: name.to_token_stream(), impls: Self::impls(function, &Generics::default()) }
    }

    fn impls(function: &Function, generics: &Generics) -> TokenStream {
        let (krate, private, name) = (&function.options.krate, private(function), enum_name(function));
        let (generics, arguments, bounds) = generics.split_for_impl();
        quote! {
            impl #generics #krate::State for #name #arguments #bounds {
                fn point(&self) -> &'static str { "" }

                fn decode(point: &str, _: &mut #private::FieldReader<'_>) -> ::std::result::Result<Self, #krate::StateError> {
                    ::std::result::Result::Err(#krate::StateError::UnknownPoint(point.to_owned()))
                }
            }

            impl #generics ::std::fmt::Debug for #name #arguments #bounds {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result { f.write_str("") }
            }
        }
    }
}

/// The lines of a variant's documentation: the doc comment at the await point, and what is awaited there.
fn point_doc(point: &PointInfo) -> Vec<String> {
    if point.callee.is_empty() {
        return vec![" The input, before the first await point.".into()];
    }
    let mut lines: Vec<String> = point.doc.lines().map(|line| format!(" {line}")).collect();
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.push(format!(" Suspended at `{}.await`.", source::shortened(&point.callee, 100)));
    lines
}

/// The field's name, with the span of the user's binding.
pub(super) fn field_ident(compiled: &Compiled<'_>, field: &Field) -> Ident {
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
