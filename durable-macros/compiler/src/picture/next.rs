//! What may come next after an await point: branches and loops are passed through.

use super::{Kind, Picture};
use std::collections::BTreeSet;

impl Picture {
    /// The await points and ends that may come next after the one of this name, by name, in the order of the picture. Ends are
    /// written as no name is: `Ok(..)`, `Err(..)`, `return ..`.
    pub fn next(&self, point: &str) -> Vec<&str> {
        let Some(start) = self.nodes.iter().position(|node| node.point() == Some(point)) else {
            return Vec::new();
        };
        let (mut found, mut open, mut passed) = (BTreeSet::new(), vec![start], BTreeSet::new());
        while let Some(from) = open.pop() {
            for to in self.edges.iter().filter(|edge| edge.from == from).map(|edge| edge.to) {
                match self.nodes[to].kind {
                    Kind::Branch | Kind::Loop if passed.insert(to) => open.push(to),
                    Kind::Branch | Kind::Loop => {}
                    _ => drop(found.insert(to)),
                }
            }
        }
        let name = |node: usize| match self.nodes[node].kind {
            Kind::Ok => "Ok(..)",
            Kind::Err => "Err(..)",
            Kind::End => "return ..",
            _ => self.nodes[node].point().unwrap_or_default(),
        };
        found.into_iter().map(name).collect()
    }
}

impl super::Node {
    /// The name of its await point.
    fn point(&self) -> Option<&str> {
        match self.kind {
            Kind::Start => Some("Start"),
            Kind::Await => self.lines.first().map(String::as_str),
            _ => None,
        }
    }
}
