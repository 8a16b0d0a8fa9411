//! Stage 7: the compiler checks itself. What it finds is a bug of ours, never a user's error.

use crate::{
    diagnostic::{Code, Diagnostics},
    graph::{BindingId, BindingKind, Bindings, BlockId, Effect, End, Graph, Op, SeqId, plain_name},
    layout::Layout,
    liveness::Liveness,
    walk::{assignments, targets},
};
use std::collections::BTreeSet;

/// Checks the invariants of graph and layout.
pub fn verify(graph: &Graph, liveness: &Liveness, layout: &Layout, diagnostics: &Diagnostics) {
    let mut found = Vec::new();
    start_needs_only_parameters(graph, liveness, &mut found);
    carried_locals_are_in_scope(graph, layout, &mut found);
    sequences_have_ends(graph, &mut found);
    points_begin_their_blocks(graph, &mut found);
    fields_are_what_is_carried(graph, layout, &mut found);
    payloads_are_at_hand(graph, layout, &mut found);
    slots_are_full(graph, layout, &mut found);
    for problem in found {
        diagnostics.error_with_help(
            Code::Internal,
            graph.points[0].span,
            format!("the workflow compiler made a mistake: {problem}"),
            format!(
                "this is a bug in durable, not in your code; please report it with this graph:\n{graph:#?}"
            ),
        );
    }
}

/// At `Start`, nothing but parameters can be alive.
fn start_needs_only_parameters(graph: &Graph, liveness: &Liveness, found: &mut Vec<String>) {
    for id in liveness.at(graph.points[0].block) {
        let kind = &graph.binding(*id).kind;
        if !matches!(kind, BindingKind::Input | BindingKind::Resource) {
            found.push(format!("`{}` is read before it is declared", graph.name(*id)));
        }
    }
}

/// What a block carries was declared in a scope around it; temporaries stand in no scope.
fn carried_locals_are_in_scope(graph: &Graph, layout: &Layout, found: &mut Vec<String>) {
    for (block, carried) in graph.blocks.iter().zip(&layout.carried) {
        let scope: BTreeSet<BindingId> = block.scope.iter().map(|(_, id)| *id).collect();
        for id in carried {
            let temporary = matches!(
                graph.binding(*id).kind,
                BindingKind::Result | BindingKind::Operand(_) | BindingKind::Value
            );
            if !temporary && !scope.contains(id) {
                found.push(format!("`{}` is carried into a block outside its scope", graph.name(*id)));
            }
        }
    }
}

/// Every sequence that control comes to ends somewhere.
fn sequences_have_ends(graph: &Graph, found: &mut Vec<String>) {
    let mut reached = BTreeSet::new();
    let mut todo = vec![graph.blocks[0].root];
    while let Some(seq) = todo.pop() {
        if !reached.insert(seq) {
            continue;
        }
        match &graph.seq(seq).end {
            None => found.push(format!("sequence {} has no end", seq.0)),
            Some(end) => successors(graph, end, &mut todo),
        }
        for op in &graph.seq(seq).ops {
            if let Op::LetElse { otherwise, .. } = op {
                todo.push(*otherwise);
            }
        }
    }
}

fn successors(graph: &Graph, end: &End, found: &mut Vec<SeqId>) {
    match end {
        End::Goto(block) => found.push(graph.blocks[block.0].root),
        End::If { then, otherwise, .. } | End::Item { then, otherwise, .. } => {
            found.extend([*then, *otherwise])
        }
        End::Match { arms, .. } => found.extend(arms.iter().map(|arm| arm.body)),
        End::Return { .. } | End::Diverge => {}
    }
}

/// An await block awaits before anything else, and no other block awaits.
fn points_begin_their_blocks(graph: &Graph, found: &mut Vec<String>) {
    for (at, point) in graph.points.iter().enumerate() {
        if graph.blocks[point.block.0].point != Some(at) {
            found.push(format!("await point `{}` is not its block's", plain_name(&point.name)));
        }
    }
}

