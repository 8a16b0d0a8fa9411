//! The drive function: a loop over blocks, each an `async` block of its own, boxed.
//!
//! That layout is what scales: every block is a separate body for the borrow checker, and the drive function has one await.

use super::{
    Compiled,
    block::Blocks,
    frame::{self, Frame},
    made,
    open_types::{open_type_ident, open_types},
};
use crate::{
    graph::{BindingId, BlockId, plain_name},
    owner::rename_self,
    parse::{Function, Param},
    walk,
};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeSet;

pub(super) fn emit_drive(compiled: &Compiled<'_>) -> TokenStream {
    let reached: Vec<BlockId> = reached(compiled);
    let variants = reached.iter().map(|block| block_variant(compiled, *block));
    let Frame { items, saved, made: locals } = frame::emit_frame(compiled);
    let resumed = compiled.graph.points.iter().map(|point| block_variant(compiled, point.block));
    let inputs: Vec<_> = compiled.function.inputs().map(|param| &param.ident).collect();
    let put = compiled.layout.carried[0].iter().map(|id| {
        let (slot, ident) = (frame::slot(compiled, *id), &compiled.graph.binding(*id).ident);
        quote!(#slot.put(#ident);)
    });
    let put: Vec<_> = put.collect();
    let resources: Vec<_> = compiled.function.resources().map(|param| param.bound()).collect();
    let output = super::output(compiled.function);
    let sound = super::emit_sound(compiled.function);
    // What is said of `self` is said of another name there.
    let given = match sound.is_some() && compiled.function.params.iter().any(Param::is_self) {
        true => quote!(__durable::given::<_, __DURABLE_SOUND>(__durable_resources)),
        false => quote!(__durable_resources),
    };
    let open = open_types(compiled);
    let open_idents = open.iter().map(|id| open_type_ident(*id));
    let blocks = Blocks::new(compiled, open.clone());
    let arms: Vec<_> = reached.iter().map(|block| blocks.emit(*block)).collect();
    let (cx, frame) = (made("cx"), made("frame"));

    quote! {
        let __durable_args = __durable::Moved((__durable_cx, __durable_resources, __durable_entry));
        ::std::boxed::Box::pin(async {
            let (__durable_cx, __durable_resources, __durable_entry) = __durable_args.take();
            // All blocks, await points and joins alike.
            #[derive(::std::clone::Clone, ::std::marker::Copy)]
            enum __DurableBlock { #(#variants),* }
            #items
            #sound

            #saved
            static __DURABLE_BLOCKS: &[__DurableBlock] = &[#(__DurableBlock::#resumed),*];
            #(let #open_idents = __durable::None::<fn() -> _>;)*
            let #cx = __durable_cx;
            // What is alive between blocks.
            let mut #frame = __durable::Frame::new(#cx, __DURABLE_SAVED, #locals);
            match __durable_entry {
                __durable::Entry::Start((#(#inputs,)*)) => {
                    #(#frame.#put)*
                    #frame.choose(__DurableBlock::Start);
                }
                __durable::Entry::Resume(__durable_resume) => #frame.resume(&__durable_resume, __DURABLE_BLOCKS),
                __durable::Entry::Describe(__durable_describe) => #frame.describe(__durable_describe, __DURABLE_POINTS),
            }
            let __durable::Some((#(#resources,)*)) = #given else { match #cx.never().await {} };
            loop {
                let __durable::Some(__durable_next) = #frame.chosen() else { match #cx.never().await {} };
                let __durable_block: __durable::BoxFuture<'_, #output> = match __durable_next { #(#arms)* };
                if let __durable::Some(result) = #cx.until_left(__durable_block).await {
                    return result;
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
        #[inline]
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
        let block = walk::forward(graph, block);
        if reached.insert(block) {
            walk::targets(graph, graph.blocks[block.0].root, &mut todo);
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
