//! Large fields of snapshots, which stand apart from them (S1).

use std::{fmt, sync::Arc};

/// The address of a large field by its content, within one execution: a keyed hash that whoever packs snapshots computes. To a
/// store it is 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentId(pub [u8; 32]);

impl fmt::Debug for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A large field of an execution's snapshots. Which of them refer to it, [`stored::contents`](crate::stored::contents) tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LargeField {
    /// Its address.
    pub content: ContentId,
    /// Header and payload.
    pub bytes: Arc<[u8]>,
}

/// Header and payload of each that was asked for, in order; `None` where there is none.
pub type FoundFields = Vec<Option<Arc<[u8]>>>;
