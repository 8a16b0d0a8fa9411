//! A picture in the language of Graphviz.
//!
//! Everything stands in quotes, where quotes and backslashes are escaped, and `&`, which begins an entity.

use super::{Edge, Kind, Picture};

pub(super) fn lines(picture: &Picture) -> Vec<String> {
    let mut lines: Vec<String> = HEAD.map(str::to_owned).into();
    lines.extend(picture.nodes.iter().map(|node| {
        let text = node.lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("\\n");
        let shape = match node.kind {
            Kind::Start | Kind::Ok | Kind::Err | Kind::End => "oval",
            Kind::Await => "box",
            Kind::Branch => "diamond",
            Kind::Loop => "hexagon",
        };
        format!("    \"{}\" [shape={shape}, label=\"{text}\"];", node.id)
    }));
    lines.extend(picture.edges.iter().map(|edge| {
        let Edge { from, to, label, fails } = edge;
        let mut attributes = Vec::new();
        if !label.is_empty() {
            attributes.push(format!("label=\"{}\"", escaped(label)));
        }
        if *fails {
            attributes.push("style=dashed".to_owned());
        }
        let attributes = match attributes.is_empty() {
            true => String::new(),
            false => format!(" [{}]", attributes.join(", ")),
        };
        format!("    \"{}\" -> \"{}\"{attributes};", picture.nodes[*from].id, picture.nodes[*to].id)
    }));
    lines.push("}".to_owned());
    lines
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '&' => escaped.push_str("&amp;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

const HEAD: [&str; 3] =
    ["digraph {", "    node [fontname=\"sans-serif\"];", "    edge [fontname=\"sans-serif\"];"];
