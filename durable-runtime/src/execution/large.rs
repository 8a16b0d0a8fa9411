//! Which large fields of an execution are in the store, so that one which is there is not written again (S1).

use crate::payload::LargeFields;
use durable_core::store::{Claimed, Commit, ContentId, LargeField};
use std::collections::BTreeMap;

/// What the snapshots of an execution refer to, by frame; those of which nothing stands apart are left out. It may know of less than
/// there is, never of more.
#[derive(Default)]
pub(super) struct Stored(BTreeMap<u64, Vec<ContentId>>);

/// What a commit does about large fields.
pub(super) struct Change {
    new: Vec<LargeField>,
    sweep: bool,
}

impl Stored {
    pub(super) fn of(claimed: &Claimed) -> Self {
        let frames = claimed.frames.iter();
        let frames = frames.map(|frame| (frame.frame, LargeFields::of(&frame.snapshot)));
        Self(frames.filter(|(_, refers)| !refers.is_empty()).collect())
    }

    pub(super) fn has(&self, content: ContentId) -> bool {
        self.0.values().flatten().any(|stored| *stored == content)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A frame's snapshot is replaced with the next commit, by one that refers to these, of which some are new to the store. `None`: there
    /// was and is nothing large.
    pub(super) fn replace(
        &mut self,
        frame: u64,
        refers: Vec<ContentId>,
        new: Vec<LargeField>,
    ) -> Option<Box<Change>> {
        if refers.is_empty() && self.0.is_empty() {
            return None;
        }
        let before = match refers.is_empty() {
            true => self.0.remove(&frame),
            false => self.0.insert(frame, refers),
        };
        let sweep = before.is_some_and(|before| before.iter().any(|content| !self.has(*content)));
        (sweep || !new.is_empty()).then(|| Box::new(Change { new, sweep }))
    }

    /// Frames close with the next commit. Whether one of them referred to anything.
    pub(super) fn close(&mut self, frames: &[u64]) -> bool {
        !self.0.is_empty() && frames.iter().fold(false, |any, frame| self.0.remove(frame).is_some() | any)
    }
}

impl Change {
    pub(super) fn write(&self, commit: &mut Commit) {
        commit.large.extend(self.new.iter().cloned());
        commit.sweep |= self.sweep;
    }
}
