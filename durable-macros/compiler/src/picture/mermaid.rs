//! A picture in the language of Mermaid.
//!
//! Text stands in quotes, where Mermaid still reads some characters itself: quotes end it, `#..;` is a character by number,
//! `<` begins a tag, `&` an entity, a backquote Markdown, a backslash may end a line, `$$` begins a formula, and `%%{` a directive.

use super::{Edge, Kind, Picture};

pub(super) fn lines(picture: &Picture) -> Vec<String> {
    let mut lines = vec!["flowchart TD".to_owned()];
    lines.extend(picture.nodes.iter().map(|node| {
        let text = node.lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br/>");
        let (open, close) = match node.kind {
            Kind::Start | Kind::Ok | Kind::Err | Kind::End => ("([", "])"),
            Kind::Await => ("[", "]"),
            Kind::Branch => ("{", "}"),
            Kind::Loop => ("{{", "}}"),
        };
        format!("    {}{open}\"{text}\"{close}", node.id)
    }));
    lines.extend(picture.edges.iter().map(|edge| {
        let Edge { from, to, label, fails } = edge;
        let arrow = if *fails { "-.->" } else { "-->" };
        let label = if label.is_empty() { String::new() } else { format!("|\"{}\"|", escaped(label)) };
        format!("    {} {arrow}{label} {}", picture.nodes[*from].id, picture.nodes[*to].id)
    }));
    lines
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    // Mermaid cuts a `;` off a line that looks like a style of its own.
    let styles = ["style", "classDef"].iter().any(|word| text.contains(word));
    for c in text.chars() {
        match c {
            '"' => escaped.push_str("#quot;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            '&' => escaped.push_str("#amp;"),
            '#' | '`' | '\\' | '$' | '%' => escaped.push_str(&format!("#{};", u32::from(c))),
            ':' if styles => escaped.push_str("#58;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    // `direction TB` is a statement, and takes the whole line, wherever in it the words stand.
    escaped.replace("direction ", "directio#110; ")
}
