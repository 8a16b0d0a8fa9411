//! The picture of a workflow, as its type carries it.

use std::fmt;

/// What may come after what in a workflow: await points, branches, loops and ends. Made by the compiler, as text that other
/// programs draw; `place_order::GRAPH` is one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Graph {
    mermaid: &'static [&'static str],
    dot: &'static [&'static str],
}

impl Graph {
    /// From the lines of both languages.
    #[doc(hidden)]
    pub const fn new(mermaid: &'static [&'static str], dot: &'static [&'static str]) -> Self {
        Self { mermaid, dot }
    }

    /// As a flowchart in the language of Mermaid, which GitHub, GitLab and many editors draw in a block of Markdown.
    ///
    /// The nodes of await points have their names as ids, so a line `style Charge fill:orange` behind it marks one.
    pub fn to_mermaid(&self) -> String {
        text(self.mermaid)
    }

    /// As a digraph in the language of Graphviz: `dot -Tsvg`. The nodes of await points have their names as ids.
    pub fn to_dot(&self) -> String {
        text(self.dot)
    }
}

/// Shows the Mermaid, which is the more readable text.
impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.mermaid).finish()
    }
}

fn text(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| [*line, "\n"]).collect()
}
