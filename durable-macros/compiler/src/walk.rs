//! Walks over a sequence and those it branches into.

use crate::graph::{BindingId, Bindings, Block, BlockId, Effect, End, Graph, Op, Seq, SeqId};

/// What is assigned and what is declared in a sequence and those it branches into.
pub fn assignments(graph: &Graph, seq: SeqId, assigned: &mut Bindings, declared: &mut Bindings) {
    let seq = graph.seq(seq);
    of_ops(graph, &seq.ops, assigned, declared);
    of_end(graph, seq, assigned, declared);
}

/// What the rest of a scope assigns, from an op of a sequence on.
pub fn assigned_in_scope(graph: &Graph, seq: SeqId, from: usize) -> Bindings {
    let seq = graph.seq(seq);
    let rest = &seq.ops[from..];
    let mut inner = 0_usize;
    let end = rest.iter().position(|op| match op {
        Op::Enter => {
            inner += 1;
            false
        }
        Op::Leave { .. } if inner == 0 => true,
        Op::Leave { .. } => {
            inner -= 1;
            false
        }
        _ => false,
    });
    let (mut assigned, mut declared) = (Bindings::new(), Bindings::new());
    of_ops(graph, &rest[..end.unwrap_or(rest.len())], &mut assigned, &mut declared);
    if end.is_none() {
        of_end(graph, seq, &mut assigned, &mut declared);
    }
    assigned
}

fn of_ops(graph: &Graph, ops: &[Op], assigned: &mut Bindings, declared: &mut Bindings) {
    for op in ops {
        match op {
            Op::Stmt { effect, defs, .. } => {
                assigned.extend(&effect.assigns);
                declared.extend(defs);
            }
            Op::LetElse { effect, defs, otherwise, .. } => {
                assigned.extend(&effect.assigns);
                declared.extend(defs);
                assignments(graph, *otherwise, assigned, declared);
            }
            Op::Enter | Op::Leave { .. } => {}
        }
    }
}

fn of_end(graph: &Graph, seq: &Seq, assigned: &mut Bindings, declared: &mut Bindings) {
    let mut visit = |effect: Option<&Effect>, defs: &[BindingId], seqs: &[SeqId]| {
        assigned.extend(effect.into_iter().flat_map(|effect| &effect.assigns));
        declared.extend(defs);
        seqs.iter().for_each(|seq| assignments(graph, *seq, assigned, declared));
    };
    match &seq.end {
        Some(End::If { effect, defs, then, otherwise, .. }) => {
            visit(Some(effect), defs, &[*then, *otherwise])
        }
        Some(End::Match { effect, arms, .. }) => {
            visit(Some(effect), &[], &[]);
            arms.iter().for_each(|arm| visit(Some(&arm.effect), &arm.defs, &[arm.body]));
        }
        Some(End::Item { defs, then, otherwise, .. }) => visit(None, defs, &[*then, *otherwise]),
        Some(End::Return { effect, .. }) => visit(Some(effect), &[], &[]),
        Some(End::Goto(_) | End::Diverge) | None => {}
    }
}

/// Where a way to a block ends: one without code of its own only leads on, and needs what that one needs.
pub fn forward(graph: &Graph, block: BlockId) -> BlockId {
    let mut at = block;
    for _ in &graph.blocks {
        let Block { point, root, .. } = &graph.blocks[at.0];
        let seq = graph.seq(*root);
        let has_code =
            point.is_some() || !seq.ops.iter().all(|op| matches!(op, Op::Enter | Op::Leave { .. }));
        match seq.end {
            Some(End::Goto(next)) if !has_code => at = next,
            _ => return at,
        }
    }
    // A circle.
    block
}

/// The blocks a sequence may lead to.
pub fn targets(graph: &Graph, seq: SeqId, found: &mut Vec<BlockId>) {
    let seq = graph.seq(seq);
    let jumps =
        |effect: &Effect, found: &mut Vec<BlockId>| found.extend(effect.jumps.iter().map(|jump| jump.target));
    for op in &seq.ops {
        match op {
            Op::Stmt { effect, .. } => jumps(effect, found),
            Op::LetElse { effect, otherwise, .. } => {
                jumps(effect, found);
                targets(graph, *otherwise, found);
            }
            Op::Enter | Op::Leave { .. } => {}
        }
    }
    match &seq.end {
        Some(End::Goto(block)) => found.push(*block),
        Some(End::If { effect, then, otherwise, .. }) => {
            jumps(effect, found);
            targets(graph, *then, found);
            targets(graph, *otherwise, found);
        }
        Some(End::Match { effect, arms, .. }) => {
            jumps(effect, found);
            for arm in arms {
                jumps(&arm.effect, found);
                targets(graph, arm.body, found);
            }
        }
        Some(End::Item { then, otherwise, .. }) => {
            targets(graph, *then, found);
            targets(graph, *otherwise, found);
        }
        Some(End::Return { effect, .. }) => jumps(effect, found),
        Some(End::Diverge) | None => {}
    }
}

/// The locals that the code of a sequence and of those it branches into mentions, and what these borrow from.
pub fn mentioned(graph: &Graph, seq: SeqId, found: &mut Bindings) {
    let seq = graph.seq(seq);
    for op in &seq.ops {
        match op {
            Op::Stmt { effect, defs, .. } => mentions(graph, effect, defs, found),
            Op::LetElse { effect, defs, otherwise, .. } => {
                mentions(graph, effect, defs, found);
                mentioned(graph, *otherwise, found);
            }
            Op::Enter | Op::Leave { .. } => {}
        }
    }
    match &seq.end {
        Some(End::If { effect, defs, then, otherwise, .. }) => {
            mentions(graph, effect, defs, found);
            mentioned(graph, *then, found);
            mentioned(graph, *otherwise, found);
        }
        Some(End::Match { effect, arms, .. }) => {
            mentions(graph, effect, &[], found);
            for arm in arms {
                mentions(graph, &arm.effect, &arm.defs, found);
                mentioned(graph, arm.body, found);
            }
        }
        Some(End::Item { borrow, defs, then, otherwise }) => {
            let bases = graph.borrow(*borrow).bases.iter().copied();
            mention(graph, bases.chain(defs.iter().copied()), found);
            mentioned(graph, *then, found);
            mentioned(graph, *otherwise, found);
        }
        Some(End::Return { effect, .. }) => mentions(graph, effect, &[], found),
        Some(End::Goto(_) | End::Diverge) | None => {}
    }
}

fn mentions(graph: &Graph, effect: &Effect, defs: &[BindingId], found: &mut Bindings) {
    let on_the_way = effect.jumps.iter().flat_map(|jump| jump.value.iter().chain(&jump.assigned)).copied();
    let named = effect.uses.iter().chain(&effect.assigns).chain(&effect.kills).chain(defs).copied();
    mention(graph, named.chain(on_the_way), found);
}

/// A borrow is found by the names of what it borrows from.
fn mention(graph: &Graph, ids: impl Iterator<Item = BindingId>, found: &mut Bindings) {
    for id in ids {
        if found.insert(id)
            && let Some(borrow) = graph.borrow_of(id)
        {
            mention(graph, graph.borrow(borrow).bases.iter().copied(), found);
        }
    }
}
