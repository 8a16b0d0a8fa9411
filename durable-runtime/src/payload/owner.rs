//! What a payload belongs to: with encryption, it can be read nowhere else.

use durable_core::store::ContentId;

/// Where a payload stands. What it was encrypted for must be told again when it is decrypted, so nobody who can write to the store
/// can move it unnoticed.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "encryption"), expect(dead_code, reason = "only keys look into it"))]
pub(crate) enum Owner<'a> {
    /// The snapshot of a frame; of a start, it is that of frame 0 at visit 0. Schema row and epoch stand in its header.
    Snapshot { instance: [u8; 16], frame: u64, visit: u64, workflow: &'a str, point: &'a str },
    /// What a workflow returned. The fingerprint of its type stands in its header.
    Output { instance: [u8; 16], workflow: &'a str },
    /// An event. Who sends it knows the execution by its id alone.
    Event { execution: &'a str, name: &'a str },
    /// A large field of an execution's snapshots.
    LargeField { instance: [u8; 16], content: ContentId },
    /// An error in words.
    Text { instance: [u8; 16] },
}

#[cfg(feature = "encryption")]
impl Owner<'_> {
    /// Appends it in a form that is another one for each owner: numbers have one length, and texts tell theirs.
    pub(super) fn write(&self, into: &mut Vec<u8>) {
        let text = |into: &mut Vec<u8>, text: &str| {
            into.extend((text.len() as u64).to_le_bytes());
            into.extend(text.as_bytes());
        };
        match *self {
            Self::Snapshot { instance, frame, visit, workflow, point } => {
                into.push(1);
                into.extend(instance);
                into.extend(frame.to_le_bytes());
                into.extend(visit.to_le_bytes());
                text(into, workflow);
                text(into, point);
            }
            Self::Output { instance, workflow } => {
                into.push(2);
                into.extend(instance);
                text(into, workflow);
            }
            Self::Event { execution, name } => {
                into.push(3);
                text(into, execution);
                text(into, name);
            }
            Self::LargeField { instance, content } => {
                into.push(5);
                into.extend(instance);
                into.extend(content.0);
            }
            Self::Text { instance } => {
                into.push(4);
                into.extend(instance);
            }
        }
    }
}
