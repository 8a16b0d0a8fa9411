//! The code of one block.
//!
//! An await block is exactly: encode, take borrows again, evaluate, await; then the user's statements. With a borrow taken
//! before the encoding, the encoding would conflict with it.

use super::{
    Compiled,
    drive::{block_variant, witness_ident},
    jump::{Jumps, goto},
    made,
    names::Names,
    open_types::tie,
    refuse_hidden,
    scope::{Scope, defs_of},
    tuple,
    walk::{assignments, assignments_from},
    whole::taken_apart,
};
use crate::{
    desugar::{self, StripAt},
    diagnostic::Diagnostics,
    enclosing::Enclosing,
    graph::{BindingId, BindingKind, Bindings, BlockId, Borrow, Effect, End, Graph, Op, Retake, SeqId},
    layout::Layout,
    place,
};
use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, Pat, Stmt, parse_quote, visit_mut::VisitMut};

/// What a declaration does to what it hides.
struct Hidden {
    /// Evaluates the value.
    before: TokenStream,
    /// The value, as it stands afterwards.
    value: TokenStream,
    /// Parks.
    park: TokenStream,
    /// What was parked.
    parked: Vec<BindingId>,
}

/// Emits blocks.
pub(super) struct Blocks<'a> {
    compiled: &'a Compiled<'a>,
    diagnostics: &'a Diagnostics,
    /// Locals whose type only an assignment in another block fixes.
    open_types: Bindings,
}

impl<'a> Blocks<'a> {
    pub(super) fn new(
        compiled: &'a Compiled<'a>,
        diagnostics: &'a Diagnostics,
        open_types: Bindings,
    ) -> Self {
        Self { compiled, diagnostics, open_types }
    }

