//! Which nodes of many schemas are one type.
//!
//! Two nodes are, if whatever can be seen of them, however deep, is equal: then one declaration says both. They are found as the
//! states of an automaton are: all nodes that look alike are one class at first, and a class is divided while parts of its
//! members are of different classes.

use super::{
    Name, SCHEMA_DEPTH_MAX, Schema,
    types::{Body, Type},
};
use std::{collections::HashMap, hash::Hash};

pub(super) struct Classes<'s> {
    /// By class: one of its nodes, and the classes of its parts.
    pub(super) list: Vec<(&'s Schema, Vec<usize>)>,
    /// By schema: the class of its root. `None` if it has references that lead nowhere.
    pub(super) roots: Vec<Option<usize>>,
    /// How many nodes there are of all.
    pub(super) nodes: usize,
}

/// What of a node can be seen without looking at its parts.
#[derive(PartialEq, Eq, Hash)]
enum Look {
    Named(Name, Body),
    Nameless(Type),
}

impl<'s> Classes<'s> {
    pub(super) fn of(schemas: &[&'s Schema]) -> Self {
        let (mut nodes, mut parts, mut roots) = (Vec::new(), Vec::new(), Vec::new());
        for schema in schemas {
            let base = nodes.len();
            add(schema, base, &mut nodes, &mut parts);
            // A reference is no type of its own: whoever has it has what it leads to.
            let is_type = |node: usize| nodes.get(node).is_some_and(|node| !matches!(node, Schema::Ref(_)));
            let is_sound = is_type(base) && parts[base..].iter().flatten().all(|part| is_type(*part));
            match is_sound {
                true => roots.push(Some(base)),
                false => {
                    nodes.truncate(base);
                    parts.truncate(base);
                    roots.push(None);
                }
            }
        }
        let class = divided(&nodes, &parts);
        let count = class.iter().max().map_or(0, |last| last + 1);
        let mut list: Vec<Option<(&Schema, Vec<usize>)>> = vec![None; count];
        for (node, schema) in nodes.iter().enumerate() {
            let parts = || parts[node].iter().map(|part| class[*part]).collect();
            list[class[node]].get_or_insert_with(|| (*schema, parts()));
        }
        let roots = roots.into_iter().map(|root| root.map(|node| class[node])).collect();
        Self { list: list.into_iter().flatten().collect(), roots, nodes: nodes.len() }
    }
}

/// Adds a node and all below it; parts that are references are the nodes they lead to.
fn add<'s>(schema: &'s Schema, base: usize, nodes: &mut Vec<&'s Schema>, parts: &mut Vec<Vec<usize>>) {
    let node = nodes.len();
    nodes.push(schema);
    parts.push(Vec::new());
    let mut own = Vec::new();
    for part in schema.parts() {
        own.push(match part {
            Schema::Ref(number) => base.saturating_add(*number as usize),
            _ => nodes.len(),
        });
        add(part, base, nodes, parts);
    }
    parts[node] = own;
}

/// No program has types that look alike this deep. If they do, what is written is longer, and still right.
const ROUNDS_MAX: usize = SCHEMA_DEPTH_MAX;

/// The class of each node, numbered in the order in which they first come.
fn divided(nodes: &[&Schema], parts: &[Vec<usize>]) -> Vec<usize> {
    let looks = nodes.iter().map(|schema| {
        let unseen = vec![Type::Ref(0); schema.parts().len()];
        match Body::of(schema, unseen.clone()) {
            Some((name, body)) => Look::Named(name, body),
            None => Look::Nameless(Type::of(schema, unseen)),
        }
    });
    let (mut class, mut count) = numbered(looks);
    for _ in 0..ROUNDS_MAX {
        let signs = (0..nodes.len()).map(|node| {
            let parts: Vec<usize> = parts[node].iter().map(|part| class[*part]).collect();
            (class[node], parts)
        });
        let (finer, more) = numbered(signs);
        if more == count {
            break;
        }
        (class, count) = (finer, more);
    }
    class
}

fn numbered<K: Hash + Eq>(keys: impl Iterator<Item = K>) -> (Vec<usize>, usize) {
    let mut known = HashMap::new();
    let numbers = keys.map(|key| {
        let next = known.len();
        *known.entry(key).or_insert(next)
    });
    let numbers: Vec<usize> = numbers.collect();
    (numbers, known.len())
}
