//! Forks (F3).

use super::state::State;
use crate::store::{ForkRequest, HistoryKind, StartRequest, Started, StoreError};

impl State {
    pub(super) fn fork(&mut self, request: ForkRequest) -> Result<Started, StoreError> {
        let ForkRequest { from, start, visit, due, event, note, note_of_new } = request;
        if self.find(&from).is_none() {
            return Err(StoreError::UnknownExecution(from));
        }
        let id = start.id.clone();
        let started = self.start(StartRequest { claim_for: None, ..start })?;
        if !matches!(started, Started::New(_)) {
            return Ok(started);
        }
        let row = self.by_id.get(&id);
        if let Some(new) = row.and_then(|row| self.executions.get_mut(row)) {
            if let Some(root) = new.frames.get_mut(&0) {
                (root.visit, root.due, root.event) = (visit, due, event);
            }
            new.remember(self.now, HistoryKind::Forked, note_of_new);
        }
        let row = self.by_id.get(&from);
        if let Some(old) = row.and_then(|row| self.executions.get_mut(row)) {
            old.remember(self.now, HistoryKind::Forked, note);
        }
        Ok(started)
    }
}