    /// One arm of the drive loop.
    pub(super) fn emit(&mut self, id: BlockId) -> TokenStream {
        let graph = self.graph();
        let block = &graph.blocks[id.0];
        let variant = block_variant(self.compiled, id);
        let mut names = Names::at_start(graph, id);
        let carried = &self.compiled.layout.carried[id.0];
        let pattern = tuple(carried.iter().map(|id| self.binding(&names, *id)).collect());
        let hidden_resources = self.hidden_resources(id, &names);
        let types = (id.0 == 0).then(|| self.input_types());
        let saves = block.point.filter(|point| *point != 0).map(|point| self.saves(point, &names));
        let retakes = self.retakes(id, &mut names);
        let declared = self.deferred(id, &names);
        let body = self.seq(block.root, &mut names);
        let (cx, next, payload) = (made("cx"), made("next"), made("payload"));
        let output = super::output(self.compiled.function);
        let body = self.as_written(quote! {
            if let Some(result) = None::<#output> { return result; }
            let #payload = #payload.take();
            #hidden_resources
            let #pattern #types = #payload;
            #saves
            #retakes
            #declared
            #body
        });
        quote! {
            __DurableBlock::#variant(#payload) => {
                let #next = &mut #next;
                let #payload = __durable::Moved(#payload);
                #cx.block(#body)
            }
        }
    }

    /// An `async` block that spans the user's function: where rustc looks from a local outwards, it comes to the function's
    /// own bounds before it comes to the loop around the blocks, and says nothing of that.
    fn as_written(&self, body: TokenStream) -> TokenStream {
        let item = &self.compiled.function.item;
        let start = item.sig.asyncness.map_or(item.sig.fn_token.span, |token| token.span);
        let mut block = Group::new(Delimiter::Brace, body);
        block.set_span(item.block.brace_token.span.join());
        quote_spanned!(start=> async #block)
    }

    pub(super) fn layout(&self) -> &'a Layout {
        self.compiled.layout
    }

    pub(super) fn graph(&self) -> &'a Graph {
        self.compiled.graph
    }

    /// A local in a pattern, under its current name.
    pub(super) fn binding(&self, names: &Names, id: BindingId) -> TokenStream {
        let ident = names.ident(self.graph(), id);
        match self.graph().binding(id).mutable {
            true => quote!(mut #ident),
            false => quote!(#ident),
        }
    }

    /// The types of the parameters, which fix those of everything made of them.
    fn input_types(&self) -> TokenStream {
        let types = tuple(self.compiled.function.inputs().map(|param| param.ty.to_token_stream()).collect());
        quote!(: #types)
    }

    fn saves(&self, point: usize, names: &Names) -> TokenStream {
        let saver = made("saver");
        let fields = self.compiled.layout.points[point].fields.iter().map(|field| {
            let (witness, ident) = (witness_ident(field.binding), names.ident(self.graph(), field.binding));
            quote!(__durable::save(&mut #saver, &#witness, &#ident);)
        });
        quote! {
            let mut #saver = __durable::Saver::new();
            #(#fields)*
        }
    }

    /// Resources whose name means something else here.
    fn hidden_resources(&self, id: BlockId, names: &Names) -> TokenStream {
        let graph = self.graph();
        let hidden = self
            .compiled
            .liveness
            .at(id)
            .iter()
            .copied()
            .filter(|id| graph.binding(*id).kind == BindingKind::Resource && names.is_parked(graph, *id));
        hidden
            .map(|id| {
                let (own, parked) = (&graph.binding(id).ident, names.ident(graph, id));
                quote!(let #parked = #own;)
            })
            .collect()
    }

    /// Takes again the borrows that are alive.
    fn retakes(&self, id: BlockId, names: &mut Names) -> TokenStream {
        let graph = self.graph();
        let alive = self.compiled.liveness.at(id);
        let mut tokens = TokenStream::new();
        for borrow in &graph.borrows {
            let live: Vec<_> = borrow.bindings.iter().copied().filter(|id| alive.contains(id)).collect();
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
                quote!(let Some(#pat) = #item #lost;)
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

    fn item(
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

    /// `let x;` of an earlier block whose first assignment comes in this one.
    fn deferred(&self, id: BlockId, names: &Names) -> TokenStream {
        let graph = self.graph();
        let (mut assigned, mut declared) = (Bindings::new(), Bindings::new());
        assignments(graph, graph.blocks[id.0].root, &mut assigned, &mut declared);
        let carried = &self.compiled.layout.carried[id.0];
        assigned
            .into_iter()
            .filter(|id| !declared.contains(id) && !carried.contains(id) && graph.is_carried(*id))
            // One that is hidden here is declared where it is visible again.
            .filter(|id| !names.is_parked(graph, *id))
            .map(|id| self.declared_again(id, names))
            .collect()
    }

    pub(super) fn declared_again(&self, id: BindingId, names: &Names) -> TokenStream {
        let ident = names.ident(self.graph(), id);
        let tied = self.tied(id, names);
        match &self.graph().binding(id).annotation {
            Some(ty) => quote!(let mut #ident: #ty;),
            None => quote!(let mut #ident; #tied),
        }
    }

    /// The type of a variable is tied to those of the same local in other blocks.
    fn tied(&self, id: BindingId, names: &Names) -> TokenStream {
        match self.open_types.contains(&id) {
            true => tie(id, &names.ident(self.graph(), id)),
            false => quote!(),
        }
    }

    // ------------------------------------------------------------------ sequences

    fn seq(&self, id: SeqId, names: &mut Names) -> TokenStream {
        let graph = self.graph();
        let seq = graph.seq(id);
        let after = self.compiled.liveness.after_ops(graph, id);
        // The user's scopes around the current place, innermost last. One that began in an earlier block is not among them
        // until it ends: then all before was in it.
        let mut scopes = vec![Scope::default()];
        for (at, (op, after)) in seq.ops.iter().zip(&after).enumerate() {
            match op {
                Op::Enter => scopes.push(Scope::default()),
                Op::Leave { visible } => {
                    let scope = scopes.pop().unwrap_or_default();
                    if scopes.is_empty() {
                        scopes.push(Scope::default());
                    }
                    let outer = scopes.last_mut().expect("pushed before");
                    let mut assigned = Bindings::new();
                    assignments_from(graph, id, at + 1, &mut assigned, &mut Bindings::new());
                    self.leave(&assigned, scope, visible, after, names, outer);
                }
                op => {
                    let scope = scopes.last_mut().expect("never empty");
                    scope.tokens.extend(self.asked_of_op(op, id, at, names));
                    let tokens = self.op(op, after, names, &mut scope.parked);
                    scope.tokens.extend(tokens);
                    if let Some((pat, value, effect)) = taken_apart(op) {
                        let carried = |root| self.carried_from(id, at + 1, root);
                        scope.tokens.extend(self.asked_of_pattern(pat, value, effect, carried));
                    }
                    scope.defs.extend(defs_of(op));
                }
            }
        }
        let end = seq.end.as_ref().map(|end| self.end(end, names));
        // What did not end here stands open: the sequence ends in jumps.
        scopes.into_iter().map(|scope| scope.tokens).chain(end).collect()
    }

    fn op(&self, op: &Op, after: &Bindings, names: &mut Names, all_parked: &mut Bindings) -> TokenStream {
        let graph = self.graph();
        match op {
            Op::Stmt { stmt: Stmt::Local(local), effect, defs } => {
                self.local(local, effect, defs, after, names, all_parked)
            }
            Op::Stmt { stmt, effect, defs } => {
                let stmt = self.rewritten(stmt, effect, names);
                defs.iter().for_each(|id| names.declare(graph, *id));
                quote!(#stmt)
            }
            Op::LetElse { pat, expr, effect, defs, otherwise } => {
                let Hidden { before, value, park, parked } =
                    self.hide(defs, after, names, Some((expr, effect)));
                let otherwise = self.branch(*otherwise, &parked, &[], names);
                all_parked.extend(&parked);
                defs.iter().for_each(|id| names.declare(graph, *id));
                let again = self.retake_from(&parked, defs, after, names);
                quote!(#before #park let #pat = #value else { #otherwise }; #again)
            }
            Op::Enter | Op::Leave { .. } => quote!(),
        }
    }

    fn local(
        &self,
        local: &syn::Local,
        effect: &Effect,
        defs: &[BindingId],
        after: &Bindings,
        names: &mut Names,
        all_parked: &mut Bindings,
    ) -> TokenStream {
        let graph = self.graph();
        let written = local;
        let mut local = match self.rewritten(&Stmt::Local(local.clone()), effect, names) {
            Stmt::Local(local) => local,
            other => return quote!(#other),
        };
        let Some((init, written)) = local.init.as_mut().zip(written.init.as_ref()) else {
            // A `let x;` that is assigned only in later blocks is declared there; here rustc could not infer its type.
            let Hidden { park, parked, .. } = self.hide(defs, after, names, None);
            all_parked.extend(&parked);
            defs.iter().for_each(|id| names.declare(graph, *id));
            let again = self.retake_from(&parked, defs, after, names);
            let assigned = defs.iter().any(|id| self.is_assigned_in_block_of(*id));
            return if assigned { quote!(#park #local #again) } else { quote!(#park #again) };
        };
        let Hidden { before, value, park, parked } =
            self.hide(defs, after, names, Some((&written.expr, effect)));
        all_parked.extend(&parked);
        *init.expr = Expr::Verbatim(value);
        if let Some((_, otherwise)) = &mut init.diverge {
            **otherwise = self.with_outer_names(otherwise, effect, &parked, names);
        }
        defs.iter().for_each(|id| names.declare(graph, *id));
        let again = self.retake_from(&parked, defs, after, names);
        let tied: TokenStream = defs.iter().map(|id| self.tied(*id, names)).collect();
        quote!(#before #park #local #again #tied)
    }

    /// The `else` of a `let`, in which the names that were parked mean the outer locals.
    fn with_outer_names(
        &self,
        otherwise: &Expr,
        effect: &Effect,
        parked: &[BindingId],
        names: &Names,
    ) -> Expr {
        if parked.is_empty() {
            return otherwise.clone();
        }
        let mut names = names.clone();
        let all: Bindings = parked.iter().copied().collect();
        let shown: TokenStream = parked.iter().map(|id| self.shown_again(*id, &all, &mut names)).collect();
        let targets = effect.jumps.iter().flat_map(|jump| self.compiled.liveness.at(jump.target));
        let alive = effect.uses.iter().chain(targets).copied().collect();
        let again = self.retake_from(parked, &[], &alive, &names);
        parse_quote!({ #shown #again #otherwise })
    }

    /// Whether a deferred local is assigned in the block that declares it.
    fn is_assigned_in_block_of(&self, id: BindingId) -> bool {
        let graph = self.graph();
        graph.blocks.iter().any(|block| {
            let (mut assigned, mut declared) = (Bindings::new(), Bindings::new());
            assignments(graph, block.root, &mut assigned, &mut declared);
            declared.contains(&id) && assigned.contains(&id)
        })
    }

    /// Parks what a declaration hides and what is needed later. The value is evaluated first: it may read what is parked, or
    /// borrow from it.
    fn hide(
        &self,
        defs: &[BindingId],
        after: &Bindings,
        names: &mut Names,
        value: Option<(&Expr, &Effect)>,
    ) -> Hidden {
        let graph = self.graph();
        let parked: Vec<_> = defs
            .iter()
            .filter_map(|id| names.hidden_by(graph, *id))
            .filter(|id| after.contains(id))
            .collect();
        let Some((init, effect)) = value else {
            let park = parked.iter().map(|id| self.park(*id, names)).collect();
            return Hidden { before: quote!(), value: quote!(), park, parked };
        };
        if !parked.is_empty() && defs.iter().any(|id| graph.borrow_of(*id).is_some()) {
            // It borrows from what is moved aside, or is made of such a borrow: it is found under the new name.
            let park: TokenStream = parked.iter().map(|id| self.park(*id, names)).collect();
            let alive = after.union(&effect.uses).copied().collect();
            let again = self.retake_from(&parked, defs, &alive, names);
            let bases: Vec<_> = effect.uses.iter().copied().collect();
            let value = names.rename(graph, init, &bases).to_token_stream();
            return Hidden { before: quote!(#park #again), value, park: quote!(), parked };
        }
        let value = self.rewritten_expr(init, effect, names).to_token_stream();
        if parked.is_empty() {
            return Hidden { before: quote!(), value, park: quote!(), parked };
        }
        let first = made("first");
        let park = parked.iter().map(|id| self.park(*id, names)).collect();
        Hidden { before: quote!(let #first = #value;), value: quote!(#first), park, parked }
    }

    /// Borrows that are alive are taken again from locals that have moved under another name.
    pub(super) fn retake_from(
        &self,
        moved: &[BindingId],
        except: &[BindingId],
        alive: &Bindings,
        names: &Names,
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
                .filter(|id| alive.contains(id) && !except.contains(id))
                .collect();
            if !live.is_empty() && borrow.bases.iter().any(|base| moved.contains(base)) {
                tokens.extend(self.retake(borrow, &live, names));
                // What borrows from these borrows follows.
                moved.extend(live);
            }
        }
        tokens
    }

    fn park(&self, id: BindingId, names: &mut Names) -> TokenStream {
        let graph = self.graph();
        if names.is_parked(graph, id) {
            return quote!();
        }
        let own = names.ident(graph, id);
        let parked = names.park(graph, id);
        match graph.binding(id).mutable {
            true => quote!(let mut #parked = #own;),
            false => quote!(let #parked = #own;),
        }
    }

    /// A local whose name is its own again.
    pub(super) fn shown_again(&self, id: BindingId, alive: &Bindings, names: &mut Names) -> TokenStream {
        let graph = self.graph();
        if !names.is_parked(graph, id) {
            return quote!();
        }
        let parked = names.ident(graph, id);
        names.unpark(graph, id);
        if !alive.contains(&id) {
            return quote!();
        }
        let own = self.binding(names, id);
        quote!(let #own = #parked;)
    }

    // ------------------------------------------------------------------ ends

    fn end(&self, end: &End, names: &mut Names) -> TokenStream {
        let graph = self.graph();
        match end {
            End::Goto(block) => self.goto(*block, names),
            End::Return { value, effect } => {
                let value = self.rewritten_expr(value, effect, names);
                quote!(return #value;)
            }
            End::Diverge => quote!(),
            End::If { cond, effect, defs, then, otherwise } => {
                let hidden = self.hidden_in(defs, *then, names);
                let asked = self.asked_of_expr(cond, effect, &[*then, *otherwise], names);
                let asked_inside = match cond {
                    Expr::Let(binding) => {
                        self.asked_of_pattern(&binding.pat, &binding.expr, effect, |root| {
                            self.carried_from(*then, 0, root)
                        })
                    }
                    _ => quote!(),
                };
                let (before, cond) = self.hide_in_condition(cond, effect, &hidden, names);
                let mut inner = names.clone();
                defs.iter().for_each(|id| inner.declare(graph, *id));
                let then = self.branch(*then, &hidden, defs, &inner);
                let otherwise = self.branch(*otherwise, &hidden, &[], names);
                quote!(#asked #before if #cond { #asked_inside #then } else { #otherwise })
            }
            End::Item { borrow, defs, then, otherwise } => {
                let borrow = graph.borrow(*borrow);
                let hidden = self.hidden_in(defs, *then, names);
                let park: TokenStream = hidden.iter().map(|id| self.park(*id, names)).collect();
                let Retake::Item { pat, place, cursor, exclusive } = &borrow.retake else { return quote!() };
                let item = self.item(borrow, place, *cursor, *exclusive, names);
                let mut inner = names.clone();
                defs.iter().for_each(|id| inner.declare(graph, *id));
                let then = self.branch(*then, &hidden, defs, &inner);
                let otherwise = self.branch(*otherwise, &hidden, &[], names);
                quote!(#park if let Some(#pat) = #item { #then } else { #otherwise })
            }
            End::Match { scrutinee, effect, arms } => {
                let hidden: Vec<_> =
                    arms.iter().flat_map(|arm| self.hidden_in(&arm.defs, arm.body, names)).collect();
                // A guard would read a local that another arm's pattern had to move aside.
                for (arm, id) in arms.iter().flat_map(|arm| hidden.iter().map(move |id| (arm, id))) {
                    if arm.effect.uses.contains(id) {
                        refuse_hidden(self.diagnostics, &arm.pat, &graph.name(*id));
                    }
                }
                let bodies: Vec<_> = arms.iter().map(|arm| arm.body).collect();
                let asked = self.asked_of_expr(scrutinee, effect, &bodies, names);
                let matched = scrutinee;
                let guards: Bindings = arms.iter().flat_map(|arm| &arm.effect.uses).copied().collect();
                let (before, scrutinee) = self.hide_in_scrutinee(scrutinee, effect, &guards, &hidden, names);
                let arms: Vec<_> = arms
                    .iter()
                    .map(|arm| {
                        let mut inner = names.clone();
                        arm.defs.iter().for_each(|id| inner.declare(graph, *id));
                        let body = self.branch(arm.body, &hidden, &arm.defs, &inner);
                        let asked = self.asked_of_pattern(&arm.pat, matched, effect, |root| {
                            self.carried_from(arm.body, 0, root)
                        });
                        let pat = stripped_pat(&arm.pat);
                        let attrs = arm.attrs.iter().filter(|attr| !desugar::is_at(attr));
                        quote!(#(#attrs)* #pat => { #asked #body })
                    })
                    .collect();
                quote!(#asked #before match #scrutinee { #(#arms)* })
            }
        }
    }

    /// A branch. Of the `hidden` names, which are parked here, those that its own pattern does not bind mean the outer locals
    /// again; borrows from all of them are taken again.
    fn branch(&self, seq: SeqId, hidden: &[BindingId], defs: &[BindingId], names: &Names) -> TokenStream {
        let mut names = names.clone();
        let alive = self.compiled.liveness.before_seq(self.graph(), seq);
        let shown = hidden.iter().filter(|id| !self.hides(defs, **id));
        let mut tokens: TokenStream = shown.map(|id| self.shown_again(*id, &alive, &mut names)).collect();
        tokens.extend(self.retake_from(hidden, defs, &alive, &names));
        tokens.extend(self.seq(seq, &mut names));
        tokens
    }

    fn hides(&self, defs: &[BindingId], id: BindingId) -> bool {
        let graph = self.graph();
        defs.iter().any(|def| graph.name(*def) == graph.name(id))
    }

    /// What a branch's pattern hides although the branch needs it.
    fn hidden_in(&self, defs: &[BindingId], body: SeqId, names: &Names) -> Vec<BindingId> {
        let graph = self.graph();
        let alive = self.compiled.liveness.before_seq(graph, body);
        let mut hidden: Vec<_> = defs
            .iter()
            .filter_map(|id| names.hidden_by(graph, *id))
            .filter(|id| alive.contains(id))
            .collect();
        hidden.dedup();
        hidden
    }

    fn hide_in_condition(
        &self,
        cond: &Expr,
        effect: &Effect,
        hidden: &[BindingId],
        names: &mut Names,
    ) -> (TokenStream, TokenStream) {
        if hidden.is_empty() {
            return (quote!(), self.rewritten_expr(cond, effect, names).to_token_stream());
        }
        match cond {
            Expr::Let(binding) => {
                let (before, value) =
                    self.hide_in_scrutinee(&binding.expr, effect, &Bindings::new(), hidden, names);
                let pat = stripped_pat(&binding.pat);
                (before, quote!(let #pat = #value))
            }
            chain => {
                for id in hidden {
                    refuse_hidden(self.diagnostics, chain, &self.graph().name(*id));
                }
                (quote!(), chain.to_token_stream())
            }
        }
    }

    /// Parks what branches hide. What the scrutinee and the guards read is found before, or under its new name.
    fn hide_in_scrutinee(
        &self,
        scrutinee: &Expr,
        effect: &Effect,
        guards: &Bindings,
        hidden: &[BindingId],
        names: &mut Names,
    ) -> (TokenStream, TokenStream) {
        let value = self.rewritten_expr(scrutinee, effect, names);
        if hidden.is_empty() {
            return (quote!(), quote!(#value));
        }
        let park: TokenStream = hidden.iter().map(|id| self.park(*id, names)).collect();
        if place::borrowed(scrutinee).is_some_and(|(borrowed, _)| place::is_stable(borrowed)) {
            let bases: Vec<_> = effect.uses.iter().copied().collect();
            let value = names.rename(self.graph(), scrutinee, &bases);
            let again = self.retake_from(hidden, &[], &(guards | &effect.uses), names);
            return (quote!(#park #again), quote!(#value));
        }
        let again = self.retake_from(hidden, &[], guards, names);
        let graph = self.graph();
        let of_hidden = |id: &BindingId| {
            let borrow = graph.borrow_of(*id).map(|borrow| graph.borrow(borrow));
            hidden.contains(id) || borrow.is_some_and(|it| it.bases.iter().any(|base| hidden.contains(base)))
        };
        if !effect.uses.union(&effect.assigns).any(of_hidden) {
            return (quote!(#park #again), quote!(#value));
        }
        let first = made("first");
        (quote!(let #first = #value; #park #again), quote!(#first))
    }

    fn goto(&self, block: BlockId, names: &Names) -> TokenStream {
        goto(self.compiled, block, names)
    }

    /// The user's statement, its jumps out of the block written as what they are here.
    fn rewritten(&self, stmt: &Stmt, effect: &Effect, names: &Names) -> Stmt {
        let mut stmt = stmt.clone();
        StripAt.visit_stmt_mut(&mut stmt);
        if !effect.jumps.is_empty() {
            let mut jumps =
                Jumps { compiled: self.compiled, names, jumps: &effect.jumps, inside: Enclosing::default() };
            jumps.visit_stmt_mut(&mut stmt);
        }
        stmt
    }

    fn rewritten_expr(&self, expr: &Expr, effect: &Effect, names: &Names) -> Expr {
        match self.rewritten(&Stmt::Expr(expr.clone(), None), effect, names) {
            Stmt::Expr(expr, _) => expr,
            _ => expr.clone(),
        }
    }
}

fn stripped_pat(pat: &Pat) -> Pat {
    let mut pat = pat.clone();
    StripAt.visit_pat_mut(&mut pat);
    pat
}
