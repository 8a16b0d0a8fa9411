//! Stage 7: the compiler checks itself. What it finds is a bug of ours, never a user's error.

use crate::{
    diagnostic::{Code, Diagnostics},
    graph::{BindingId, BindingKind, End, Graph, Op, SeqId, plain_name},
    layout::Layout,
    liveness::Liveness,
};
use std::collections::BTreeSet;

/// Checks the invariants of graph and layout.
pub fn verify(graph: &Graph, liveness: &Liveness, layout: &Layout, diagnostics: &Diagnostics) {
    let mut found = Vec::new();
    start_needs_only_parameters(graph, liveness, &mut found);
    carried_locals_are_in_scope(graph, layout, &mut found);
    sequences_have_ends(graph, &mut found);
    points_begin_their_blocks(graph, &mut found);
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
