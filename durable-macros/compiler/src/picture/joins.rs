//! Where ways join there is no node: whoever leads there leads on to where the join leads.

use super::{Edge, Kind, Node, Picture};
use std::collections::HashMap;

/// Removes the joins, the nodes that are `None`, and numbers the others anew.
pub(super) fn remove(nodes: Vec<Option<Node>>, mut edges: Vec<Edge>) -> Picture {
    for join in (0..nodes.len()).filter(|node| nodes[*node].is_none()) {
        let (out, rest): (Vec<Edge>, Vec<Edge>) = edges.into_iter().partition(|edge| edge.from == join);
        edges = Vec::with_capacity(rest.len());
        for edge in rest {
            match edge.to == join {
                true => edges.extend(out.iter().filter(|out| out.to != join).map(|out| through(&edge, out))),
                false => edges.push(edge),
            }
        }
    }
    // Ends stand last, as they do in the picture.
    let is_end = |node: &Node| matches!(node.kind, Kind::Ok | Kind::Err | Kind::End);
    let (mut inner, mut ends) = (Vec::new(), Vec::new());
    for (number, node) in nodes.into_iter().enumerate().filter_map(|(number, node)| Some((number, node?))) {
        if is_end(&node) { &mut ends } else { &mut inner }.push((number, node));
    }
    ends.sort_by_key(|(_, node)| node.kind);
    let kept: Vec<(usize, Node)> = inner.into_iter().chain(ends).collect();
    let numbers: HashMap<usize, usize> = kept.iter().enumerate().map(|(new, (old, _))| (*old, new)).collect();
    let kept = kept.into_iter().map(|(_, node)| node).collect();
    let mut all: Vec<Edge> = Vec::with_capacity(edges.len());
    for edge in edges {
        let edge = Edge { from: numbers[&edge.from], to: numbers[&edge.to], ..edge };
        if !all.contains(&edge) {
            all.push(edge);
        }
    }
    // Stable: the ways out of a node keep their order.
    all.sort_by_key(|edge| edge.from);
    Picture { nodes: kept, edges: all }
}

/// Two edges as one.
fn through(before: &Edge, after: &Edge) -> Edge {
    let label = match (before.label.as_str(), after.label.as_str()) {
        (label, "") | ("", label) => label.to_owned(),
        (before, after) => format!("{before}, {after}"),
    };
    Edge { from: before.from, to: after.to, label, fails: after.fails }
}
