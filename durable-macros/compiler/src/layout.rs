//! Stage 5: what each block carries, and under which field names and types an await point saves it.

use crate::{
    desugar::snake,
    graph::{BindingId, BindingKind, Bindings, BlockId, Graph, plain_name},
    liveness::Liveness,
    walk::mentioned,
};
use std::collections::BTreeMap;
use syn::Type;

/// The layout of all blocks.
#[derive(Debug, Clone)]
pub struct Layout {
    /// What each block carries, in the order of declaration.
    pub carried: Vec<Vec<BindingId>>,
    /// What is alive at the start of each block and its code does not mention: of what is carried, this stays in its slot, and the
    /// block takes the rest.
    pub untouched: Vec<Bindings>,
    /// The saved fields of each await point.
    pub points: Vec<PointLayout>,
}

/// The fields of one await point.
#[derive(Debug, Clone)]
pub struct PointLayout {
    /// Its block.
    pub block: BlockId,
    /// Its fields, in the order they are saved.
    pub fields: Vec<Field>,
}

/// One saved field.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name in the state enum.
    pub name: String,
    /// The local.
    pub binding: BindingId,
    /// Its type, where the macro can know it; else it is `Inferred`.
    pub ty: Option<Type>,
}

/// Lays out what liveness found.
pub fn layout(graph: &Graph, liveness: &Liveness) -> Layout {
    let carried: Vec<Vec<BindingId>> =
        (0..graph.blocks.len()).map(|at| carried(graph, liveness, BlockId(at))).collect();
    let untouched = (0..graph.blocks.len()).map(|at| untouched(graph, liveness, BlockId(at))).collect();
    let points = graph
        .points
        .iter()
        .enumerate()
        .map(|(at, point)| {
            let mut fields: Vec<Field> =
                carried[point.block.0].iter().map(|id| field(graph, at, *id)).collect();
            number_temporaries(graph, &mut fields);
            PointLayout { block: point.block, fields }
        })
        .collect();
    Layout { carried, untouched, points }
}

fn carried(graph: &Graph, liveness: &Liveness, block: BlockId) -> Vec<BindingId> {
    if block.0 == 0 {
        // The start state is the whole input, used or not.
        let inputs =
            graph.bindings.iter().enumerate().filter(|(_, binding)| binding.kind == BindingKind::Input);
        return inputs.map(|(at, _)| BindingId(at)).collect();
    }
    liveness.at(block).iter().copied().filter(|id| graph.is_carried(*id)).collect()
}

fn untouched(graph: &Graph, liveness: &Liveness, block: BlockId) -> Bindings {
    // All of the input is there at the start, and its types are.
    if block.0 == 0 {
        return Bindings::new();
    }
    let mut found = Bindings::new();
    mentioned(graph, graph.blocks[block.0].root, &mut found);
    let alive = liveness.at(block).iter().copied();
    alive.filter(|id| !found.contains(id) && graph.binding(*id).kind != BindingKind::Resource).collect()
}

fn field(graph: &Graph, point: usize, id: BindingId) -> Field {
    let binding = graph.binding(id);
    let variant = plain_name(&graph.points[point].name);
    let name = match &binding.kind {
        BindingKind::Operand(_) => format!("{}_operand", snake(&variant)),
        BindingKind::Result => {
            graph.result_names.get(&id).cloned().unwrap_or_else(|| format!("{}_result", snake(&variant)))
        }
        BindingKind::Value => format!("{}_value", snake(&variant)),
        _ => {
            let depth = hidden_depth(graph, graph.points[point].block, id);
            graph.name(id) + &"_outer".repeat(depth)
        }
    };
    Field { name, binding: id, ty: binding.ty.clone() }
}

/// Several temporaries of one expression are told apart by their order of evaluation.
fn number_temporaries(graph: &Graph, fields: &mut [Field]) {
    let mut counts = BTreeMap::new();
    for field in fields {
        if matches!(graph.binding(field.binding).kind, BindingKind::Operand(_) | BindingKind::Value) {
            let count = counts.entry(field.name.clone()).or_insert(0);
            *count += 1;
            if *count > 1 {
                field.name = format!("{}_{count}", field.name);
            }
        }
    }
}

/// How many bindings of the same name hide this one at the start of a block: 0 if its name means it.
pub fn hidden_depth(graph: &Graph, block: BlockId, id: BindingId) -> usize {
    let scope = &graph.blocks[block.0].scope;
    let Some(at) = scope.iter().position(|(_, known)| *known == id) else { return 0 };
    let name = &scope[at].0;
    scope[at + 1..].iter().filter(|(other, _)| other == name).count()
}