/// An await point saves what its block carries.
fn fields_are_what_is_carried(graph: &Graph, layout: &Layout, found: &mut Vec<String>) {
    for (point, fields) in graph.points.iter().zip(&layout.points) {
        let saved = fields.fields.iter().map(|field| &field.binding);
        if !saved.eq(&layout.carried[point.block.0]) {
            found.push(format!(
                "await point `{}` saves other locals than it carries",
                plain_name(&point.name)
            ));
        }
    }
}

/// Wherever control goes on to a block, what that block carries was carried here, or declared or assigned on the way.
fn payloads_are_at_hand(graph: &Graph, layout: &Layout, found: &mut Vec<String>) {
    let mut check = Payloads { graph, layout, missing: BTreeSet::new() };
    for block in &graph.order {
        let at_hand = layout.carried[block.0].iter().copied().collect();
        check.seq(graph.blocks[block.0].root, at_hand);
    }
    for (block, id) in check.missing {
        found.push(format!("`{}` is not at hand where control goes on to block {}", graph.name(id), block.0));
    }
}

/// Wherever control goes on to a block, what that block carries was put into its slot, or has stayed there since this block began.
/// What a block puts is at hand, as was checked; so this looks at what it leaves alone.
fn slots_are_full(graph: &Graph, layout: &Layout, found: &mut Vec<String>) {
    for block in &graph.order {
        let (carried, untouched) = (&layout.carried[block.0], &layout.untouched[block.0]);
        let (mut assigned, mut declared) = (Bindings::new(), Bindings::new());
        let root = graph.blocks[block.0].root;
        assignments(graph, root, &mut assigned, &mut declared);
        for id in untouched.iter().filter(|id| assigned.contains(id) || declared.contains(id)) {
            found.push(format!("`{}` gets a value that is not put into its slot", graph.name(*id)));
        }
        let mut next = Vec::new();
        targets(graph, root, &mut next);
        let stays = next.iter().flat_map(|next| &layout.carried[next.0]).filter(|id| untouched.contains(id));
        for id in stays.filter(|id| !carried.contains(id)) {
            found.push(format!("`{}` stays in a slot that is empty", graph.name(*id)));
        }
    }
}

struct Payloads<'a> {
    graph: &'a Graph,
    layout: &'a Layout,
    missing: BTreeSet<(BlockId, BindingId)>,
}

