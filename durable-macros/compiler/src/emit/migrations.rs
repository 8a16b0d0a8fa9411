//! What a workflow says of its earlier versions: names that await points had, and functions that migrate their states.

use super::{Compiled, private, variants::Variants};
use crate::{graph::plain_name, parse::Migration};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

/// Items of the `Workflow` impl; none for a workflow that says nothing.
pub(super) fn emit_migrations(compiled: &Compiled<'_>) -> TokenStream {
    let (renamed, migrations) = (renamed(compiled), migrations(compiled));
    quote!(#renamed #migrations)
}

fn renamed(compiled: &Compiled<'_>) -> TokenStream {
    let pairs = compiled.graph.points.iter().flat_map(|point| {
        let name = plain_name(&point.name);
        point.was.iter().map(move |was| quote!((#was, #name)))
    });
    let pairs: Vec<_> = pairs.collect();
    match pairs.is_empty() {
        true => quote!(),
        false => quote! {
            const RENAMED: &'static [(&'static str, &'static str)] = &[#(#pairs),*];
        },
    }
}

fn migrations(compiled: &Compiled<'_>) -> TokenStream {
    let migrations = &compiled.function.options.migrations;
    if migrations.is_empty() {
        return quote!();
    }
    let private = private(compiled.function);
    let witnesses = super::state::witnesses(compiled);
    let variants = Variants::of(compiled);
    let (before, arms) = variants.arms(|variant| {
        let (name, at, idents, bound) = (&variant.name, &variant.at, variant.idents, &variant.bound);
        let (readers, tuple) = (&variant.readers, variant.tuple());
        quote! {
            match __durable_state {
                Self::State::#name { #(#idents: #bound),* } => #private::encode_variant(#at, #readers, #tuple),
                _ => ::std::unreachable!(),
            }
        }
    });
    let names = variants.names();
    let migrations = migrations.iter().map(|Migration { point, function }| {
        let point = plain_name(point);
        // Where rustc says that it is no migration.
        quote_spanned!(function.span()=> #private::migration(#point, __durable_encode, #function))
    });
    quote! {
        fn migrations() -> ::std::vec::Vec<#private::Migration> {
            let __durable_encode: fn(&Self::State) -> #private::Encoded = |__durable_state| {
                #witnesses
                #before
                match __durable_state { #(Self::State::#names { .. } => #arms),* }
            };
            ::std::vec![#(#migrations),*]
        }
    }
}
