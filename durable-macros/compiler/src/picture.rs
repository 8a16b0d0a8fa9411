//! The picture of a workflow: what may come after what, for people.
//!
//! It is drawn from the [`Graph`] that the code is made of. Await points, branches, loops and ends become nodes; the places
//! where ways join do not. Code that stays as it was written shows only where it may leave: its `return`s, its `?`s, its jumps.

mod dot;
mod flow;
mod joins;
mod mermaid;
mod next;

use crate::{
    graph::{BlockId, End, Graph, Jump, Op, SeqId, Written, plain_name},
    parse::Function,
    source,
};
use flow::Frame;
use quote::ToTokens;
use std::collections::BTreeMap;
use syn::Type;

/// Nodes and edges, in the order of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The first is the start.
    pub nodes: Vec<Node>,
    /// By the number of the node they begin at.
    pub edges: Vec<Edge>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// An await point's name, else a word and a number.
    pub id: String,
    /// What stands in it. An await point shows its name, the awaited expression and its doc comment.
    pub lines: Vec<String>,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The workflow begins.
    Start,
    /// An await point.
    Await,
    /// An `if`, a `match` or a `let .. else`.
    Branch,
    /// A `loop`, `while` or `for`.
    Loop,
    /// It ends with `Ok`.
    Ok,
    /// It ends with `Err`.
    Err,
    /// It ends with a value that is neither.
    End,
}

/// An edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The number of a node.
    pub from: usize,
    /// The number of a node.
    pub to: usize,
    /// Which way of a branch it is; may be empty.
    pub label: String,
    /// It is taken by a `?`.
    pub fails: bool,
}

/// Draws the picture.
pub fn picture(function: &Function, graph: &Graph) -> Picture {
    let mut draft = Draft {
        graph,
        fallible: is_result(&function.output),
        nodes: Vec::new(),
        edges: Vec::new(),
        entries: Vec::new(),
        ends: BTreeMap::new(),
        at: None,
        jumps: &[],
        frames: Vec::new(),
    };
    draft.entries = graph.blocks.iter().map(|_| draft_join(&mut draft.nodes)).collect();
    for block in &graph.order {
        draft.block(*block, &function.name());
    }
    joins::remove(draft.nodes, draft.edges)
}

impl Picture {
    /// As a flowchart in the language of Mermaid.
    pub fn to_mermaid(&self) -> String {
        self.mermaid_lines().into_iter().flat_map(|line| [line, "\n".to_owned()]).collect()
    }

    /// As a digraph in the language of Graphviz.
    pub fn to_dot(&self) -> String {
        self.dot_lines().into_iter().flat_map(|line| [line, "\n".to_owned()]).collect()
    }

    /// The lines of [`to_mermaid`](Self::to_mermaid).
    pub fn mermaid_lines(&self) -> Vec<String> {
        mermaid::lines(self)
    }

    /// The lines of [`to_dot`](Self::to_dot).
    pub fn dot_lines(&self) -> Vec<String> {
        dot::lines(self)
    }
}

/// A picture that is being drawn.
struct Draft<'a> {
    graph: &'a Graph,
    /// The workflow returns a `Result`, as far as its tokens tell.
    fallible: bool,
    /// `None` where ways join: such a node is removed in the end.
    nodes: Vec<Option<Node>>,
    edges: Vec<Edge>,
    /// The join before each block.
    entries: Vec<usize>,
    /// One node for each kind of end.
    ends: BTreeMap<Kind, usize>,
    /// Where the code goes on from; `None` where control never comes.
    at: Option<Way>,
    /// The ways from the current statement to other blocks.
    jumps: &'a [Jump],
    /// The loops and labelled blocks of untouched code around.
    frames: Vec<Frame>,
}

/// A way out of a node.
#[derive(Debug, Clone)]
struct Way {
    from: usize,
    label: String,
}

fn draft_join(nodes: &mut Vec<Option<Node>>) -> usize {
    nodes.push(None);
    nodes.len() - 1
}

impl<'a> Draft<'a> {
    fn block(&mut self, id: BlockId, workflow: &str) {
        let graph = self.graph;
        let block = &graph.blocks[id.0];
        self.at = Some(Way { from: self.entries[id.0], label: String::new() });
        if let Some(point) = block.point {
            let info = &graph.points[point];
            let (kind, callee) = match point {
                0 => (Kind::Start, workflow),
                _ => (Kind::Await, info.callee.as_str()),
            };
            let name = plain_name(&info.name);
            let mut lines = vec![source::shortened(callee, LINE_CHARS_MAX)];
            if kind == Kind::Await {
                lines.insert(0, name.clone());
            }
            lines.extend(first_paragraph(&info.doc));
            self.node(kind, point_id(&name), lines);
        } else if graph.loop_heads.contains(&id) {
            self.branch(Kind::Loop, "loop");
        }
        self.seq(block.root);
    }

    fn seq(&mut self, id: SeqId) {
        let seq = self.graph.seq(id);
        for op in &seq.ops {
            match op {
                Op::Stmt { stmt, effect, .. } => {
                    self.jumps = &effect.jumps;
                    self.statement(stmt);
                }
                Op::LetElse { pat, expr, effect, otherwise, .. } => {
                    self.jumps = &effect.jumps;
                    self.expression(expr);
                    let lost = self.ask_else(pat, expr);
                    let found = std::mem::replace(&mut self.at, lost);
                    self.seq(*otherwise);
                    self.at = found;
                }
                Op::Enter | Op::Leave { .. } => {}
            }
        }
        if let Some(end) = &seq.end {
            self.end(id, end);
        }
        self.at = None;
    }