impl Payloads<'_> {
    fn goto(&mut self, block: BlockId, at_hand: &Bindings, value: Option<BindingId>) {
        let carried = self.layout.carried[block.0].iter();
        let missing = carried.filter(|id| !at_hand.contains(id) && Some(**id) != value);
        self.missing.extend(missing.map(|id| (block, *id)));
    }

    /// What code assigns is at hand afterwards, also for its own jumps.
    fn effect(&mut self, effect: &Effect, at_hand: &mut Bindings) {
        at_hand.extend(&effect.assigns);
        for jump in &effect.jumps {
            self.goto(jump.target, at_hand, jump.value);
        }
    }

    fn seq(&mut self, seq: SeqId, mut at_hand: Bindings) {
        let graph = self.graph;
        for op in &graph.seq(seq).ops {
            match op {
                Op::Stmt { effect, defs, .. } => {
                    self.effect(effect, &mut at_hand);
                    at_hand.extend(defs);
                }
                Op::LetElse { effect, defs, otherwise, .. } => {
                    self.effect(effect, &mut at_hand);
                    self.seq(*otherwise, at_hand.clone());
                    at_hand.extend(defs);
                }
                Op::Enter | Op::Leave { .. } => {}
            }
        }
        let with = |defs: &[BindingId], at_hand: &Bindings| at_hand.iter().chain(defs).copied().collect();
        match &graph.seq(seq).end {
            Some(End::Goto(block)) => self.goto(*block, &at_hand, None),
            Some(End::If { effect, defs, then, otherwise, .. }) => {
                self.effect(effect, &mut at_hand);
                self.seq(*then, with(defs, &at_hand));
                self.seq(*otherwise, at_hand);
            }
            Some(End::Item { defs, then, otherwise, .. }) => {
                self.seq(*then, with(defs, &at_hand));
                self.seq(*otherwise, at_hand);
            }
            Some(End::Match { effect, arms, .. }) => {
                self.effect(effect, &mut at_hand);
                for arm in arms {
                    let mut inside: Bindings = with(&arm.defs, &at_hand);
                    self.effect(&arm.effect, &mut inside);
                    self.seq(arm.body, inside);
                }
            }
            Some(End::Return { effect, .. }) => self.effect(effect, &mut at_hand),
            Some(End::Diverge) | None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{desugar, layout, liveness, lower, parse};
    use quote::quote;

    /// What is found after `damage` in a workflow with a branch and a loop.
    fn found_after(damage: impl FnOnce(&mut Graph, &mut Layout)) -> String {
        let diagnostics = Diagnostics::new();
        let item = quote!(
            async fn f(mut n: u8, text: String) -> String {
                while n > a().await {
                    let m = n;
                    if m > 3 {
                        n = b(m).await;
                    }
                    n -= m;
                }
                text
            }
        );
        let function = parse::parse(quote!(), item, &diagnostics).expect("a workflow");
        let mut graph = lower::lower(&function, &desugar::desugar(&function, &diagnostics), &diagnostics);
        let liveness = liveness::liveness(&graph);
        let mut layout = layout::layout(&graph, &liveness);
        damage(&mut graph, &mut layout);
        verify(&graph, &liveness, &layout, &diagnostics);
        crate::diagnostic::to_compile_errors(&diagnostics.finish()).to_string()
    }

    fn binding(graph: &Graph, name: &str) -> BindingId {
        let at = (0..graph.bindings.len()).find(|at| graph.name(BindingId(*at)) == name);
        BindingId(at.expect("a local of that name"))
    }

    #[test]
    fn a_sound_graph_is_let_through() {
        assert_eq!(found_after(|_, _| {}), "");
    }

    #[test]
    fn a_block_that_carries_what_nobody_hands_it_is_a_bug_of_ours_and_prints_the_graph() {
        let found = found_after(|graph, layout| {
            let n = binding(graph, "n");
            let point = &graph.points[1];
            layout.carried[point.block.0].retain(|id| *id != n);
            layout.points[1].fields.retain(|field| field.binding != n);
        });
        assert!(found.contains("`n` is not at hand where control goes on to block"), "{found}");
        assert!(found.contains("a bug in durable, not in your code"), "{found}");
        assert!(found.contains("Graph {") && found.contains("DUR099"), "{found}");
    }

    #[test]
    fn a_point_that_saves_other_locals_than_it_carries_is_found() {
        let found = found_after(|_, layout| layout.points[1].fields.truncate(1));
        assert!(found.contains("await point `A` saves other locals than it carries"), "{found}");
    }

    #[test]
    fn a_value_that_never_comes_to_its_slot_is_found() {
        let found = found_after(|graph, layout| {
            let (n, b) = (binding(graph, "n"), graph.points[2].block);
            layout.untouched[b.0].insert(n);
        });
        assert!(found.contains("`n` gets a value that is not put into its slot"), "{found}");
    }

    #[test]
    fn a_slot_that_nothing_filled_is_found() {
        let found = found_after(|graph, layout| {
            let (text, b) = (binding(graph, "text"), graph.points[2].block);
            layout.carried[b.0].retain(|id| *id != text);
            layout.points[2].fields.retain(|field| field.binding != text);
        });
        assert!(found.contains("`text` stays in a slot that is empty"), "{found}");
    }

    #[test]
    fn a_local_outside_of_its_scope_is_found() {
        let found = found_after(|graph, layout| {
            let (m, start) = (binding(graph, "m"), graph.points[1].block);
            layout.carried[start.0].push(m);
        });
        assert!(found.contains("`m` is carried into a block outside its scope"), "{found}");
    }

    #[test]
    fn a_sequence_without_an_end_is_found() {
        let found = found_after(|graph, _| {
            let root = graph.blocks[0].root;
            graph.seqs[root.0].end = None;
        });
        assert!(found.contains("has no end"), "{found}");
    }

    #[test]
    fn a_point_that_is_not_its_blocks_is_found() {
        let found = found_after(|graph, _| {
            let block = graph.points[1].block;
            graph.blocks[block.0].point = None;
        });
        assert!(found.contains("await point `A` is not its block's"), "{found}");
    }
}
