//! Borrows that are taken again: where a block begins, and where what they borrow from has moved.

use super::{block::Blocks, made, names::Names};
use crate::graph::{BindingId, Bindings, BlockId, Borrow, Retake};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Expr;

impl Blocks<'_> {
    /// Takes again the borrows that are alive.
    pub(super) fn retakes(&self, id: BlockId, names: &mut Names) -> TokenStream {
        let graph = self.graph();
        let alive = self.compiled.liveness.at(id);
        let mut tokens = TokenStream::new();
        for borrow in &graph.borrows {
            let live = borrow.bindings.iter().copied();
            let live: Vec<_> = live.filter(|id| alive.contains(id) && !names.is_untouched(*id)).collect();
            if !live.is_empty() {
                tokens.extend(self.retake(borrow, &live, names));
            }
        }
        tokens
    }

    fn retake(&self, borrow: &Borrow, live: &[BindingId], names: &Names) -> TokenStream {
        let graph = self.graph();
        let cx = made("cx");
        let lost = quote!(else { match #cx.lost_borrow().await {} });
        let stmt = match &borrow.retake {
            Retake::Let { pat, expr } => {
                let expr = names.rename(graph, expr, &borrow.bases);
                quote!(let #pat = #expr;)
            }
            Retake::Matched { pat, expr } => {
                let expr = names.rename(graph, expr, &borrow.bases);
                quote!(let #pat = #expr #lost;)
            }
            Retake::Item { pat, place, cursor, exclusive } => {
                let item = self.item(borrow, place, *cursor, *exclusive, names);
                quote!(let __durable::Some(#pat) = #item #lost;)
            }
        };
        let whole = live.len() == borrow.names() && live.iter().all(|id| !names.is_parked(graph, *id));
        if whole {
            return stmt;
        }
        // Only what is alive is bound, under its current name: another local may go by the name of one that is dead.
        let (bound, own) =
            (live.iter().map(|id| names.ident(graph, *id)), live.iter().map(|id| &graph.binding(*id).ident));
        quote!(let (#(#bound,)*) = { #stmt (#(#own,)*) };)
    }

    pub(super) fn item(
        &self,
        borrow: &Borrow,
        place: &Expr,
        cursor: BindingId,
        exclusive: bool,
        names: &Names,
    ) -> TokenStream {
        let place = names.rename(self.graph(), place, &borrow.bases);
        let at = names.ident(self.graph(), cursor);
        let span =
            place.to_token_stream().into_iter().next().map_or_else(Span::call_site, |token| token.span());
        match exclusive {
            _ if matches!(place, Expr::MethodCall(_)) => quote_spanned!(span=> __durable::again(#place, #at)),
            true => quote_spanned!(span=> __durable::item_mut(&mut #place, #at)),
            false => quote_spanned!(span=> __durable::item(&#place, #at)),
        }
    }

    /// Borrows that are alive are taken again from locals that have moved under another name.
    pub(super) fn retake_from(
        &self,
        moved: &[BindingId],
        except: &[BindingId],
        alive: &Bindings,
        names: &mut Names,
    ) -> TokenStream {
        if moved.is_empty() {
            return quote!();
        }
        let graph = self.graph();
        let mut moved = moved.to_vec();
        let mut tokens = TokenStream::new();
        for borrow in &graph.borrows {
            let live: Vec<_> = borrow
                .bindings
                .iter()
                .copied()
                .filter(|id| alive.contains(id) && !except.contains(id) && !names.is_untouched(*id))
                .collect();
            if !live.is_empty() && borrow.bases.iter().any(|base| moved.contains(base)) {
                // One that another name hides is found under a name of ours from here on.
                let hidden: Vec<_> = live.iter().copied().filter(|id| names.is_reached(*id)).collect();
                hidden.into_iter().for_each(|id| _ = names.park(graph, id));
                tokens.extend(self.retake(borrow, &live, names));
                // What borrows from these borrows follows.
                moved.extend(live);
            }
        }
        tokens
    }
}
