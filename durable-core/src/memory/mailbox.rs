//! The events of one execution: those that wait, and the ids of those that came (E1 to E4).

use crate::store::Millis;
use std::collections::{BTreeMap, HashSet, VecDeque};

/// Ids are kept this long after consumption, so that a client's late retry is recognised (E4).
const ID_KEPT_MS: Millis = 7 * 24 * 60 * 60 * 1000;

#[derive(Default)]
pub(super) struct Mailbox {
    mail: u64,
    waiting: BTreeMap<u64, Event>,
    known: HashSet<String>,
    consumed: VecDeque<(Millis, String)>,
}

struct Event {
    id: String,
    name: String,
    payload: Vec<u8>,
}

impl Mailbox {
    /// Events ever sent (E2).
    pub(super) fn mail(&self) -> u64 {
        self.mail
    }

    pub(super) fn waiting(&self) -> u64 {
        self.waiting.len() as u64
    }

    pub(super) fn knows(&self, id: &str) -> bool {
        self.known.contains(id)
    }

    pub(super) fn insert(&mut self, id: String, name: String, payload: Vec<u8>) {
        self.mail += 1;
        self.known.insert(id.clone());
        self.waiting.insert(self.mail, Event { id, name, payload });
    }

    /// The oldest event of a name: its number and payload.
    pub(super) fn oldest(&self, name: &str) -> Option<(u64, &[u8])> {
        let (seq, event) = self.waiting.iter().find(|(_, event)| event.name == name)?;
        Some((*seq, &event.payload))
    }

    /// Removes a consumed event; its id stays known for a while.
    pub(super) fn consume(&mut self, seq: u64, now: Millis) {
        if let Some(event) = self.waiting.remove(&seq) {
            self.consumed.push_back((now, event.id));
        }
    }

    /// Forgets the ids whose time is over.
    pub(super) fn forget_old_ids(&mut self, now: Millis) {
        while let Some((_, id)) = self.consumed.pop_front_if(|(at, _)| at.saturating_add(ID_KEPT_MS) <= now) {
            self.known.remove(&id);
        }
    }

    /// Drops everything but the count: the execution has ended and refuses events from now on.
    pub(super) fn close(&mut self) {
        *self = Self { mail: self.mail, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consumed_ids_are_known_for_seven_days_and_waiting_ones_for_ever() {
        let mut mailbox = Mailbox::default();
        mailbox.insert("a".into(), "n".into(), vec![]);
        mailbox.insert("b".into(), "n".into(), vec![]);
        mailbox.consume(1, 100);
        mailbox.forget_old_ids(100 + ID_KEPT_MS - 1);
        assert!(mailbox.knows("a"));
        mailbox.forget_old_ids(100 + ID_KEPT_MS);
        assert!(!mailbox.knows("a"));
        assert!(mailbox.knows("b"));
    }
}
