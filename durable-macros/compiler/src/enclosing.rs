//! The loops and labelled blocks around a place in untouched code: which jumps stay inside it.

use syn::{Label, Lifetime};

/// What encloses a place, innermost last.
#[derive(Debug, Default)]
pub struct Enclosing {
    /// Label, and whether it is a loop.
    inside: Vec<(Option<String>, bool)>,
}

impl Enclosing {
    /// Enters a loop or a labelled block.
    pub fn enter(&mut self, label: Option<&Label>, is_loop: bool) {
        self.inside.push((label.map(|label| label.name.ident.to_string()), is_loop));
    }

    /// Leaves what was entered last.
    pub fn leave(&mut self) {
        self.inside.pop();
    }

    /// Whether a `break` or `continue` with this label goes to something that was entered.
    pub fn holds(&self, label: Option<&Lifetime>) -> bool {
        self.position(label).is_some()
    }

    /// To which, counted from the outermost.
    pub fn position(&self, label: Option<&Lifetime>) -> Option<usize> {
        let label = label.map(|label| label.ident.to_string());
        self.inside.iter().rposition(|(inner, is_loop)| match &label {
            Some(label) => inner.as_ref() == Some(label),
            None => *is_loop,
        })
    }
}
