//! `#[workflows]` on an `impl` block: its workflows become calls, and their types stand beside the block.

use crate::{
    compile,
    diagnostic::{Code, Diagnostics, to_compile_errors},
    emit::{Compiled, Expansion},
    graph::plain_name,
    owner::Owner,
    parse::{Options, borrowed, parse_options, ungrouped},
};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, ImplItem, ImplItemFn, ItemImpl, Meta, PathArguments, Type};

/// The block, and what stands beside it.
pub fn expand(
    attr: TokenStream,
    item: TokenStream,
    emit: impl Fn(&Compiled<'_>) -> Expansion,
) -> TokenStream {
    let (block, beside, used) = expand_block(attr, item, emit);
    quote!(#block #beside #used)
}

/// What stands beside the block alone.
pub fn expand_beside(
    attr: TokenStream,
    item: TokenStream,
    emit: impl Fn(&Compiled<'_>) -> Expansion,
) -> TokenStream {
    expand_block(attr, item, emit).1
}

/// The block, what stands beside it, and uses of what was imported for it.
fn expand_block(
    attr: TokenStream,
    item: TokenStream,
    emit: impl Fn(&Compiled<'_>) -> Expansion,
) -> (TokenStream, TokenStream, TokenStream) {
    let diagnostics = Diagnostics::new();
    let options = parse_options(attr, Options::default(), "workflows", &diagnostics);
    let mut block: ItemImpl = match syn::parse2(item.clone()) {
        Ok(block) => block,
        Err(error) => {
            if is_block(&item) {
                diagnostics.half_typed(Code::Signature, error);
            } else {
                diagnostics.error_at_with_help(
                    Code::Signature,
                    &item,
                    "`#[workflows]` stands on an `impl` block, with `#[workflow]` on methods of it",
                    "on a function, write `#[workflow]`",
                );
            }
            let item = without_workflow(item);
            return (item, to_compile_errors(&diagnostics.finish()), TokenStream::new());
        }
    };
    let refused = !check(&block, &diagnostics);
    let owner = owner(&block);
    let (mut beside, mut used) = (TokenStream::new(), TokenStream::new());
    for item in &mut block.items {
        let ImplItem::Fn(method) = item else { continue };
        let Some(attr) = take_workflow(&mut method.attrs) else { continue };
        used.extend(used_attribute(&attr, method, &owner));
        if refused {
            continue;
        }
        let Expansion { call, beside: types } = expand_method(attr, method, &owner, &options, &emit);
        *item = ImplItem::Verbatim(call);
        beside.extend(types);
    }
    let errors = to_compile_errors(&diagnostics.finish());
    (block.to_token_stream(), quote!(#errors #beside), used)
}

fn expand_method(
    attr: Attribute,
    method: &ImplItemFn,
    owner: &Owner,
    options: &Options,
    emit: &impl Fn(&Compiled<'_>) -> Expansion,
) -> Expansion {
    let arguments = match attr.meta {
        Meta::List(list) => list.tokens,
        _ => TokenStream::new(),
    };
    compile(arguments, method.to_token_stream(), Some((owner, options)), emit)
}

/// The attribute is gone, but whoever imported it did not do so in vain.
fn used_attribute(attr: &Attribute, method: &ImplItemFn, owner: &Owner) -> TokenStream {
    let path = attr.path();
    let cfgs = method.attrs.iter().chain(&owner.attrs).filter(|attr| attr.path().is_ident("cfg"));
    quote! {
        #(#cfgs)*
        const _: () = {
            #[allow(unused_imports)]
            use #path as _;
        };
    }
}

/// Whether tokens that are not an `impl` block were meant to be one.
fn is_block(item: &TokenStream) -> bool {
    item.clone().into_iter().any(|token| matches!(token, TokenTree::Ident(ident) if ident == "impl"))
}

/// A block that cannot be parsed, without `#[workflow]`, which would complain that it stands in no block.
fn without_workflow(item: TokenStream) -> TokenStream {
    let strip = |body: TokenStream| {
        let mut kept: Vec<TokenTree> = Vec::new();
        for token in body {
            let attribute = matches!(kept.last(), Some(TokenTree::Punct(punct)) if punct.as_char() == '#');
            match &token {
                TokenTree::Group(group) if attribute && group.delimiter() == Delimiter::Bracket => {
                    let parsed: Result<Meta, _> = syn::parse2(group.stream());
                    if parsed.is_ok_and(|meta| names_workflow(meta.path())) {
                        kept.pop();
                        continue;
                    }
                }
                _ => {}
            }
            kept.push(token);
        }
        kept.into_iter().collect::<TokenStream>()
    };
    let tokens = item.into_iter().map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
            let mut stripped = Group::new(Delimiter::Brace, strip(group.stream()));
            stripped.set_span(group.span());
            TokenTree::Group(stripped)
        }
        token => token,
    });
    tokens.collect()
}

/// Whether workflows can be made of this block's methods.
fn check(block: &ItemImpl, diagnostics: &Diagnostics) -> bool {
    let refuse = |tokens: &dyn ToTokens, message: &str, help: &str| {
        diagnostics.error_at_with_help(Code::Signature, &tokens.to_token_stream(), message, help);
        false
    };
    if let Some((path, _)) = &block.trait_ {
        return refuse(
            path,
            "a method of a trait cannot be a workflow: what it returns would not be what the trait says",
            "make it a method of the type itself, and call that one here",
        );
    }
    if let Some(lifetime) = block.generics.lifetimes().next() {
        return refuse(
            lifetime,
            "workflows outlive whatever the type could borrow from",
            "give the type what it needs owned or shared, such as in an `Arc`",
        );
    }
    if let Some(found) = borrowed(&block.self_ty) {
        return refuse(
            &found,
            "workflows outlive whatever the type could borrow from",
            "give the type what it needs owned or shared, such as in an `Arc`",
        );
    }
    if !block
        .items
        .iter()
        .any(|item| matches!(item, ImplItem::Fn(method) if method.attrs.iter().any(is_workflow)))
    {
        return refuse(
            &block.impl_token,
            "no method of this block is a workflow",
            "write `#[workflow]` before those that are",
        );
    }
    true
}

fn owner(block: &ItemImpl) -> Owner {
    let levels = ["cfg", "allow", "expect", "warn", "deny", "forbid"];
    let kept = |attr: &&Attribute| levels.iter().any(|level| attr.path().is_ident(level));
    Owner {
        ty: as_type(&block.self_ty),
        generics: block.generics.clone(),
        attrs: block.attrs.iter().filter(kept).cloned().collect(),
    }
}

/// `impl Shop::<u8>` is legal, but the type is `Shop<u8>`.
fn as_type(ty: &Type) -> Type {
    let mut ty = ungrouped(ty).clone();
    if let Type::Path(path) = &mut ty {
        for segment in &mut path.path.segments {
            if let PathArguments::AngleBracketed(arguments) = &mut segment.arguments {
                arguments.colon2_token = None;
            }
        }
    }
    ty
}

fn take_workflow(attrs: &mut Vec<Attribute>) -> Option<Attribute> {
    let at = attrs.iter().position(is_workflow)?;
    Some(attrs.remove(at))
}

/// However it is imported, its last name says what it is.
fn is_workflow(attr: &Attribute) -> bool {
    names_workflow(attr.path())
}

fn names_workflow(path: &syn::Path) -> bool {
    path.segments.last().is_some_and(|last| plain_name(&last.ident) == "workflow")
}

#[cfg(test)]
mod tests {
    use crate::expand_workflows;
    use quote::quote;

    #[test]
    fn other_items_of_the_block_stay_as_they_are() {
        let made = expand_workflows(
            quote!(),
            quote! {
                impl Shop {
                    #[workflow]
                    pub async fn sell(&self) { self.ship().await }
                    #[inline]
                    fn other(&mut self) -> u8 { 1 }
                    const N: u8 = 2;
                }
            },
        );
        let file: syn::File = syn::parse2(made).expect("items");
        let syn::Item::Impl(block) = &file.items[0] else { panic!("the block comes first") };
        assert_eq!(block.items.len(), 3);
        assert_eq!(
            block.items[1],
            syn::parse_quote!(
                #[inline]
                fn other(&mut self) -> u8 {
                    1
                }
            )
        );
        assert!(
            file.items
                .iter()
                .any(|item| matches!(item, syn::Item::Enum(state) if state.ident == "SellState"))
        );
    }

    #[test]
    fn a_block_that_is_half_typed_says_so_once() {
        let made = expand_workflows(
            quote!(),
            quote! {
                impl Shop {
                    #[durable::workflow(strict)]
                    async fn sell(&self) { self. }
                    #[other]
                    async fn ship(&self) {}
                }
            },
        );
        let made = made.to_string();
        assert_eq!(made.matches("compile_error").count(), 1);
        assert!(
            made.contains("async fn sell") && made.contains("# [other]") && !made.contains("workflow"),
            "{made}"
        );
    }
}
