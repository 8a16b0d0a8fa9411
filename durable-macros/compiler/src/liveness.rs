//! Stage 4: which locals are alive at the start of each block, by backward dataflow over binding ids.
//!
//! Uses inside macros and string literals count conservatively. A local that was moved is not used again, so it is not alive;
//! one that is assigned whole on every way is not alive before.

use crate::graph::{BindingId, Bindings, BlockId, Effect, End, Graph, Op, SeqId};

/// The locals alive at the start of each block, borrows and resources included.
#[derive(Debug, Clone)]
pub struct Liveness {
    blocks: Vec<Bindings>,
}

impl Liveness {
    /// Alive at the start of a block.
    pub fn at(&self, block: BlockId) -> &Bindings {
        &self.blocks[block.0]
    }

    /// Alive before an op, given what is alive after it.
    pub fn before_op(&self, graph: &Graph, op: &Op, after: Bindings) -> Bindings {
        match op {
            Op::Stmt { effect, defs, .. } => self.before(graph, effect, defs, after),
            Op::LetElse { effect, defs, otherwise, .. } => {
                let mut alive = self.before(graph, &Effect::default(), defs, after);
                alive.extend(self.before_seq(graph, *otherwise));
                self.before(graph, effect, &[], alive)
            }
            Op::Enter | Op::Leave { .. } => after,
        }
    }

    /// Alive at the start of a sequence.
    pub fn before_seq(&self, graph: &Graph, seq: SeqId) -> Bindings {
        let seq = graph.seq(seq);
        let end = seq.end.as_ref().map_or_else(Bindings::new, |end| self.before_end(graph, end));
        seq.ops.iter().rev().fold(end, |after, op| self.before_op(graph, op, after))
    }

    /// Alive after each op of a sequence, in order; the last is what is alive before its end.
    pub fn after_ops(&self, graph: &Graph, seq: SeqId) -> Vec<Bindings> {
        let seq = graph.seq(seq);
        let mut after = vec![seq.end.as_ref().map_or_else(Bindings::new, |end| self.before_end(graph, end))];
        for op in seq.ops.iter().rev() {
            let alive = self.before_op(graph, op, after.last().expect("never empty").clone());
            after.push(alive);
        }
        after.pop();
        after.reverse();
        after
    }

    /// Alive before the end of a sequence.
    pub fn before_end(&self, graph: &Graph, end: &End) -> Bindings {
        match end {
            End::Goto(block) => self.at(*block).clone(),
            End::If { effect, defs, then, otherwise, .. } => {
                let mut alive = self.before(graph, &Effect::default(), defs, self.before_seq(graph, *then));
                alive.extend(self.before_seq(graph, *otherwise));
                self.before(graph, effect, &[], alive)
            }
            End::Match { effect, arms, .. } => {
                let mut alive = Bindings::new();
                for arm in arms {
                    // A guard reads what the pattern binds.
                    let body = self.before(graph, &arm.effect, &[], self.before_seq(graph, arm.body));
                    alive.extend(self.before(graph, &Effect::default(), &arm.defs, body));
                }
                self.before(graph, effect, &[], alive)
            }
            End::Item { borrow, defs, then, otherwise } => {
                let borrow = graph.borrow(*borrow);
                let mut alive = self.before(graph, &Effect::default(), defs, self.before_seq(graph, *then));
                alive.extend(self.before_seq(graph, *otherwise));
                add_uses(graph, &mut alive, borrow.bases.iter().copied());
                alive
            }
            End::Return { effect, .. } => self.before(graph, effect, &[], Bindings::new()),
            End::Diverge => Bindings::new(),
        }
    }

    fn before(&self, graph: &Graph, effect: &Effect, defs: &[BindingId], after: Bindings) -> Bindings {
        let mut alive = after;
        for id in defs.iter().chain(&effect.kills) {
            alive.remove(id);
        }
        for jump in &effect.jumps {
            let carried = self.at(jump.target).iter().copied();
            alive.extend(carried.filter(|id| Some(*id) != jump.value && !jump.assigned.contains(id)));
        }
        add_uses(graph, &mut alive, effect.exposed.iter().copied());
        alive
    }
}

/// A borrow in use keeps what it borrows from in use.
fn add_uses(graph: &Graph, alive: &mut Bindings, uses: impl Iterator<Item = BindingId>) {
    for id in uses {
        if alive.insert(id)
            && let Some(borrow) = graph.borrow_of(id)
        {
            add_uses(graph, alive, graph.borrow(borrow).bases.iter().copied());
        }
    }
}

/// Computes the fixed point.
pub fn liveness(graph: &Graph) -> Liveness {
    let mut liveness = Liveness { blocks: vec![Bindings::new(); graph.blocks.len()] };
    loop {
        let mut changed = false;
        for (at, block) in graph.blocks.iter().enumerate().rev() {
            let alive = liveness.before_seq(graph, block.root);
            if alive != liveness.blocks[at] {
                liveness.blocks[at] = alive;
                changed = true;
            }
        }
        if !changed {
            return close_borrows(graph, liveness);
        }
    }
}

/// What a borrow that is alive borrows from is alive, also where only the borrow came through a `def` of its own.
fn close_borrows(graph: &Graph, mut liveness: Liveness) -> Liveness {
    for alive in &mut liveness.blocks {
        let borrowed: Vec<_> = alive.iter().copied().filter(|id| graph.borrow_of(*id).is_some()).collect();
        for id in borrowed {
            alive.remove(&id);
            add_uses(graph, alive, std::iter::once(id));
        }
    }
    liveness
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{desugar, diagnostic::Diagnostics, lower, parse};
    use quote::quote;

    /// The names alive at an await point of a workflow.
    fn alive(item: proc_macro2::TokenStream, point: &str) -> Vec<String> {
        let diagnostics = Diagnostics::new();
        let function = parse::parse(quote!(), item, &diagnostics).expect("a workflow");
        let graph = lower::lower(&function, &desugar::desugar(&function, &diagnostics), &diagnostics);
        assert!(diagnostics.finish().is_empty());
        let point =
            graph.points.iter().find(|known| known.name == point).expect("an await point of that name");
        liveness(&graph).at(point.block).iter().map(|id| graph.name(*id)).collect()
    }

    #[test]
    fn what_is_assigned_on_every_way_is_dead_before() {
        let item = quote!(
            async fn f(mut x: u8, c: bool) -> u8 {
                a(c).await;
                if c {
                    x = 1
                } else {
                    x = 2
                }
                x
            }
        );
        assert_eq!(alive(item, "A"), ["c"]);
    }

    #[test]
    fn a_name_of_a_pattern_is_another_local() {
        let item = quote!(
            async fn f(mut x: u8, o: Option<u8>) -> u8 {
                a().await;
                if let Some(mut x) = o {
                    x = 1;
                } else {
                    x = 2;
                }
                x
            }
        );
        assert_eq!(alive(item, "A"), ["x", "o"]);
    }

    #[test]
    fn a_borrow_keeps_what_it_borrows_from() {
        let item = quote!(
            async fn f(order: Order) -> u8 {
                let name = &order.name;
                a().await;
                name.len()
            }
        );
        assert_eq!(alive(item, "A"), ["order", "name"]);
    }

    #[test]
    fn a_jump_keeps_what_its_target_reads() {
        let item = quote!(
            async fn f(mut n: u8, m: u8) -> u8 {
                loop {
                    if n > a().await {
                        break;
                    }
                    n = b().await;
                }
                m
            }
        );
        assert_eq!(alive(item, "A"), ["n", "m"]);
    }
}
