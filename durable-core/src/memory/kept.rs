//! Kept snapshots, and rewinds to them (X3).

use super::{
    execution::{Execution, Frame},
    state::State,
};
use crate::store::{ExecutionId, HistoryKind, Kept, Millis, RewindError, RewindRequest, Status, StoreError};
use std::{collections::BTreeMap, sync::Arc};

impl Execution {
    /// Keeps the snapshot that was just committed, as one of so many, if nothing but the root is open. Whether others had to go for it.
    pub(super) fn keep(&mut self, keeps: u32, at: Millis) -> bool {
        let Some(root) = self.frames.get(&0).filter(|_| keeps > 0 && self.frames.len() == 1) else {
            return false;
        };
        self.kept.push_back(Kept {
            epoch: self.epoch,
            queue: self.queue,
            schema: root.schema,
            visit: root.visit,
            snapshot: Arc::clone(&root.snapshot),
            due: root.due,
            event: root.event.clone(),
            at,
        });
        let too_many = self.kept.len().saturating_sub(keeps as usize);
        self.kept.drain(..too_many);
        too_many > 0
    }
}

impl State {
    pub(super) fn kept(&self, id: &ExecutionId) -> Result<Vec<Kept>, StoreError> {
        let execution = self.find(id).ok_or_else(|| StoreError::UnknownExecution(id.clone()))?;
        Ok(execution.kept.iter().cloned().collect())
    }

    pub(super) fn rewind(&mut self, request: RewindRequest) -> Result<(), RewindError> {
        let RewindRequest { id, epoch, note } = request;
        let row = self.by_id.get(&id).copied();
        let Some((row, execution)) = row.and_then(|row| Some((row, self.executions.get_mut(&row)?))) else {
            return Err(RewindError::UnknownExecution(id));
        };
        match execution.status {
            status if status.is_at_rest() => {}
            status if status.is_terminal() => return Err(RewindError::Ended { id, status }),
            status => return Err(RewindError::Running { id, status }),
        }
        let Some(kept) = execution.kept.iter().find(|kept| kept.epoch == epoch).cloned() else {
            return Err(RewindError::NotKept { id, epoch });
        };
        execution.tell_end();
        // Its end came first. What has not ended is still to be cancelled.
        if execution.status == Status::Failed {
            execution.control = None;
        }
        execution.epoch += 1;
        execution.fence += 1;
        execution.run += 1;
        execution.crashes = 0;
        execution.finished = None;
        execution.output = None;
        execution.set_aside_by = None;
        let root = Frame {
            parent: None,
            visit: kept.visit,
            failed: 0,
            schema: kept.schema,
            snapshot: kept.snapshot,
            due: kept.due,
            event: kept.event,
            waits_since: execution.epoch,
        };
        execution.frames = BTreeMap::from([(0, root)]);
        execution.sweep_large();
        execution.remember(self.now, HistoryKind::Rewound, note);
        self.workers.set_owner(execution, None);
        // Another place in the index.
        self.due.set_wake(execution, None);
        execution.queue = kept.queue;
        self.make_ready(row);
        Ok(())
    }
}