    fn end(&mut self, id: SeqId, end: &'a End) {
        match end {
            End::Goto(block) => self.go(self.entries[block.0]),
            End::If { cond, effect, then, otherwise, .. } => {
                self.jumps = &effect.jumps;
                self.expression(cond);
                self.ways(id, [*then, *otherwise]);
            }
            End::Item { then, otherwise, .. } => self.ways(id, [*then, *otherwise]),
            End::Match { scrutinee, effect, arms } => {
                self.jumps = &effect.jumps;
                self.expression(scrutinee);
                let node = self.written(id);
                for arm in arms {
                    self.at = node.map(|from| Way { from, label: arm_label(&arm.pat) });
                    self.seq(arm.body);
                }
            }
            End::Return { value, effect } => {
                self.jumps = &effect.jumps;
                self.result(value);
            }
            End::Diverge => {}
        }
    }

    /// The two ways out of the branch or loop at the end of a sequence.
    fn ways(&mut self, id: SeqId, seqs: [SeqId; 2]) {
        let loops = self.graph.written.get(&id).is_some_and(|written| written.keyword == "for");
        let node = self.written(id);
        for (seq, label) in seqs.into_iter().zip(if loops { FOR } else { IF }) {
            self.at = node.map(|from| Way { from, label: label.to_owned() });
            self.seq(seq);
        }
    }

    /// The node of the branch at the end of a sequence.
    fn written(&mut self, id: SeqId) -> Option<usize> {
        let Written { keyword, text } = self.graph.written.get(&id)?;
        let kind = if ["if", "match"].contains(keyword) { Kind::Branch } else { Kind::Loop };
        self.branch(kind, &format!("{keyword} {text}"))
    }

    /// A branch or loop. `None` where control never comes.
    fn branch(&mut self, kind: Kind, text: &str) -> Option<usize> {
        let number = self.nodes.iter().flatten().filter(|node| node.kind == kind).count() + 1;
        let word = if kind == Kind::Branch { "branch" } else { "loop" };
        self.node(kind, format!("{word}_{number}"), vec![source::shortened(text, LINE_CHARS_MAX)])
    }

    /// A new node, which the way here leads to and the code goes on from.
    fn node(&mut self, kind: Kind, id: String, lines: Vec<String>) -> Option<usize> {
        self.at.as_ref()?;
        let node = self.nodes.len();
        self.nodes.push(Some(Node { kind, id, lines }));
        self.go(node);
        self.at = Some(Way { from: node, label: String::new() });
        Some(node)
    }

    /// Leads the way here to a node.
    fn go(&mut self, to: usize) {
        if let Some(Way { from, label }) = self.at.take() {
            self.edges.push(Edge { from, to, label, fails: false });
        }
    }

    /// A `?`: the way goes on, and another leads to `Err`.
    fn fail(&mut self) {
        let Some(Way { from, label }) = self.at.clone() else { return };
        let to = self.end_node(Kind::Err);
        let label = if label.is_empty() { "?".to_owned() } else { format!("{label}, ?") };
        let edge = Edge { from, to, label, fails: true };
        if !self.edges.contains(&edge) {
            self.edges.push(edge);
        }
    }

    /// Leads the way here to an end.
    fn finish(&mut self, kind: Kind) {
        if self.at.is_some() {
            let end = self.end_node(kind);
            self.go(end);
        }
    }

    fn end_node(&mut self, kind: Kind) -> usize {
        let nodes = &mut self.nodes;
        *self.ends.entry(kind).or_insert_with(|| {
            let (id, text) = match kind {
                Kind::Ok => ("ok", "Ok"),
                Kind::Err => ("err", "Err"),
                // `end` is a word of Mermaid's.
                _ => ("done", "end"),
            };
            nodes.push(Some(Node { kind, id: id.to_owned(), lines: vec![text.to_owned()] }));
            nodes.len() - 1
        })
    }
}

/// The first paragraph of a doc comment, in lines of a picture's width.
fn first_paragraph(doc: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in doc.lines().take_while(|line| !line.is_empty()).flat_map(str::split_whitespace) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= LINE_CHARS_MAX => {
                line.extend([" ", word]);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The name, unless it could be taken for a word of a picture's language or for another node's id: those begin with a small
/// letter, as no name does that `#[at]` did not give.
fn point_id(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(is_plain) {
        return name.to_owned();
    }
    let mut id = String::from("at_");
    for c in name.chars() {
        match is_plain(c) {
            true => id.push(c),
            false => id.push_str(&format!("u{:x}_", u32::from(c))),
        }
    }
    id
}

/// What an arm matches.
fn arm_label(pat: &syn::Pat) -> String {
    source::shortened(&source::text(pat.to_token_stream()), LABEL_CHARS_MAX)
}

fn is_result(output: &Type) -> bool {
    match output {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == "Result"),
        _ => false,
    }
}

const IF: [&str; 2] = ["yes", "no"];
const FOR: [&str; 2] = ["next", "done"];

/// Of a line in a node.
const LINE_CHARS_MAX: usize = 60;

/// Of an edge's label.
const LABEL_CHARS_MAX: usize = 40;

#[cfg(test)]
#[path = "picture/tests.rs"]
mod tests;
