//! Lists of which several await points have the same: rustc reads each literal anew, so these are written once.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use std::collections::BTreeMap;

/// Shorter lists are written where they are, for those who read the code.
const SHARED_LENGTH: usize = 4;

/// Some lists, written.
pub(super) struct Lists {
    /// The constants of those that are shared.
    pub(super) items: TokenStream,
    /// Each list, in the order given: a constant's name, or itself.
    pub(super) uses: Vec<TokenStream>,
}

/// Writes lists of elements of this type. `name` begins the names of the constants.
pub(super) fn written<T: ToTokens + Ord>(name: &str, element: &TokenStream, lists: &[Vec<T>]) -> Lists {
    let mut counts: BTreeMap<&[T], usize> = BTreeMap::new();
    for list in lists {
        *counts.entry(list).or_default() += 1;
    }
    let mut names = BTreeMap::new();
    let mut items = TokenStream::new();
    let uses = lists.iter().map(|list| {
        if list.len() < SHARED_LENGTH || counts[list.as_slice()] < 2 {
            return quote!(&[#(#list),*]);
        }
        let number = names.len();
        let constant = names.entry(list).or_insert_with(|| {
            let constant = format_ident!("__DURABLE_{name}_{number}");
            items.extend(quote!(const #constant: &[#element] = &[#(#list),*];));
            constant
        });
        constant.to_token_stream()
    });
    let uses = uses.collect();
    Lists { items, uses }
}
