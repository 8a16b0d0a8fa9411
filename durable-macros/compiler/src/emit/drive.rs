//! The drive function: a loop over blocks, each an `async` block of its own, boxed.
//!
//! That layout is what scales: every block is a separate body for the borrow checker, and the drive function has one await.

use super::{
    Compiled,
    block::Blocks,
    made,
    open_types::{open_type_ident, open_types},
    tuple,
};
use crate::{
    graph::{BindingId, BlockId, plain_name},
    owner::rename_self,
    parse::Function,
};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use std::collections::BTreeSet;

pub(super) fn emit_drive(compiled: &Compiled<'_>) -> TokenStream {
    let (graph, layout) = (compiled.graph, compiled.layout);
    let carried: BTreeSet<BindingId> = layout.carried.iter().flatten().copied().collect();
    let generics: Vec<Ident> = carried.iter().map(|id| type_param(*id)).collect();
    let reached: Vec<BlockId> = reached(compiled);

    let variants = reached.iter().map(|block| {
        let name = block_variant(compiled, *block);
        let payload =
            tuple(layout.carried[block.0].iter().map(|id| type_param(*id)).map(|ty| quote!(#ty)).collect());
        quote!(#name(#payload))
    });
    let saved: BTreeSet<BindingId> =
        layout.points.iter().flat_map(|point| &point.fields).map(|field| field.binding).collect();
    let witnesses = saved.iter().map(|id| {
        let (witness, binding) = (witness_ident(*id), graph.binding(*id));
        let span = binding.ident.span();
        let made = super::witness_name(compiled.function, binding.ty.as_ref(), span);
        quote_spanned!(span=> let #witness = __durable::#made();)
    });
    let traced = saved.iter().map(|id| {
        let witness = witness_ident(*id);
        quote!(#witness.traced())
    });
    let described = graph.points.iter().zip(&layout.points).map(|(point, layout)| {
        let name = plain_name(&point.name);
        let fields = layout.fields.iter().map(|field| {
            let local = saved.range(..field.binding).count();
            let name = &field.name;
            quote!((#name, #local))
        });
        quote!((#name, &[#(#fields),*]))
    });
    let loads = graph.points.iter().zip(&layout.points).enumerate().map(|(at, (point, layout))| {
        let name = block_variant(compiled, point.block);
        let witnesses = tuple(
            layout.fields.iter().map(|field| witness_ident(field.binding)).map(|w| quote!(&#w)).collect(),
        );
        quote!(#at => __DurableBlock::#name(__durable_resume.load(#witnesses)?))
    });
    let inputs: Vec<_> = compiled.function.inputs().map(|param| &param.ident).collect();
    let start = tuple(inputs.iter().map(|ident| quote!(#ident)).collect());
    let resources: Vec<_> = compiled.function.resources().map(|param| param.bound()).collect();
    let output = super::output(compiled.function);
    let open = open_types(compiled);
    let open_idents = open.iter().map(|id| open_type_ident(*id));
    let blocks = Blocks::new(compiled, open.clone());
    let arms: Vec<_> = reached.iter().map(|block| blocks.emit(*block)).collect();
    let (cx, next) = (made("cx"), made("next"));
    let generics = match generics.is_empty() {
        true => quote!(),
        false => quote!(<#(#generics),*>),
    };

    quote! {
        let __durable_args = __durable::Moved((__durable_cx, __durable_resources, __durable_entry));
        ::std::boxed::Box::pin(async {
            let (__durable_cx, __durable_resources, __durable_entry) = __durable_args.take();
            // All blocks, await points and joins alike. One type parameter per local: their types are inferred.
            enum __DurableBlock #generics { #(#variants),* }
            #(#witnesses)*
            #(let #open_idents = None::<fn() -> _>;)*
            let #cx = __durable_cx;
            let __durable_begin = match __durable_entry {
                __durable::Entry::Start((#(#inputs,)*)) => Some(__DurableBlock::Start(#start)),
                __durable::Entry::Resume(__durable_resume) => (|| Some(match __durable_resume.point() {
                    #(#loads,)*
                    _ => return None,
                }))(),
                __durable::Entry::Describe(__durable_describe) => {
                    __durable_describe.locals(&[#(#traced),*], &[#(#described),*]);
                    None
                }
            };
            let (Some(mut __durable_pc), Some((#(#resources,)*))) = (__durable_begin, __durable_resources) else {
                match #cx.never().await {}
            };
            loop {
                let mut #next = None;
                __durable::unify(&__durable_pc, &#next);
                let __durable_block: __durable::BoxFuture<'_, Option<#output>> = match __durable_pc {
                    #(#arms)*
                };
                match __durable_block.await {
                    Some(result) => return result,
                    None => match #next.take() {
                        Some(next) => __durable_pc = next,
                        None => match #cx.never().await {},
                    },
                }
            }
        })
    }
}

/// Where the code of the drive function stands: what the trait's function does, and a function beside it. A method's stands in an
/// `impl` of its type, so that `Self` is what it is in the user's code.
pub(super) fn place_drive(function: &Function, drive: TokenStream) -> (TokenStream, Option<TokenStream>) {
    let Some(owner) = &function.owner else { return (drive, None) };
    let drive = match syn::parse2(quote!({ #drive })) {
        Ok(mut block) => {
            rename_self(&mut block);
            let stmts = block.stmts;
            quote!(#(#stmts)*)
        }
        Err(_) => drive,
    };
    let name = made(&format!("drive_{}", plain_name(function.ident())));
    let own = function.own_parameters();
    let (params, bounds) = (&own.params, &own.where_clause);
    let [resources, input, output] = [quote!(Resources<'r>), quote!(Input), quote!(Output)]
        .map(|associated| super::workflow_type(function, associated));
    let beside = owner.around(quote! {
        #[allow(warnings, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]
        fn #name<'a, 'r: 'a, #params>(
            __durable_cx: &'a __durable::Context,
            __durable_resources: ::std::option::Option<#resources>,
            __durable_entry: __durable::Entry<'a, #input>,
        ) -> __durable::BoxFuture<'a, #output> #bounds {
            #drive
        }
    });
    let path = super::within(function, &name);
    (quote!(#path(__durable_cx, __durable_resources, __durable_entry)), Some(beside))
}

/// The blocks that something leads to, in the order of the source.
pub(super) fn reached(compiled: &Compiled<'_>) -> Vec<BlockId> {
    let graph = compiled.graph;
    let mut reached = BTreeSet::new();
    let mut todo = vec![BlockId(0)];
    while let Some(block) = todo.pop() {
        if reached.insert(block) {
            super::walk::targets(graph, graph.blocks[block.0].root, &mut todo);
        }
    }
    graph.order.iter().copied().filter(|block| reached.contains(block)).collect()
}

/// The variant of a block in the private enum.
pub(super) fn block_variant(compiled: &Compiled<'_>, block: BlockId) -> Ident {
    match compiled.graph.blocks[block.0].point {
        Some(point) => compiled.graph.points[point].name.clone(),
        None => format_ident!("__Join{}", block.0),
    }
}

pub(super) fn witness_ident(id: BindingId) -> Ident {
    made(&format!("witness_{}", id.0))
}

fn type_param(id: BindingId) -> Ident {
    format_ident!("L{}", id.0)
}
