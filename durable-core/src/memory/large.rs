//! Large fields, which stand apart from the snapshots they are fields of (S1).

use super::{execution::Execution, state::State};
use crate::{
    store::{ContentId, FoundFields, LargeField, Row, StoreError},
    stored::contents,
};
use std::collections::HashSet;

impl Execution {
    /// What is there already stays as it is: it is the same.
    pub(super) fn add_large(&mut self, large: Vec<LargeField>) {
        for LargeField { content, bytes } in large {
            self.large.entry(content).or_insert(bytes);
        }
    }

    /// Removes what no snapshot refers to. If one of these cannot be read, all stays.
    pub(super) fn sweep_large(&mut self) {
        if self.large.is_empty() {
            return;
        }
        let frames = self.frames.values().map(|frame| &frame.snapshot);
        let snapshots = frames.chain(self.kept.iter().map(|kept| &kept.snapshot)).chain([&self.input]);
        let referred: Result<Vec<Vec<ContentId>>, _> = snapshots.map(|snapshot| contents(snapshot)).collect();
        if let Ok(referred) = referred {
            let referred: HashSet<ContentId> = referred.into_iter().flatten().collect();
            self.large.retain(|content, _| referred.contains(content));
        }
    }
}

impl State {
    pub(super) fn large_fields(&self, row: Row, contents: &[ContentId]) -> FoundFields {
        let execution = self.executions.get(&row);
        contents.iter().map(|content| execution?.large.get(content).cloned()).collect()
    }

    pub(super) fn check_large(&self, large: &[LargeField]) -> Result<(), StoreError> {
        large.iter().try_for_each(|field| self.check_size(|| "a large field".to_owned(), field.bytes.len()))
    }
}
